import errno
import hashlib
import os

import pytest

from cvlib.course.data import checksums, locate
from cvlib.course.errors import CourseError, DataMissing
from tests.course.data.making import BAD, GOOD, ONE, SHA, TWO, put


def test_folders_are_searched_in_order_and_the_network_comes_last(toy):
    toy.internet[ONE] = GOOD
    assert locate.path("toy/part") == toy.given / "toy" / "part.bin"
    assert toy.asked == [ONE]
    (toy.given / "toy" / "part.bin").unlink()
    for folder in (toy.cache, toy.given, toy.samples):
        put(folder)
        assert locate.path("toy/part") == folder / "toy" / "part.bin"
    assert toy.asked == [ONE]


def test_downloads_go_to_the_user_cache_without_cvlib_data_or_where_it_is_read_only(
    toy, monkeypatch
):
    toy.internet[ONE] = GOOD
    toy.given.chmod(0o555)
    assert locate.path("toy/part") == toy.cache / "toy" / "part.bin"
    (toy.cache / "toy" / "part.bin").unlink()
    monkeypatch.delenv("CVLIB_DATA")
    assert locate.path("toy/part") == toy.cache / "toy" / "part.bin"


def test_a_dead_or_lying_mirror_gives_way_to_the_next(toy):
    toy.internet |= {ONE: locate.MirrorFailed("503"), TWO: GOOD}
    assert locate.path("toy/part").read_bytes() == GOOD
    locate.path("toy/part").unlink()
    toy.internet[ONE] = BAD
    assert locate.path("toy/part").read_bytes() == GOOD
    assert toy.asked == [ONE, TWO] * 2
    aside = list((toy.given / "toy").glob("part.bin.wrong-*"))
    assert [a.read_bytes() for a in aside] == [BAD]
    assert not toy.leftovers()


def test_a_wrong_file_is_refused_by_name_and_set_aside_not_deleted(toy):
    bad = put(toy.given, BAD)
    with pytest.raises(CourseError) as refused:
        locate.path("toy/part")
    got = hashlib.sha256(BAD).hexdigest()
    for part in (str(bad), "toy/part", SHA, got, "set aside", "run this again"):
        assert part in str(refused.value)
    assert not bad.exists()
    assert bad.with_name(f"part.bin.wrong-{got[:8]}").read_bytes() == BAD
    toy.internet[ONE] = GOOD
    assert locate.path("toy/part").read_bytes() == GOOD


def test_a_wrong_file_in_a_read_only_folder_is_refused_and_left(toy):
    bad = put(toy.given, BAD)
    bad.parent.chmod(0o555)
    with pytest.raises(CourseError, match="refused, and left where it is"):
        locate.path("toy/part")
    assert bad.read_bytes() == BAD


def test_offline_error_names_file_mirrors_and_the_way_by_hand(toy, monkeypatch):
    monkeypatch.setenv("CVLIB_OFFLINE", "1")
    toy.internet[ONE] = GOOD
    with pytest.raises(DataMissing) as missing:
        locate.path("toy/part")
    where = str(toy.given / "toy" / "part.bin")
    for part in ("toy/part", ONE, TWO, "CVLIB_OFFLINE", where, "CVLIB_DATA", "cvlib data bundle"):
        assert part in str(missing.value)
    assert not toy.asked


def test_no_mirror_answers(toy):
    toy.internet[ONE] = locate.MirrorFailed("timed out")
    with pytest.raises(DataMissing, match=r"timed out.*404 Not Found.*By hand"):
        locate.path("toy/part")
    assert not toy.leftovers()


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "disk is full"), (errno.EACCES, "may not be written"), (errno.EROFS, "read-")],
)
def test_a_disk_that_cannot_take_the_file_is_one_sentence_and_leaves_nothing(toy, number, words):
    toy.internet[ONE] = OSError(number, os.strerror(number))
    with pytest.raises(CourseError, match=words) as failed:
        locate.path("toy/part")
    assert "CVLIB_DATA" in str(failed.value)
    assert toy.asked == [ONE]  # the next mirror would not help
    assert not [p for p in toy.given.rglob("*") if p.is_file()]


def test_a_download_that_is_cut_off_leaves_nothing(toy):
    toy.internet[ONE] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        locate.path("toy/part")
    assert not [p for p in toy.given.rglob("*") if p.is_file()]


def test_a_right_file_is_read_once_until_it_changes(toy, monkeypatch):
    local = put(toy.given)
    digests = []
    digest = checksums.digest
    monkeypatch.setattr(checksums, "digest", lambda *a: digests.append(a) or digest(*a))
    for _ in range(3):
        locate.path("toy/part")
    assert len(digests) == 1
    local.write_bytes(BAD)
    with pytest.raises(CourseError, match="expected"):
        locate.path("toy/part")


def test_without_a_published_checksum_the_first_copy_is_trusted_and_held_to(unconfirmed, capsys):
    unconfirmed.internet[ONE] = GOOD
    local = locate.path("toy/part")
    assert "trusting this copy" in capsys.readouterr().out
    assert (unconfirmed.given / "SHA256SUMS").read_text() == f"{SHA}  toy/part.bin\n"
    locate.path("toy/part")
    assert capsys.readouterr().out == ""
    local.write_bytes(BAD)
    with pytest.raises(CourseError, match="SHA256SUMS"):
        locate.path("toy/part")


def test_a_download_is_held_to_the_sha256_that_was_trusted_before(unconfirmed):
    unconfirmed.internet |= {ONE: GOOD}
    locate.path("toy/part").unlink()
    unconfirmed.internet |= {ONE: BAD, TWO: GOOD}
    assert locate.path("toy/part").read_bytes() == GOOD


def test_unconfirmed_in_a_read_only_folder_says_that_it_is_unverified(unconfirmed, capsys):
    put(unconfirmed.given)
    unconfirmed.given.chmod(0o555)
    locate.path("toy/part")
    assert "unverified" in capsys.readouterr().out
    assert not (unconfirmed.given / "SHA256SUMS").exists()


def test_unknown_names_are_refused(toy):
    with pytest.raises(CourseError, match="there is no data file 'toy/other'"):
        locate.path("toy/other")
