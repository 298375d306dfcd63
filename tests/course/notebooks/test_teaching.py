"""TEACHING.md's times are those of the kept runs, and the sections those of the notebooks."""

import re

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from cvlib.course.chapters import Chapter, chapter, written
from cvlib.course.errors import CourseError
from cvlib.course.notebooks import readme, teaching
from cvlib.course.notebooks.canonical import read
from cvlib.course.notebooks.teaching import TEACHING, Section, keep, kept, sections, table

TEXT = TEACHING.read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_kept_times():
    assert teaching.rendered(TEXT, readme.between) == TEXT, "run `cvlib notebooks times NN`"


def test_a_typed_time_is_seen():
    time = re.search(r"\d+\.\d s", TEXT)[0]
    planted = TEXT.replace(time, "999 s", 1)
    assert teaching.rendered(planted, readme.between) == TEXT != planted


def test_the_rates_are_those_of_the_code():
    assert f"words ({teaching.WORDS_PER_MINUTE} a minute)" in TEXT
    assert f"code lines ({teaching.CODE_LINES_PER_MINUTE} a minute)" in TEXT


@pytest.mark.parametrize("entry", written(), ids=lambda c: c.name)
def test_the_sections_are_those_of_the_notebook(entry):
    titles = [s.title for s in sections(read(entry.notebook))]
    assert [s.title for s in kept(entry)] == titles, f"`cvlib notebooks times {entry.number:02d}`"


def timed(source, seconds):
    return new_code_cell(source, metadata={"seconds": seconds})


def a_notebook(*titles):
    cells = [new_markdown_cell("# 04 · Small\n\n" + "word " * 296), timed("a = 1", 1.5)]
    for title in titles:
        cells += [new_markdown_cell(f"## {title}"), timed("b\n" * 24, 2.25), timed("c", 0.5)]
    return new_notebook(cells=cells)


def test_sections_add_up_seconds_and_reading():
    header, one, two = sections(a_notebook("1 Set-up ◆", "2 Theory"))
    assert (header.title, header.seconds) == ("header", 1.5)
    assert header.reading == pytest.approx(300 / 150 + 1 / 12)
    assert one == Section("1 Set-up ◆", 2.75, pytest.approx(4 / 150 + 25 / 12))
    assert two.title == "2 Theory"


def test_times_are_kept_where_the_sections_changed(tmp_path, monkeypatch):
    entry = chapter(4)
    monkeypatch.setattr(Chapter, "recorded", tmp_path)
    keep(entry.notebook, a_notebook("1 Set-up ◆"))
    assert "| **◆ path** | **2.8 s** | **2 min** |" in table(entry)
    before = teaching.times_file(entry).read_bytes()
    slower = a_notebook("1 Set-up ◆")
    slower.cells[1] = timed("a = 1", 30)
    keep(entry.notebook, slower)
    assert teaching.times_file(entry).read_bytes() == before, "a refresh repeats byte by byte"
    keep(entry.notebook, a_notebook("1 Set-up ◆", "2 Theory"))
    assert [s.title for s in kept(entry)] == ["header", "1 Set-up ◆", "2 Theory"]
    keep(entry.notebook, slower, always=True)
    assert kept(entry)[0].seconds == 30


def test_a_chapter_without_times_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(Chapter, "recorded", tmp_path)
    assert "Not measured yet." in table(chapter(4))
    keep(tmp_path / "other.ipynb", a_notebook())
    assert list(tmp_path.iterdir()) == []


def test_a_page_without_its_marks_is_refused():
    with pytest.raises(CourseError, match="lost the mark"):
        teaching.rendered("no marks here", readme.between)
