"""What may be trusted on sight: the right size, the right first bytes, whole to the last byte."""

import gzip
import io
import json
import pickle
import zipfile

import numpy as np
import pytest
import scipy.io
import torch

from cvlib.course.data import kinds, locate
from cvlib.course.data.registry import DataFile
from cvlib.course.errors import CourseError
from tests.course.data.making import GOOD, ONE, REGISTRY, TWO, jpeg, put, tar

PORTAL = b"\n<!DOCTYPE html><html><title>Sign in</title>" + 2000 * b"." + b"</html>"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


def packed(tmp_path):
    with zipfile.ZipFile(tmp_path / "z", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.off", np.random.RandomState(0).bytes(3000))
    return (tmp_path / "z").read_bytes()


def content(kind, tmp_path):
    x = np.random.RandomState(0).randint(0, 255, (40, 40)).astype(np.uint8)
    file = io.BytesIO()
    if kind == "gzip":
        return gzip.compress(x.tobytes())
    if kind == "tar":
        return tar(tmp_path / "t", {"x": x.tobytes()}).read_bytes()
    if kind == "jpeg":
        return jpeg((9, 9, 9), (64, 64))
    if kind == "json":
        return json.dumps(x.tolist()).encode()
    if kind == "pickle":
        return pickle.dumps(x.tolist())
    if kind == "torch":
        torch.save(torch.as_tensor(x), file)
    elif kind == "mat":
        scipy.io.savemat(file, {"x": x, "y": x[:3]})
    elif kind == "npz":
        np.savez(file, x=x)
    else:
        return packed(tmp_path)
    return file.getvalue()


def entry(kind, least=1, most=10_000_000):
    return DataFile(None, "toy/part", "toy/part.bin", kind=kind, least=least, most=most)


@pytest.mark.parametrize("kind", sorted(kinds.WHOLE))
def test_a_whole_file_is_accepted_and_what_is_not_one_is_not(tmp_path, kind):
    good = content(kind, tmp_path)
    path = tmp_path / "file"
    path.write_bytes(good)
    assert kinds.doubt(path, entry(kind)) == kinds.damage(path, entry(kind)) == ""
    flipped = bytearray(good)
    flipped[-len(good) // 3] ^= 0xFF
    damages = {"half": good[: len(good) // 2], "almost": good[:-1], "flipped": bytes(flipped)}
    if kind in ("mat", "pickle", "json"):
        del damages["flipped"]  # these formats carry no sum of their content
    for bad in damages.values():
        path.write_bytes(bad)
        assert "damaged" in kinds.damage(path, entry(kind))
    for bad, words in ((PORTAL, "a web page"), (b"", "empty"), (POINTER, "Git LFS")):
        path.write_bytes(bad)
        assert words in kinds.doubt(path, entry(kind))
    path.write_bytes(b"something else")
    assert f"does not begin as a {kind} file" in kinds.doubt(path, entry(kind))


def test_the_size_must_be_possible(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(packed(tmp_path))
    assert "perhaps only a part" in kinds.doubt(path, entry("zip", least=1_000_000))
    assert "not between" in kinds.doubt(path, entry("zip", most=1000))


@pytest.fixture
def zipped(shelf):
    """A zip file of which nobody published a checksum, at two mirrors."""
    shelf.register(REGISTRY.replace("CHECKSUM", 'kind = "zip"\nleast = 1_000\nmost = 100_000'))
    return shelf


@pytest.mark.parametrize("bad", [PORTAL, b"", POINTER, "half"])
def test_a_mirror_that_gives_something_else_gives_way_and_leaves_no_trace(zipped, tmp_path, bad):
    good = packed(tmp_path)
    bad = good[: len(good) // 2] if bad == "half" else bad
    zipped.internet |= {ONE: bad, TWO: good}
    assert locate.path("toy/part").read_bytes() == good
    assert not zipped.leftovers()
    assert [p.name for p in (zipped.given / "toy").iterdir()] == ["part.bin"]


@pytest.mark.parametrize("bad", [PORTAL, b"", POINTER, "half"])
def test_a_wrong_file_by_hand_is_never_trusted_and_locks_nothing_out(zipped, tmp_path, bad):
    good = packed(tmp_path)
    put(zipped.given, good[: len(good) // 2] if bad == "half" else bad)
    with pytest.raises(CourseError, match=r"is not toy/part.*set aside"):
        locate.path("toy/part")
    assert not (zipped.given / "SHA256SUMS").exists()
    zipped.internet[ONE] = good
    assert locate.path("toy/part").read_bytes() == good


def test_a_published_part_of_the_sum_is_held_to(shelf):
    part = f'checksum = "sha256:{locate.checksums.hashlib.sha256(GOOD).hexdigest()[:8]}"'
    shelf.register(REGISTRY.replace("CHECKSUM", part))
    shelf.internet[ONE] = GOOD
    assert locate.path("toy/part").read_bytes() == GOOD
    put(shelf.given, b"another file")
    with pytest.raises(CourseError, match="expected"):
        locate.path("toy/part")


def test_the_message_names_the_line_that_keeps_the_right_file_out(zipped, tmp_path):
    good = packed(tmp_path)
    sums = zipped.given / "SHA256SUMS"
    sums.write_text(f"{64 * '0'}  toy/part.bin\n")  # of a copy seen before
    local = put(zipped.given, good)
    with pytest.raises(CourseError) as refused:
        locate.path("toy/part")
    for part in (str(sums), f"{64 * '0'}  toy/part.bin", "delete", str(local)):
        assert part in str(refused.value)
    assert local.read_bytes() == good
    sums.write_text("")
    assert locate.path("toy/part") == local
