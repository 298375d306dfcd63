"""The site: what its pages show, that they ask no network, that nothing of a chapter is lost."""

import base64
import html
import json
import re

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from cvlib.course import site
from cvlib.course.chapters import CHAPTERS, Chapter, chapter, written
from cvlib.course.editions import ENGLISH, TRANSLATIONS, Edition
from cvlib.course.errors import CourseError
from cvlib.course.notebooks import cards
from cvlib.course.notebooks.canonical import read
from cvlib.course.notebooks.coursebuild import ran_here
from cvlib.course.notebooks.pool import Outcome
from cvlib.course.page.exercises import source_of
from cvlib.course.run import record
from cvlib.course.site import landing, layout, pages
from tests.course.notebooks.making import notebook, write

PNG = base64.b64encode(
    base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )
).decode()


ALT = "Bars & <b>."


def figure(alt, caption):
    shown = {"image/png": PNG, "text/plain": alt}
    return [
        new_output("display_data", shown, metadata={"image/png": {"alt": alt}}),
        new_output(
            "display_data", {"text/markdown": f"*Figure. {caption}*", "text/plain": caption}
        ),
    ]


def a_chapter():
    """A small notebook of chapter 04 as papermill left it."""
    nb = notebook()
    nb.cells[0].source += "\n\n| | |\n|---|---|\n| **Claim** | small batches hurt |"
    nb.cells += [
        new_code_cell("OUT = '/home/ann'", metadata={"tags": ["injected-parameters"]}),
        new_markdown_cell("## 10 Scoreboard ◆\n\n$$a = b \\tag{1}$$\n\nSee [times](TEACHING.md), "
                          "[the code](../cvlib/README.md) and $x$."),
        new_code_cell("show(fig, alt='x', caption='y')", outputs=[
            *figure(ALT, "It falls."), new_output("stream", name="stdout", text="holds: it falls"),
            *figure("Dots.", "It is low.")]),
        new_markdown_cell("<details><summary>One</summary>1</details>\n"
                          "<details><summary>Two</summary>2</details>"),
        *(new_code_cell(f'check("{id}", answer)', outputs=[
            new_output("stream", name="stdout", text=f"○ {id} not attempted")])
          for id in chapter(4).module("exercises").EXERCISES),
    ]  # fmt: skip
    return nb


def a_translation():
    """The same chapter in Chinese: other prose, a caption, a task, and outputs of long ago."""
    cells = []
    for cell in a_chapter().cells:
        if cell.source.startswith("## 10"):
            cell.source = (
                "## 10 记分板 ◆\n\n批归一化，见[表](GLOSSARY.md)和[时间](../TEACHING.md)。"
            )
        cells.append(cell)
        if cell.source.startswith("show("):
            cell.outputs = []
            cells.append(new_markdown_cell("*图：它下降。*\n\n*图：它低。*"))
    kept = [c for c in cells if "injected-parameters" not in c.metadata.get("tags", [])]
    return new_notebook(cells=kept)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    pytest.importorskip("myst_nb")
    folder = tmp_path_factory.mktemp("site")
    path = write(folder, a_chapter(), "04_executed.ipynb")
    write(folder / "zh", a_translation(), chapter(4).notebook.name)
    with pytest.MonkeyPatch.context() as patch:
        stored = Edition.notebook
        patch.setattr(
            Edition,
            "notebook",
            lambda edition, entry: (
                folder / "zh" / entry.notebook.name if edition.folder else stored(edition, entry)
            ),
        )
        site.build(folder / "out", {chapter(4): path}, "Executed **here**.")
    return folder / "out"


def page(built):
    return (built / "notebooks" / f"{chapter(4).name}.html").read_text()


def test_the_front_page_has_a_card_with_picture_claim_and_verdicts(built):
    front = (built / "index.html").read_text()
    assert "small batches hurt" in front
    assert 'alt="Bars &amp; &lt;b&gt;."' in front
    assert "<strong>here</strong>" in front
    assert len(re.findall(r'<p class="verdict" data-verdict="[^"]+">', front)) == 2
    for planned in CHAPTERS:
        assert planned.title in html.unescape(front)


def test_a_figure_has_its_alt_text_caption_number_and_place(built):
    picture, second = re.findall(r"<img [^>]*_images[^>]*>", page(built))
    assert 'alt="Bars &amp; &lt;b&gt;."' in picture
    assert 'loading="lazy" width="1" height="1"' in picture
    assert "<strong>Figure 4.1.</strong> It falls." in page(built)
    assert 'alt="Dots."' in second
    assert "<strong>Figure 4.2.</strong> It is low." in page(built)


def test_all_that_a_cell_shows_is_on_the_page(built):
    first, second = (page(built).index(f"Figure 4.{n}.") for n in (1, 2))
    assert first < page(built).index("holds: it falls") < second
    assert "its code is not shown" not in page(built)


def test_hints_and_solution_are_folded_below_their_exercise(built):
    text = page(built)
    folds = re.findall(r"<summary>([^<]*)</summary>", text)
    assert folds[-3:] == ["A hint", "Another hint", "A solution"]
    assert {"One", "Two"} <= set(folds)
    first = next(iter(chapter(4).module("exercises").EXERCISES.values()))
    shown = html.unescape(re.sub(r"<[^>]*>", "", text))
    assert source_of(first.solution).splitlines()[0] in shown
    index = (built / "exercises.html").read_text()
    assert f'href="notebooks/{chapter(4).name}.html#exercise-04-1"' in index


def test_code_that_is_not_the_lesson_is_folded(built):
    assert page(built).count("Show the code") == 3, "set-up, parameters and a drawing"


def test_buttons_stand_for_the_badge_and_the_download_is_there(built):
    assert "colab-badge" not in page(built)
    assert "Run on Colab" in page(built)
    assert (built / "download" / chapter(4).notebook.name).read_bytes() == (
        chapter(4).notebook.read_bytes()
    )


def test_nothing_of_the_machine_that_ran_it_is_shown(built):
    assert "/home/ann" not in page(built)


def test_links_lead_to_pages_or_to_the_repository(built):
    assert 'href="TEACHING.html"' in page(built)
    assert "/blob/main/cvlib/README.md" in page(built)


def test_a_chapter_in_chinese_has_the_english_code_and_outputs_in_its_own_frame(built):
    text = (built / "zh" / "notebooks" / f"{chapter(4).name}.html").read_text()
    assert 'lang="zh-CN"' in text
    assert "<strong>图 4.1</strong> 它下降。" in text, "the caption stands in its figure"
    assert "It falls." not in text
    assert "04.1 not attempted" in text, "the outputs of the English notebook"
    assert "在 Colab 中运行" in text
    assert f"/blob/main/notebooks/zh/{chapter(4).notebook.name}" in text
    assert text.count("<summary>参考答案</summary>") == len(
        chapter(4).module("exercises").EXERCISES
    )
    assert "A hint" not in text


def test_the_languages_lead_to_one_another(built):
    def switched(path, tag):
        text = (built / path).read_text()
        links = re.findall(rf'<a class="nav-link" lang="{tag}"[^>]*href="([^"]*)"', text)
        (link,) = {*links}  # in the bar, and in what a phone unfolds
        return (built / path).parent.joinpath(link).resolve().relative_to(built.resolve())

    name = f"notebooks/{chapter(4).name}.html"
    assert switched(name, "zh-CN").as_posix() == f"zh/{name}"
    assert switched(f"zh/{name}", "en").as_posix() == name
    assert switched("exercises.html", "zh-CN").as_posix() == "zh/index.html"
    assert switched("zh/glossary.html", "en").as_posix() == "index.html"


def test_links_of_a_translation_lead_to_its_pages_and_to_english_ones(built):
    text = (built / "zh" / "notebooks" / f"{chapter(4).name}.html").read_text()
    assert 'href="../glossary.html"' in text
    assert 'href="../../notebooks/TEACHING.html"' in text
    assert (built / "notebooks" / "TEACHING.html").is_file()


def test_chinese_words_are_in_the_index_of_the_search(built):
    index = (built / "zh" / "searchindex.js").read_text()
    words = json.loads(index[index.index("(") + 1 : -1])["terms"]
    assert {"批归", "归一", "一化"} <= words.keys()
    assert "splitQuery" in (built / "zh" / "_static" / "language_data.js").read_text()


def test_neighbouring_characters_are_words():
    search = pytest.importorskip("cvlib.course.site.search")
    split = search.SearchHan({}).split
    assert split("批归一化, of x_1") == ["批归", "归一", "一化", "of", "x_1"]
    assert split("卡") == ["卡"]
    assert split("2x2特征图") == ["2x2", "特征", "征图"]


def test_a_card_without_a_chapter_of_its_own_leads_to_the_english_page():
    (chinese,) = TRANSLATIONS
    nb = read(chapter(6).notebook)
    text = landing.card(chinese, chapter(6), nb, own=False)
    assert f":link: ../notebooks/{chapter(6).name}.html\n:link-type: url" in text
    assert "无 GPU：<b>" in text
    assert "holds</b>" not in text
    text = landing.card(chinese, chapter(4), read(chapter(4).notebook), own=True)
    assert f":link: notebooks/{chapter(4).name}\n:link-type: doc" in text


def test_the_tagged_figure_stands_on_the_card_else_the_first():
    nb = a_chapter()
    nb.cells.append(new_code_cell("show(b)", outputs=figure("Second.", "It rises.")))
    assert cards.picture(chapter(4), nb) == ("png", base64.b64decode(PNG), ALT)
    nb.cells[-1].metadata["tags"] = ["card"]
    assert cards.picture(chapter(4), nb)[2] == "Second."
    with pytest.raises(CourseError, match="shows no figure"):
        cards.picture(chapter(4), notebook())


def test_a_page_loads_only_what_it_shows(built):
    front, exercises = (built / "index.html").read_text(), (built / "exercises.html").read_text()
    for text, needed, spared in (
        (front, "sphinx-design", "katex"),
        (exercises, "", "katex"),
        (page(built), "katex.min.js", "sphinx-design.min"),
    ):
        assert needed in text
        assert spared not in text
        assert "fontawesome.js" not in text
    style = (built / "_static" / "styles" / "pydata-sphinx-theme.css").read_text()
    assert "fa-magnifying-glass" in style
    assert "fa-hippo" not in style


def test_a_formula_in_brackets_is_no_link():
    text = "$$[f](R)=1$$ and $[a](b)$, [c](d.py)"
    linked = layout.linked(text, "notebooks/x.ipynb", {"notebooks/x.ipynb": "notebooks/x"})
    assert linked.startswith("$$[f](R)=1$$ and $[a](b)$, [c](https://github.com/")


def test_no_page_asks_a_network(built):
    for path in built.rglob("*.html"):
        text = path.read_text()
        asked = re.findall(r'<(?:script|img|iframe|source)[^>]*\ssrc="(https?:[^"]*)', text)
        asked += re.findall(
            r'<link[^>]*rel="(?:stylesheet|preload)"[^>]*href="(https?:[^"]*)', text
        )
        assert asked == [], path
    style = (built / "_static" / "katex" / "katex.min.css").read_text()
    fonts = set(re.findall(r"url\(([^)]*)\)", style))
    assert len(fonts) == 20
    assert all((built / "_static" / "katex" / font).is_file() for font in fonts)


def test_a_warning_of_sphinx_is_one_error(tmp_path):
    pytest.importorskip("myst_nb")
    nb = a_chapter()
    nb.cells.append(new_markdown_cell("[nowhere](#no-such-label)"))
    path = write(tmp_path, nb, "04_wrong.ipynb")
    with pytest.raises(CourseError, match="could not be built") as error:
        site.build(tmp_path / "out", {chapter(4): path})
    assert "no-such-label" in str(error.value)


def test_without_sphinx_the_remedy_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(CourseError, match=r"pip install -e '\.\[site\]'"):
        site.build(tmp_path, {})


@pytest.mark.parametrize("entry", written(), ids=lambda c: c.name)
def test_every_stored_chapter_can_be_laid_out(entry):
    nb = read(entry.notebook)
    laid = pages.page(entry, nb, ENGLISH.words)
    figures = [c for c in laid.cells if "mystnb" in c.metadata]
    shown = [o for c in nb.cells for o in c.get("outputs", [])
             if any(k.startswith("image/") for k in o.get("data", {}))]  # fmt: skip
    assert len(figures) == len(shown)
    solutions = "".join(c.source for c in laid.cells).count("<summary>A solution</summary>")
    assert solutions == len(entry.module("exercises").EXERCISES)
    assert cards.picture(entry, nb)[2]


def test_every_figure_of_a_cell_gets_its_caption():
    laid = pages.page(chapter(4), a_chapter(), ENGLISH.words)
    one, two = (c for c in laid.cells if "mystnb" in c.metadata)
    assert one.metadata.mystnb.figure.caption == "**Figure 4.1.** It falls."
    assert two.metadata.mystnb.figure.caption == "**Figure 4.2.** It is low."
    assert two.metadata.mystnb.image.alt == "Dots."
    assert (two.source, two.metadata.tags) == (pages.UNREAD, ["remove-input"])


def test_what_a_cell_prints_beside_its_figure_is_not_captioned():
    def said(text):
        return new_output("stream", name="stdout", text=text)

    cell = new_code_cell("a", outputs=[said("before"), *figure("A", "a"), said("after")])
    before, shown, after = pages.split(cell)
    assert [o.text for o in (*before.outputs, *after.outputs)] == ["before", "after"]
    assert [*map(pages.picture, shown.outputs)] == ["image/png", ""]
    assert (before.source, shown.source, after.source) == ("a", pages.UNREAD, pages.UNREAD)


def test_a_figure_without_caption_is_refused():
    bare = new_code_cell("a", outputs=figure("A", "a")[:1])
    with pytest.raises(CourseError, match="has no caption"):
        pages.caption(bare, "Figure 1.1.")


def test_a_table_without_head_words_gets_some():
    table = "| | a |\n|---|---|\n| x | 1 |"
    assert "row</span> | a |" in pages.prose(table, ENGLISH.words)
    assert "row</span> | b |" in pages.prose("| | b |\n|---|---|\n| x | 1 |", ENGLISH.words)
    assert "| What | In this chapter |" in pages.prose("# 1\n\n| | |\n|---|---|", ENGLISH.words)
    assert pages.prose("## 1\n\n| | |\n|---|---|", ENGLISH.words).count("row</span>") == 2
    assert pages.prose("| a | b |\n|---|---|\n| | 1 |", ENGLISH.words).endswith("| | 1 |")


def test_the_cards_tell_what_both_records_say(tmp_path, monkeypatch):
    monkeypatch.setattr(Chapter, "recorded", tmp_path)
    assert landing.verdicts(chapter(4)).count("no record yet") == 4
    made = {"verdict": [{"status": s} for s in ("holds", "contradicted", "holds")]}
    monkeypatch.setattr(record, "recorded", lambda entry, profile: made)
    first, _ = landing.verdicts(chapter(4)).splitlines()
    assert first == (
        '<p class="verdict" data-verdict="holds">Without a GPU: <b>holds</b>; of its other claims '
        "1 contradicted, 1 holds</p>"
    )


def test_what_failed_is_said_on_the_front_page(tmp_path):
    outcomes = [Outcome(c.notebook, 3.4, "KeyError" if c.number == 4 else "") for c in written()]
    made = [{"chapter": c.number, "verdict": [{"status": "holds"}]} for c in written()]
    text = ran_here(outcomes, [r for r in made if r["chapter"] != 4])
    assert "| 04 Group Normalization | 3 | failed: the terminal says why |" in text
    assert "| 01 Spherical CNNs | 3 | holds |" in text
