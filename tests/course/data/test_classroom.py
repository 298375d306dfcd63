import subprocess

import numpy as np
import pytest

from cvlib.course import data, paths
from cvlib.course.data import checksums
from cvlib.course.errors import CourseError, DataMissing
from tests.course.data.making import BAD, GOOD, ONE, cifar, cifar_copy, put


def test_listing_checks_nothing_and_says_where(toy):
    assert [(r.name, r.present, r.bytes, r.licence, r.chapters) for r in data.listing()] == [
        ("toy/part", False, len(GOOD), "CC0", ("04 workshop",))
    ]
    put(toy.cache, BAD)
    assert data.listing()[0].present
    assert data.listing()[0].note == str(toy.cache)
    assert not toy.asked


def test_fetch_brings_what_the_profile_needs_and_nothing_else(toy):
    assert data.fetch("04", "smoke") == []
    toy.internet[ONE] = GOOD
    (row,) = data.fetch(4, "workshop")
    assert (row.name, row.present) == ("toy/part", True)
    data.fetch(4, "workshop")
    assert toy.asked == [ONE]
    with pytest.raises(CourseError, match="profile"):
        data.fetch("04", "huge")
    with pytest.raises(CourseError, match="no chapter"):
        data.fetch("11", "smoke")


def test_fetch_falls_back_to_a_copy_that_is_here_and_says_so(course):
    with pytest.raises(DataMissing):
        data.fetch("04", "workshop")
    cifar_copy(course.given)
    rows = data.fetch("04", "workshop")
    assert [r.name for r in rows] == ["cifar10-jpeg/train", "cifar10-jpeg/test"]
    assert all("stands in for cifar10" in r.note for r in rows)


def test_full_of_chapter_04_demands_what_it_uses(course):
    with pytest.raises(DataMissing, match="cifar10/binary"):
        data.fetch("04", "full")
    cifar(course.given)
    with pytest.raises(DataMissing, match="tinyimagenet/archive"):
        data.fetch("04", "full")
    for part in ("train", "val"):
        np.savez(course.given / f"tinyimagenet20_{part}.npz", x=np.zeros(1))
    asked = len(course.asked)
    names = [row.name for row in data.fetch("04", "full")]
    assert names == ["cifar10/binary", "tinyimagenet20/train", "tinyimagenet20/val"]
    assert len(course.asked) == asked  # what holds the same bytes is here: nothing is downloaded


@pytest.mark.parametrize("what", ["toy/part", "toy", "04", 4, None])
def test_verify_reads_the_files_again(toy, what):
    (row,) = data.verify(what)
    assert (row.present, row.wrong, str(row)) == (False, False, "toy/part: not here")
    put(toy.given)
    assert data.verify(what)[0].note.startswith("right")
    put(toy.given, BAD)
    (row,) = data.verify(what)
    assert (row.present, row.wrong) == (False, True)
    assert "expected" in row.note


def test_verify_refuses_what_it_does_not_know(toy):
    with pytest.raises(CourseError, match="no data set, file or chapter"):
        data.verify("nothing")


def test_a_bundle_of_files_is_a_copy_with_sha256sums(toy, tmp_path, monkeypatch):
    put(toy.given)
    out = tmp_path / "bundle"
    assert data.bundle("04", "workshop", out) == [out / "toy/part.bin", out / "SHA256SUMS"]
    checked = subprocess.run(
        ["sha256sum", "-c", "SHA256SUMS"], cwd=out, capture_output=True, text=True, check=True
    )
    assert checked.stdout == "toy/part.bin: OK\n"
    monkeypatch.setenv("CVLIB_DATA", str(out))
    monkeypatch.setenv("CVLIB_OFFLINE", "1")
    assert data.path("toy/part").read_bytes() == GOOD


def test_a_lossy_bundle_is_labelled_as_such_wherever_it_is_read(
    course,
    tmp_path,
    monkeypatch,
):
    cifar(course.given)
    full = data.images("cifar10")
    out = tmp_path / "bundle"
    packed = data.bundle("04", "workshop", out, quality=75)
    names = ["cifar10_train_jpegq75.npz", "cifar10_test_jpegq75.npz", "SHA256SUMS"]
    assert [p.name for p in packed] == names
    monkeypatch.setenv("CVLIB_DATA", str(out))
    monkeypatch.setenv("CVLIB_OFFLINE", "1")
    copy = data.images("cifar10")
    assert (copy.label, copy.lossy) == ("CIFAR-10 (JPEG q75 copy)", True)
    assert copy.train_x.shape == full.train_x.shape
    assert copy.train_y.tolist() == full.train_y.tolist()
    error = (copy.train_x.float() - full.train_x.float()).abs().mean()
    assert 0 < error < 64  # the toy images are noise, the worst case for JPEG
    again = data.bundle("04", "workshop", tmp_path / "again", quality=75)  # packed as it is
    assert checksums.listed(again[-1].parent) == checksums.listed(out)


def test_a_damaged_bundle_is_refused(course, tmp_path, monkeypatch):
    cifar(course.given)
    packed = data.bundle("04", "workshop", tmp_path / "b", quality=75)
    packed[0].write_bytes(packed[0].read_bytes()[:-1])
    monkeypatch.setenv("CVLIB_DATA", str(tmp_path / "b"))
    with pytest.raises(CourseError, match=r"cifar10_train_jpegq75.npz.*expected"):
        data.images("cifar10")


def test_bundle_refuses_other_qualities_and_chapters_that_need_nothing(
    course,
    tmp_path,
):
    cifar(course.given)
    with pytest.raises(CourseError, match="at quality 75 only"):
        data.bundle("04", "workshop", tmp_path / "b", quality=50)
    with pytest.raises(CourseError, match="nothing to pack"):
        data.bundle("04", "smoke", tmp_path / "b")
    (paths.SAMPLES / "mnist5k.npz").write_bytes(b"")
    with pytest.raises(CourseError, match="nothing to pack"):
        data.bundle("01", "smoke", tmp_path / "b")
