import gzip
import io
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from cvlib.course.data import formats
from cvlib.course.errors import CourseError
from tests.course.data.making import jpeg, tar


def test_idx_round_trip_and_refusals(tmp_path):
    x = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    content = b"\0\0\x08\x03" + np.array(x.shape, ">i4").tobytes() + x.tobytes()
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(content))
    assert np.array_equal(formats.read_idx(path), x)
    damaged = (
        gzip.compress(content[:-1]),
        gzip.compress(b"\0\0\x0d" + content[3:]),
        gzip.compress(b""),
        gzip.compress(content)[:-9],
        b"<html>",
    )
    for wrong in damaged:
        path.write_bytes(wrong)
        with pytest.raises(CourseError, match="fetch it again"):
            formats.read_idx(path)


def test_cifar_binary_is_label_then_three_planes(tmp_path):
    def batch(label):
        planes = [np.full(1024, label * 10 + c, np.uint8).tobytes() for c in range(3)]
        return bytes([label]) + b"".join(planes)

    files = {f"cifar-10-batches-bin/data_batch_{i}.bin": batch(i) for i in range(1, 6)}
    files["cifar-10-batches-bin/test_batch.bin"] = batch(9)
    x, y, tx, ty = formats.read_cifar(tar(tmp_path / "c.tar.gz", files))
    assert (x.shape, tx.shape) == ((5, 3, 32, 32), (1, 3, 32, 32))
    assert y.tolist() == [1, 2, 3, 4, 5]
    assert ty.tolist() == [9]
    assert x[:, :, 0, 0].tolist() == [[10 * i, 10 * i + 1, 10 * i + 2] for i in range(1, 6)]
    with pytest.raises(CourseError, match="not CIFAR-10's binary version"):
        formats.read_cifar(tar(tmp_path / "d.tar.gz", {"data_batch_1.bin": batch(1)}))


@pytest.mark.parametrize("name", ["../up.off", "/abs.off", "a/../../up.off", "..\\up.off", "C:\\x"])
def test_names_that_lead_out_of_a_folder_are_refused(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(name, b"x")
    for archive in (tmp_path / "a.zip", tar(tmp_path / "a.tgz", {name: b"x"})):
        with pytest.raises(CourseError, match="unsafe name"):
            list(formats.members(archive, ".off"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tgz", "a.zip"]


def test_members_reads_the_regular_files_with_the_suffix(tmp_path):
    path = tmp_path / "a.tgz"
    with tarfile.open(path, "w:gz") as archive:
        link = tarfile.TarInfo("link.off")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        for name in ("a/b.off", "a/c.txt"):
            info = tarfile.TarInfo(name)
            info.size = 1
            archive.addfile(info, io.BytesIO(b"x"))
    assert list(formats.members(path, ".off")) == [("a/b.off", b"x")]
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(CourseError, match="cannot be read"):
        list(formats.members(path, ".off"))


def test_decode_makes_rgb_and_crops_around_the_centre():
    x = formats.decode([jpeg((200, 30, 60)), jpeg(90, mode="L")])
    assert x.shape == (2, 3, 8, 8)
    assert np.abs(x[0, :, 4, 4].astype(int) - (200, 30, 60)).max() <= 3
    assert (x[1, 0] == x[1, 1]).all()
    wide = np.zeros((20, 60, 3), np.uint8)
    wide[:, 20:40] = 255
    file = io.BytesIO()
    Image.fromarray(wide).save(file, "PNG")
    assert (formats.decode([file.getvalue()], 10)[..., 1:-1] == 255).all()
    with pytest.raises(CourseError, match="give a size"):
        formats.decode([jpeg(0, (8, 8)), jpeg(0, (9, 8))])
    with pytest.raises(CourseError, match="cannot be decoded"):
        formats.decode([b"not an image"])


def test_jpeg_bundle_has_the_documented_keys_and_round_trips(tmp_path):
    x = np.stack([np.full((3, 8, 8), 40 * i, np.uint8) for i in range(5)])
    path = formats.write_jpegs(tmp_path / "b.npz", x, np.arange(5), 75)
    with np.load(path, allow_pickle=False) as z:
        assert sorted(z.files) == ["jpeg", "label", "offset"]
        assert (z["jpeg"].dtype, z["label"].dtype, z["offset"].dtype) == ("u1", "u1", "i8")
        jpeg, offset = z["jpeg"], z["offset"]
    first = Image.open(io.BytesIO(jpeg[offset[0] : offset[1]].tobytes()))
    assert first.size == (8, 8)
    files, label, names = formats.read_jpegs(path)
    assert np.abs(formats.decode(files).astype(int) - x).max() <= 2
    assert label.tolist() == [0, 1, 2, 3, 4]
    assert names == ()


def test_damaged_bundles_and_pickles_are_refused(tmp_path):
    path = tmp_path / "b.npz"
    one = np.frombuffer(b"abc", np.uint8)
    damaged = ([0, 2], [1]), ([0, 3], [1, 2]), ([0, 3, 3], [1, 2]), ([3, 0, 3], [1, 2])
    for offset, label in damaged:
        np.savez(path, jpeg=one, offset=offset, label=label)
        with pytest.raises(CourseError, match="damaged"):
            formats.read_jpegs(path)
    np.savez(path, jpeg=one, offset=[0, 3], label=np.array([{}], object))
    with pytest.raises(CourseError, match="not a bundle"):
        formats.read_jpegs(path)


@pytest.mark.parametrize("header", [bytes([64]) + 64 * b"\0\0\0\1", bytes([0]), bytes([2, 255])])
def test_a_wrong_idx_header_is_one_sentence(tmp_path, header):
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(b"\0\0\x08" + header + b"x"))
    with pytest.raises(CourseError, match="not an IDX file of bytes"):
        formats.read_idx(path)


def test_what_systems_add_to_archives_is_left_out(tmp_path):
    names = ["a/b.off", "__MACOSX/a/._b.off", "a/._b.off", "a/.DS_Store", "a/__MACOSX/c.off"]
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in names:
            archive.writestr(name, b"\x00\x05\x16\x07")
    for made in (tmp_path / "a.zip", tar(tmp_path / "a.tgz", dict.fromkeys(names, b"x"))):
        assert [name for name, _ in formats.members(made, ".off")] == ["a/b.off"]
        assert list(formats.members(made, ".DS_Store")) == []


def test_a_member_beyond_all_reason_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(formats, "LARGEST_MEMBER", 1000)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.off", bytes(2000))
    for made in (tmp_path / "a.zip", tar(tmp_path / "a.tgz", {"bomb.off": bytes(2000)})):
        with pytest.raises(CourseError, match=r"bomb\.off"):
            list(formats.members(made, ".off"))


def test_a_locked_archive_is_one_sentence(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("b.off", b"x")
    content = bytearray(path.read_bytes())
    content[6] |= 1  # says that the member is encrypted
    content[content.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(CourseError, match="cannot be unpacked here"):
        list(formats.members(path, ".off"))


@pytest.mark.parametrize("limit", [50, 120])  # twice the limit is PIL's error, once its warning
def test_a_picture_of_too_many_pixels_is_one_sentence(monkeypatch, limit):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    with pytest.raises(CourseError, match="cannot be decoded"):
        formats.decode([jpeg((1, 2, 3), size=(13, 13))])


@pytest.mark.parametrize("offset", [[], [0], [0.0, 3.0], [[0, 3]], ["0", "3"]])
def test_bundles_with_other_offsets_are_refused(tmp_path, offset):
    path = tmp_path / "b.npz"
    label = np.zeros(max(len(offset) - 1, 0), np.uint8)
    np.savez(path, jpeg=np.frombuffer(b"abc", np.uint8), offset=np.array(offset), label=label)
    with pytest.raises(CourseError, match=r"damaged|not a bundle"):
        formats.read_jpegs(path)
