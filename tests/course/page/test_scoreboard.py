"""The table that judges a run: which rows it shows, what it says of the recorded run, its folds."""

import json
import re
from html import unescape

import pytest

from cvlib.course.chapters import Chapter, chapter
from cvlib.course.notebooks.results import results_markdown
from cvlib.course.page import scoreboard as boards
from cvlib.course.page.scoreboard import NOT_RECORDED, scoreboard
from cvlib.course.run import record as records

CLAIM = "batch norm loses at least 10 points"


def metric(title, *values, unit="%", headline=True):
    known = [v for v in values if v is not None]
    return {
        "title": title, "unit": unit, "implementation": "x", "headline": headline,
        "n": 360 if known else None, "values": list(values),
        "mean": sum(known) / len(known) if known else None,
        "sd": 1.5 if len(known) > 1 else None,
    }  # fmt: skip


def a_record(profile="smoke", bn2=(51.9,), status="holds", **metrics):
    """What `scoreboard` reads of a record of chapter 04."""
    return {
        "chapter": 4, "profile": profile, "evidence": profile != "smoke", "complete": True,
        "data": "digits", "seeds": list(range(len(bn2))), "differs": "smaller networks",
        "metrics": {
            "bn2": metric("BN, 2 images", *bn2),
            "gn2": metric("GN, 2 images", *metrics.get("gn2", (None,))),
            "hours": metric("training", None, unit="h"),
            "inner": metric("an inner quantity", 3.0, headline=False),
        },
        "paper": {
            "bn2": {"value": 34.7, "table": "Table 2", "scale": "ImageNet", "checked": True,
                    "source": "the arXiv version"},
            "gn2": {"value": 24.1, "table": "Table 2", "scale": "ImageNet", "checked": False},
        },
        "verdict": [{"claim": CLAIM, "rule": "bn2 >= 10", "status": status}],
        "provenance": {"device": "EPYC", "wall_seconds": 1260.0, "date": "2026-11-26T19:00:00"},
    }  # fmt: skip


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A folder of recorded runs for chapter 04; files in it are read without the schema."""
    monkeypatch.setattr(Chapter, "recorded", tmp_path)
    monkeypatch.setattr(records, "schema_problem", lambda record: "")
    return tmp_path


def keep(folder, record):
    (folder / f"{record['profile']}.json").write_text(json.dumps(record))


def visible(html):
    """The table that is not folded away, as text."""
    return unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<details>.*?</details>", "", html)))


def test_only_measured_rows_are_shown_the_rest_is_folded(store):
    board = scoreboard(a_record())
    html = board._repr_html_()
    assert [row.metric for row in board.rows] == ["BN, 2 images"]
    assert "GN, 2 images" not in visible(html)
    assert "GN, 2 images; paper: 24.1 % † (ImageNet)" in unescape(html)
    assert "an inner quantity" not in html
    assert "Measured neither here nor in a record: GN, 2 images; training." in str(board)


def test_a_recorded_row_is_shown_with_its_profile_seeds_device_and_minutes(store):
    keep(store, a_record("laptop", (40.0, 43.0, 41.5), gn2=(7.0, 8.0, 9.0)))
    board = scoreboard(a_record())
    assert [row.metric for row in board.rows] == ["BN, 2 images", "GN, 2 images"]
    assert board.columns[2] == "recorded (laptop: 3 seeds, EPYC, 21 min)"
    assert board.rows[1].recorded == ("8 ± 1.5 % (3 seeds, n = 360)",)
    assert board.rows[1].live == "—"
    for text in (str(board), board._repr_html_()):
        assert "51.9 % (n = 360)" in text
        assert "Recorded run, profile laptop: 3 seeds, EPYC, 21 min, 2026-11-26, digits." in (
            text.replace("\n", " ")
        )


def test_where_a_value_was_read_is_folded_and_not_in_the_cell(store):
    html = scoreboard(a_record())._repr_html_()
    assert "the arXiv version" not in visible(html)
    assert "BN, 2 images: Table 2 (the arXiv version)" in html
    assert "GN, 2 images: Table 2 (as recalled)" in html


def test_the_laptops_and_the_gpus_record_stand_side_by_side(store):
    keep(store, a_record("full", (30.0,)))
    keep(store, a_record("laptop", (40.0,)))
    board = scoreboard(a_record())
    assert board.columns[2].startswith("recorded (laptop:")
    assert board.columns[3].startswith("recorded (full:")
    assert [cell.split()[0] for cell in board.rows[0].recorded] == ["40", "30"]


def test_this_runs_numbers_are_marked_in_html_and_last_in_text(store):
    board = scoreboard(a_record())
    assert re.findall(r'<td class="this-run">([^<]*)</td>', board._repr_html_()) == [
        "51.9 % (n = 360)"
    ]
    row = next(line for line in str(board).splitlines() if line.startswith("BN, 2"))
    assert row.endswith(" | 51.9 % (n = 360)")


def test_what_the_records_say_of_a_claim_stands_before_this_runs_verdict(store):
    keep(store, a_record("laptop", (40.0,), status="holds"))
    keep(store, a_record("full", (40.0,), status="not measured"))
    board = scoreboard(a_record(status="contradicted"))
    said = "laptop: holds · full: not measured · this run (smoke, no evidence): contradicted"
    assert f"{CLAIM}\n    {said}\n    rule: bn2 >= 10" in str(board)
    html = board._repr_html_()
    assert "<b>holds</b>" in html
    assert "<b>contradicted</b>" not in html
    assert "contradicted" in visible(html)


def test_without_a_record_the_verdict_is_this_runs(store):
    board = scoreboard(a_record("workshop"))
    assert f"{CLAIM}\n    this run: holds\n" in str(board)
    keep(store, {**a_record("laptop"), "verdict": []})
    assert f"laptop: {NOT_RECORDED} · this run: holds" in str(scoreboard(a_record("workshop")))


def test_readme_has_a_column_for_the_laptop_and_one_for_the_gpu(store, monkeypatch):
    claim = chapter(4).module("experiment").EXPERIMENT.claims[0].text
    monkeypatch.setattr(f"{__name__}.CLAIM", claim)
    head, _, first, *rest = results_markdown([chapter(4)]).splitlines()
    assert head == "| chapter | the paper's claim | laptop, no GPU | GPU |"
    assert first.endswith(f"| {NOT_RECORDED} | {NOT_RECORDED} |")
    keep(store, a_record("laptop", (40.0, 41.0, 42.0)))
    _, _, first, *rest = results_markdown([chapter(4)]).splitlines()
    assert first.endswith(f"| {claim} | holds (3 seeds, EPYC, 21 min) | {NOT_RECORDED} |")
    assert rest, "chapter 04 has a second claim"
    assert rest[0].endswith(f"| {NOT_RECORDED} | {NOT_RECORDED} |"), "this record lacks that claim"
    assert boards.COLUMNS.keys() == {"laptop", "full"}
