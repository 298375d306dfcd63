"""README tells what the code and the recorded runs say."""

import re

import pytest

from cvlib.course.chapters import CHAPTERS
from cvlib.course.errors import CourseError
from cvlib.course.notebooks import readme
from cvlib.course.paths import ROOT

TEXT = readme.README.read_text(encoding="utf-8")


def test_the_generated_tables_are_up_to_date():
    assert readme.rendered(TEXT) == TEXT, "run `make notebooks`"


def test_every_chapter_has_its_row_and_state():
    for entry in CHAPTERS:
        row = next(x for x in TEXT.splitlines() if x.startswith(f"| {entry.number:02d} |"))
        assert entry.title in row
        assert ("| done |" in row) == entry.done
        assert ("colab.research.google.com" in row) == entry.done


def test_local_links_and_pictures_exist():
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target


def test_a_readme_without_its_marks_is_refused():
    with pytest.raises(CourseError, match="lost the marks"):
        readme.rendered("no marks here")
