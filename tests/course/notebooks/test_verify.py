"""Drifts planted into what is stored: each is caught by the comparison with a fresh run."""

import copy
import io
from base64 import b64decode, b64encode

import pytest
from nbformat.v4 import new_code_cell, new_output
from PIL import Image, ImageDraw

from cvlib.course.chapters import written
from cvlib.course.notebooks import verify
from cvlib.course.notebooks.canonical import read
from cvlib.course.notebooks.cells import IGNORED
from cvlib.course.notebooks.verify import Share, differences, share, shares
from cvlib.course.page.scoreboard import scoreboard
from tests.course.notebooks.making import notebook, write
from tests.course.page.test_scoreboard import a_record


def outputs(entry):
    """Every output of a stored notebook, cell after cell."""
    return [o for cell in read(entry.notebook).cells for o in cell.get("outputs", [])]


def pictures(stored):
    return [o for o in stored if any(k.startswith("image/") for k in o.get("data", {}))]


def picture(output):
    return next(kind for kind in output.data if kind.startswith("image/"))


@pytest.mark.parametrize("entry", written(), ids=lambda c: c.name)
def test_what_is_stored_agrees_with_itself(entry):
    stored = outputs(entry)
    assert differences(stored, copy.deepcopy(stored)) == []
    assert len(pictures(stored)) > 5


@pytest.fixture
def stored():
    return outputs(written()[0])


def said(stored, change):
    planted = copy.deepcopy(stored)
    change(planted)
    return differences(planted, stored)


def test_two_swapped_figures(stored):
    def swap(planted):
        one, two = pictures(planted)[:2]
        one.data["image/png"], two.data["image/png"] = two.data["image/png"], one.data["image/png"]

    assert len(said(stored, swap)) == 2


@pytest.mark.parametrize("number", range(12))
def test_a_black_square_in_any_figure(number, stored):
    def blacken(planted):
        output = pictures(planted)[number % len(pictures(planted))]
        kind = picture(output)
        image = Image.open(io.BytesIO(b64decode(output.data[kind]))).convert("RGB")
        x, y = image.width // 3, image.height // 3
        ImageDraw.Draw(image).rectangle((x, y, x + 24, y + 24), fill="black")
        content = io.BytesIO()
        image.save(content, kind.removeprefix("image/"))
        output.data[kind] = b64encode(content.getvalue()).decode()

    (sentence,) = said(stored, blacken)
    assert "differs at" in sentence


def test_an_alt_text_and_a_caption(stored):
    def cat(planted):
        pictures(planted)[0].metadata["image/png"].alt = "A cat."

    def caption(planted):
        output = next(o for o in planted if "text/markdown" in o.get("data", {}))
        output.data["text/markdown"] = "*Figure. A cat.*"

    assert "A cat." in said(stored, cat)[0]
    assert "A cat." in said(stored, caption)[0]


def test_a_missing_an_added_and_a_moved_output(stored):
    assert said(stored, lambda planted: planted.pop())
    assert said(stored, lambda planted: planted.append(new_output("stream", text="more")))
    assert said(stored, lambda planted: planted.reverse())


def board(**values):
    shown = scoreboard(a_record(**values))
    data = {"text/html": shown._repr_html_(), "text/plain": str(shown)}
    return [new_output("execute_result", data)]


def test_a_score_and_a_verdict():
    true = board()
    assert differences(board(bn2=(51.9,)), true) == []
    assert len(differences(board(bn2=(5.19,)), true)) == 2, "in the HTML and in the text"
    assert len(differences(board(status="contradicted"), true)) == 2


def test_another_processors_scores_pass_and_nothing_else_does():
    true = board()
    assert differences(board(bn2=(53.1,)), true) == []
    assert differences(board(bn2=(4.17,)), board(bn2=(4.72,))) == [], "two of 360 pictures"
    assert differences(board(bn2=(59.1,)), true) != []
    for kind in ("text/html", "text/plain"):
        for word, other in (
            ("34.7", "34.9"),
            ("n = 360", "n = 361"),
            ("at least 10", "at least 1"),
        ):
            planted = copy.deepcopy(true)
            assert word in planted[0].data[kind]
            planted[0].data[kind] = planted[0].data[kind].replace(word, other)
            assert differences(planted, true), (kind, word)


def test_printed_numbers_are_compared_letter_by_letter():
    def printed(text):
        return [new_output("stream", name="stdout", text=text)]

    assert differences(printed("loss 0.512\n"), printed("loss 0.513\n"))
    assert differences(printed("a | 51.9\n"), printed("a | 52.0\n")), "only scoreboards may vary"


def test_the_share_counts_text_figures_and_what_is_left_out(tmp_path):
    shown = [
        new_output("stream", name="stdout", text="1234"),
        new_output("display_data", {"image/png": "AAAA", "text/plain": "Line."},
                   metadata={"image/png": {"alt": "Line."}}),
    ]  # fmt: skip
    assert share(shown, compared=True) == Share(14, 14, 1, 1)
    assert share(shown, compared=False) == Share(0, 14, 0, 1)
    total = share(shown, True) + share(shown, False)
    assert not total.enough
    assert str(total) == ("compared with a fresh run: 50.0 % of 28 printed bytes, 1 of 2 figures")
    nb = notebook()
    nb.cells.append(new_code_cell("a", outputs=shown))
    nb.cells.append(new_code_cell("b", outputs=shown, metadata={"tags": [IGNORED]}))
    ((_, counted),) = shares([write(tmp_path, nb)])
    assert counted == total


def test_the_promise():
    assert (verify.PRINTED, verify.FIGURES) == (95, 100)
    assert Share(95, 100, 3, 3).enough
    assert not Share(94, 100, 3, 3).enough
    assert not Share(100, 100, 2, 3).enough
