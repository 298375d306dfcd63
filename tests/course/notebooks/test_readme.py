"""README tells what the code and the recorded runs say."""

import re
import tomllib
from html import escape

import pytest

from cvlib.course.chapters import CHAPTERS, Chapter, chapter, written
from cvlib.course.editions import ENGLISH, TRANSLATIONS
from cvlib.course.editions import readme as chinese
from cvlib.course.errors import CourseError
from cvlib.course.notebooks import cards, readme
from cvlib.course.notebooks.canonical import read
from cvlib.course.notebooks.verify import PRINTED
from cvlib.course.paths import ROOT

TEXT = readme.README.read_text(encoding="utf-8")
CHINESE_TEXT = chinese.README.read_text(encoding="utf-8")
(CHINESE,) = TRANSLATIONS


def test_the_generated_tables_are_up_to_date():
    assert readme.rendered(TEXT) == TEXT, "run `make notebooks`"


@pytest.mark.parametrize("entry", written(), ids=lambda c: c.name)
def test_the_gallery_shows_the_pictures_of_the_stored_notebooks(entry):
    shown = cards.picture(entry, read(entry.notebook))
    (file,) = entry.recorded.glob("card.*")
    assert file.read_bytes() == shown.content, "run `make notebooks`"
    for text, page in ((TEXT, ENGLISH.file(entry)), (CHINESE_TEXT, in_chinese(entry))):
        (cell,) = [line for line in text.splitlines() if file.relative_to(ROOT).as_posix() in line]
        assert f'alt="{escape(shown.alt)}"' in cell
        assert f'<a href="{page}">' in cell


def in_chinese(entry):
    return (CHINESE if CHINESE.has(entry) else ENGLISH).file(entry)


def test_a_changed_picture_is_written_anew_and_one_of_another_kind_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(cards, "written", lambda: [chapter(4)])
    monkeypatch.setattr(Chapter, "recorded", property(lambda self: tmp_path / self.name))
    (tmp_path / chapter(4).name).mkdir()
    (tmp_path / chapter(4).name / "card.webp").write_bytes(b"old")
    cards.refresh()
    (file,) = (tmp_path / chapter(4).name).iterdir()
    before = file.stat().st_mtime_ns
    cards.refresh()
    assert file.stat().st_mtime_ns == before
    file.write_bytes(b"spoilt")
    cards.refresh()
    assert file.read_bytes() == cards.picture(chapter(4), read(chapter(4).notebook)).content


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
    "a picture's alt text": ("Sixteen globes", "Sixteen cats"),
    "a picture's page": ("notebooks/01_spherical_cnns.ipynb", "notebooks/02.ipynb"),
    "a chapter's state": ("| done |", "| planned |"),
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_a_drift_of_a_generated_part_is_seen(drift):
    old, new = DRIFTS[drift]
    assert old in TEXT
    planted = TEXT.replace(old, new, 1)
    assert readme.rendered(planted) == TEXT != planted


def test_another_number_is_seen():
    assert set(re.findall(r"\d+", prose("It takes 999 s."))) - SOURCES.keys() == {"999"}


def test_every_chapter_has_its_row_and_state():
    for entry in CHAPTERS:
        row = next(x for x in TEXT.splitlines() if x.startswith(f"| {entry.number:02d} |"))
        assert entry.title in row
        assert ("| done |" in row) == entry.done
        assert ("colab.research.google.com" in row) == entry.done


def test_local_links_and_pictures_exist():
    for pair in re.findall(r"""\]\(([^)#]+)\)|(?:src|href)="([^"]+)""", TEXT + CHINESE_TEXT):
        target = "".join(pair)
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target


def test_a_readme_without_its_marks_is_refused():
    with pytest.raises(CourseError, match="lost the mark"):
        readme.rendered("no marks here")
