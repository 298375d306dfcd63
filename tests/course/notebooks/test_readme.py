"""README tells what the code and the recorded runs say."""

import io
import re
import tomllib

import pytest
from PIL import Image

from cvlib.course.chapters import CHAPTERS
from cvlib.course.errors import CourseError
from cvlib.course.notebooks import readme
from cvlib.course.notebooks.likeness import difference
from cvlib.course.notebooks.verify import PRINTED
from cvlib.course.paths import ROOT

TEXT = readme.README.read_text(encoding="utf-8")


def test_the_generated_tables_are_up_to_date():
    assert readme.rendered(TEXT) == TEXT, "run `make notebooks`"


def test_the_hero_is_the_picture_of_the_stored_notebook():
    content, alt, caption = readme.hero()
    assert difference(readme.hero_file().read_bytes(), content) == "", "run `make notebooks`"
    assert f"![{alt}](" in TEXT
    assert caption.removeprefix("Figure. ") in TEXT


# Every number of the README's own prose, and who says so.
SOURCES = {
    "2018": "the title",
    "3.11": tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"],
    "60": "TEACHING.md",
    "2.0": "LICENSE",
    "4.0": "notebooks are CC BY 4.0",
}


def prose(text):
    """Without generated parts, code, addresses and links."""
    text = re.sub(r"<!-- (\w+): .*?<!-- \1 end -->", "", text, flags=re.DOTALL)
    return re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)|\(https?:[^)]*\)", "", text, flags=re.DOTALL)


def test_no_number_of_the_prose_is_without_a_source():
    found = set(re.findall(r"(?<![A-Z\d])\d+(?:[.,]\d+)*", prose(TEXT)))
    assert found <= SOURCES.keys(), found - SOURCES.keys()
    assert SOURCES["3.11"] == ">=3.11"
    teaching = (ROOT / "notebooks" / "TEACHING.md").read_text(encoding="utf-8")
    assert "**60 minutes**" in teaching
    assert "Apache License" in (ROOT / "LICENSE").read_text()


def test_what_is_promised_of_the_outputs_is_what_the_tests_demand():
    assert f"Every figure and at least {PRINTED} % of the printed text" in TEXT
    assert not re.search(r"every output|all outputs", TEXT, re.IGNORECASE)


DRIFTS = {
    "a verdict": ("| no record yet |", "| contradicted |"),
    "a sentence on what is compared": ("at least 95 %", "at least 99 %"),
    "the hero's alt text": (readme.hero()[1][:20], "A cat and"),
    "the hero's caption": ("a plumbing check, not evidence", "evidence"),
    "a chapter's state": ("| done |", "| planned |"),
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_a_drift_of_a_generated_part_is_seen(drift):
    old, new = DRIFTS[drift]
    assert old in TEXT
    planted = TEXT.replace(old, new, 1)
    assert readme.rendered(planted) == TEXT != planted


def test_another_number_or_hero_is_seen():
    assert set(re.findall(r"\d+", prose("It takes 999 s."))) - SOURCES.keys() == {"999"}
    content, *_ = readme.hero()
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    flipped = io.BytesIO()
    picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(flipped, "PNG")
    assert difference(flipped.getvalue(), content)


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
    with pytest.raises(CourseError, match="lost the mark"):
        readme.rendered("no marks here")
