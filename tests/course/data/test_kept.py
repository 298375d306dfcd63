"""What was slow to make of data files is kept, and made again when anything about them changes."""

import os

import numpy as np
import pytest

from cvlib.course import data
from cvlib.course.data import checksums
from cvlib.course.errors import CourseError, DataMissing, OutOfBudget
from tests.course.data.making import GOOD, ONE, put


@pytest.fixture
def made():
    """A builder that counts its calls."""

    def build():
        build.calls += 1
        return {"x": np.arange(3) + build.calls}

    build.calls = 0
    return build


def test_made_once_and_again_for_another_source_name_or_damage(toy, made):
    local = put(toy.given)
    for _ in range(2):
        assert data.kept("thing", ["toy/part"], made)["x"].tolist() == [1, 2, 3]
    data.kept("other", ["toy/part"], made)
    assert made.calls == 2
    os.utime(local, (1, 1))  # another version of the source
    data.kept("thing", ["toy/part"], made)
    assert made.calls == 3
    for file in (toy.cache / "decoded").iterdir():
        file.write_bytes(file.read_bytes()[:50])
    data.kept("thing", ["toy/part"], made)
    assert made.calls == 4


def test_a_read_only_data_folder_is_no_hindrance(toy, made):
    put(toy.given)
    toy.given.chmod(0o555)
    for _ in range(2):
        data.kept("thing", ["toy/part"], made)
    assert made.calls == 1
    assert list((toy.cache / "decoded").glob("thing-*.npz"))


def test_a_missing_source_is_missing(toy, made):
    with pytest.raises(DataMissing):
        data.kept("thing", ["toy/part"], made)
    assert made.calls == 0


@pytest.mark.parametrize("failure", [CourseError("no OFF"), UnicodeDecodeError("u", b"", 0, 1, "")])
def test_an_unreadable_copy_trusted_on_sight_is_set_aside_with_its_line(unconfirmed, failure):
    local = put(unconfirmed.given, b"a sign-in page")

    def build():
        raise failure

    with pytest.raises(CourseError, match=r"thing cannot be made of toy/part.*dropped: run this"):
        data.kept("thing", ["toy/part"], build)
    assert checksums.listed(unconfirmed.given) == {}
    assert not local.exists()
    unconfirmed.internet[ONE] = GOOD
    assert data.path("toy/part").read_bytes() == GOOD


def test_a_file_with_a_published_sum_is_left_where_it_is(toy):
    local = put(toy.given)

    def build():
        raise IndexError("our mistake")

    with pytest.raises(CourseError, match="IndexError: our mistake"):
        data.kept("thing", ["toy/part"], build)
    assert local.read_bytes() == GOOD


def test_a_budget_that_ends_says_nothing_about_the_file(unconfirmed):
    local = put(unconfirmed.given)

    def build():
        raise OutOfBudget("time is over")

    with pytest.raises(OutOfBudget):
        data.kept("thing", ["toy/part"], build)
    assert local.exists()
