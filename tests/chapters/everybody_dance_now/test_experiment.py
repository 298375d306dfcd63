"""Chapter 09's experiment: what is declared, what a baseline may not pass, and that it resumes."""

from dataclasses import replace

import pytest

from cvlib.chapters.everybody_dance_now import train as loops
from cvlib.chapters.everybody_dance_now.claims import CLAIMS, MUST_NOT_PASS
from cvlib.chapters.everybody_dance_now.config import CONFIG
from cvlib.chapters.everybody_dance_now.experiment import EXPERIMENT
from cvlib.course.run.experiment import DIRECTION, HOLDS
from cvlib.course.run.rules import names
from cvlib.course.run.run import Run
from cvlib.dance.material import Dances


@pytest.mark.parametrize(
    ("claim", "baseline"), zip(CLAIMS, MUST_NOT_PASS, strict=True), ids=lambda x: str(x)[:40]
)
def test_a_baseline_passes_no_rule(claim, baseline):
    _, values = baseline
    assert names(claim.holds) <= values.keys(), "the baseline has every number that the rule reads"
    assert claim.status(values) not in (HOLDS, DIRECTION)


@pytest.mark.parametrize("profile", CONFIG)
def test_units_measure_every_metric_once(profile):
    offered = [name for unit in EXPERIMENT.plan(profile) for name in unit.metrics]
    assert len(set(offered)) == len(offered)
    assert set(offered) == set(EXPERIMENT.metrics) - set(EXPERIMENT.derived)


@pytest.mark.parametrize("profile", CONFIG)
def test_sizes_fit_the_nets(profile):
    c = CONFIG[profile]
    for size in (c.height, c.width, c.portrait.height, c.portrait.width):
        assert size % 2**c.downs == 0
    assert c.portrait.face <= min(c.portrait.height, c.portrait.width)
    d = c.dances
    assert d.test_seed not in d.train, "the judged dance was never trained on"
    assert d.source_seed not in d.train


@pytest.fixture
def tiny():
    """The experiment at the size of a test."""
    smoke = CONFIG["smoke"]
    portrait = replace(
        smoke.portrait, height=48, width=40, face=24, dances=Dances((11,), 3, test=2, transfer=0),
        steps=1, face_steps=1, batch=1,
    )  # fmt: skip
    config = replace(
        smoke, height=48, width=40, dances=Dances((11,), 6, test=3, transfer=2), steps=2,
        reader_steps=1, detector_steps=1, g_width=8, blocks=1, batch=2, portrait=portrait,
    )  # fmt: skip
    return replace(EXPERIMENT, config={"smoke": config})


def test_a_run_measures_everything_and_a_second_one_takes_the_files(tiny, tmp_path, monkeypatch):
    first = Run(tiny, "smoke", 0, tmp_path).execute()
    assert first["complete"]
    assert all(metric["mean"] is not None for metric in first["metrics"].values())
    assert first["metrics"]["face_outside"]["mean"] == 0
    assert first["metrics"]["tde_gain"]["mean"] == pytest.approx(
        first["metrics"]["tde_ts"]["mean"] / first["metrics"]["tde_fbf"]["mean"]
    )
    monkeypatch.setattr(loops, "generator", None)  # nothing is trained again
    again = Run(tiny, "smoke", 0, tmp_path).execute()
    assert again["metrics"] == first["metrics"]
