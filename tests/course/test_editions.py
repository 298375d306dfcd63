"""Translations: the code of the English notebooks, their facts, and one word for one term."""

import re
from itertools import pairwise

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from cvlib.course.chapters import CHAPTERS
from cvlib.course.editions import TRANSLATIONS
from cvlib.course.editions import readme as chinese
from cvlib.course.editions.edition import badge_of
from cvlib.course.editions.follow import drift, facts, follow, prose
from cvlib.course.editions.glossary import Term, strayed, terms
from cvlib.course.errors import CourseError
from cvlib.course.notebooks import problems, readme
from cvlib.course.notebooks.canonical import dumps, read
from cvlib.course.paths import ROOT
from cvlib.course.site.landing import CLAIM

STORED = [(edition, entry) for edition in TRANSLATIONS for entry in CHAPTERS if edition.has(entry)]
IDS = [f"{edition.folder}-{entry.name}" for edition, entry in STORED]
each = pytest.mark.parametrize(("edition", "entry"), STORED, ids=IDS)


@pytest.fixture
def pair():
    """An English notebook and its translation."""
    english = new_notebook(cells=[
        new_markdown_cell("Batch norm at $N = 2$ loses 12.6 points: `bn_loss`, arXiv:1803.08494."),
        new_code_cell("a = 1", outputs=[new_output("stream", name="stdout", text="new")]),
    ])  # fmt: skip
    translated = new_notebook(cells=[
        new_markdown_cell("批归一化在 $N = 2$ 时损失 12.6 个百分点：`bn_loss`，arXiv:1803.08494。"),
        new_code_cell("a = 0", outputs=[new_output("stream", name="stdout", text="old")]),
        new_markdown_cell("> **译注** 打印的是 3。"),
    ])  # fmt: skip
    return english, translated


def test_chapter_04_stands_in_chinese():
    assert "zh-04_group_normalization" in IDS


@each
def test_code_and_outputs_are_the_english_ones(edition, entry):
    stored = edition.notebook(entry)
    wanted = dumps(follow(read(entry.notebook), read(stored)))
    assert stored.read_text(encoding="utf-8") == wanted, "run `cvlib notebooks refresh`"


@each
def test_a_translation_passes_every_gate(edition, entry):
    assert problems(edition.notebook(entry)) == []


@each
def test_formulas_code_links_and_numbers_are_the_english_ones(edition, entry):
    assert drift(read(entry.notebook), read(edition.notebook(entry))) == []


@each
def test_a_term_is_translated_as_the_glossary_says(edition, entry):
    english, translated = read(entry.notebook), read(edition.notebook(entry))
    found = [
        f"above code cell {place}: {said}"
        for place, parts in enumerate(zip(prose(english), prose(translated), strict=True), 1)
        for said in strayed(terms(edition), *parts)
    ]
    assert found == []


@each
def test_every_figure_has_a_caption_in_the_language(edition, entry):
    cells = read(edition.notebook(entry)).cells
    for cell, below in pairwise(cells):
        shown = [k for o in cell.get("outputs", []) for k in o.get("data", {}) if "image/" in k]
        captions = re.findall(r"^\*图：.+\*$", below.source, re.MULTILINE) if shown else []
        assert len(captions) == len(shown), cell.source[:60]


@pytest.mark.parametrize("edition", TRANSLATIONS, ids=lambda e: e.folder)
def test_no_text_uses_a_word_that_the_glossary_refuses(edition):
    refused = {word for term in terms(edition) for word in term.never}
    assert len(refused) > 20
    texts = [edition.words.lead, *(edition.claim(c) + edition.title(c) for c in CHAPTERS)]
    texts += [cell.source for e, entry in STORED if e is edition
              for cell in read(e.notebook(entry)).cells]  # fmt: skip
    assert {word for word in refused for text in texts if word in text} == set()


@pytest.mark.parametrize("edition", TRANSLATIONS, ids=lambda e: e.folder)
def test_every_term_of_the_glossary_is_used_and_stands_once(edition):
    listed = terms(edition)
    assert len({term.english for term in listed}) == len(listed) > 30
    text = "".join("".join(prose(read(e.notebook(c)))) for e, c in STORED if e is edition)
    text += "".join(edition.words.statuses.values())
    assert [term.here for term in listed if term.here not in text] == []


@pytest.mark.parametrize("edition", TRANSLATIONS, ids=lambda e: e.folder)
def test_a_claim_has_the_numbers_of_the_english_one(edition):
    for entry in CHAPTERS:
        if edition.claim(entry):
            (english,) = CLAIM.findall(read(entry.notebook).cells[0].source)
            said, here = facts(english)[1], facts(edition.claim(entry))[1]
            assert here == said, entry.name


def commands(text):
    """The code blocks of a README, without what their comments say."""
    blocks = re.findall(r"^```\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return [re.sub(r" +#.*", "", block) for block in blocks]


def test_the_chinese_readme_has_the_commands_of_the_english_one():
    text, english = (p.read_text(encoding="utf-8") for p in (chinese.README, readme.README))
    assert len(commands(english)) > 4
    assert commands(text) == commands(english)
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert target.startswith("http") or (ROOT / target).is_file(), target


def test_the_chinese_readme_is_what_records_and_tests_say():
    text = chinese.README.read_text(encoding="utf-8")
    assert readme.rendered(text, chinese.TABLES) == text, "run `make notebooks`"
    planted = text.replace("| 尚无记录 |", "| 成立 |", 1)
    assert readme.rendered(planted, chinese.TABLES) == text != planted


def test_a_translation_takes_code_and_outputs(pair):
    english, translated = pair
    code = follow(english, translated).cells[1]
    assert (code.source, code.outputs[0].text) == ("a = 1", "new")
    assert follow(english, translated).cells[0].source == translated.cells[0].source


def test_a_missing_code_cell_is_named(pair):
    english, translated = pair
    english.cells.append(new_code_cell("b = 2"))
    with pytest.raises(CourseError, match="1 code cells, the English notebook 2"):
        follow(english, translated)


@pytest.mark.parametrize(("old", "new", "said"), [
    ("12.6", "12.5", "the number 12.6 is missing"),
    ("$N = 2$", "$N = 4$", r"\$N = 2\$ is missing"),
    ("`bn_loss`", "`gn_loss`", "`bn_loss` is missing"),
    ("1803.08494", "1803.08495", "arXiv:1803.08494 is missing"),
    ("损失", "损失 `much`", "`much` is too much"),
])  # fmt: skip
def test_a_changed_fact_is_named(pair, old, new, said):
    english, translated = pair
    assert drift(english, translated) == []
    translated.cells[0].source = translated.cells[0].source.replace(old, new)
    assert any(re.search(said, line) for line in drift(english, translated))


def test_a_stray_term_is_named():
    term = Term("batch norm", "批归一化", ("批标准化",))
    assert strayed([term], "Batch norms", "批归一化") == []
    assert strayed([term], "batch norm", "BN") == ["'batch norm' is 批归一化 in the glossary"]
    assert strayed([term], "nothing", "批标准化") == ["批标准化 is used for 批归一化"]


def test_a_badge_opens_the_notebook_of_its_language(tmp_path):
    assert badge_of(tmp_path / "04_x.ipynb") == "04_x.ipynb"
    assert badge_of(tmp_path / "zh" / "04_x.ipynb") == "zh/04_x.ipynb"
