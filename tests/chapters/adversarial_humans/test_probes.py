"""The page's measurements: one stimulus a class, spectra, what people are shown."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from cvlib.adversarial import photos
from cvlib.adversarial.retina import RetinaBlur
from cvlib.adversarial.viewing import ViewingGeometry
from cvlib.chapters.adversarial_humans import figures, probes
from cvlib.course import data
from cvlib.course.errors import CourseError
from cvlib.psychophysics.design import plan_session


@pytest.fixture(scope="module")
def lab():
    return probes.shipped_lab(60)


def test_the_pages_digits_are_the_first_of_each_class(lab):
    few = probes.one_of_each(lab).stimuli
    assert few.rival.tolist() == list(range(6))
    for levels, k in zip(few.levels, few.rival, strict=True):
        first = int((lab.stimuli.rival == k).nonzero()[0])
        assert torch.equal(levels, lab.stimuli.levels[first])


def test_a_grating_has_its_power_at_its_frequency():
    x = torch.arange(28) / 28
    wave = torch.sin(2 * torch.pi * 5 * x).expand(1, 1, 28, 28)
    rings, power = probes.radial_power(wave)
    assert int(rings[power.argmax()]) == 5
    assert power.max() / power.sum() > 0.99


def test_the_retina_passes_slow_waves_and_stops_fast_ones(lab):
    x = torch.arange(28) / 28
    slow, fast = (torch.sin(2 * torch.pi * f * x).expand(1, 1, 28, 28) for f in (1, 12))
    assert probes.outer_power(lab, slow) > 80 > 40 > probes.outer_power(lab, fast)


def test_people_are_shown_balanced_pictures_within_the_bound(lab):
    digits = data.images("mnist5k")
    source = probes.Source(lab, (digits.test_x, digits.test_y), each=6, neither=6)
    options, pictures, practice = probes.for_people("3 or 8", source)
    session = plan_session(pictures, options, observer=0, seed=0, practice=practice)
    assert len(session.trials) == 18 + 4
    for picture in pictures:
        if picture.label:
            off = picture.versions["adv"].astype(int) - picture.versions["image"]
            assert np.abs(off).max() == 32
            assert (picture.versions["flip"] - picture.versions["image"].astype(int) == off[::-1]
                    ).all()  # fmt: skip
    tested = [p.versions["image"].tobytes() for p in pictures if p.label]
    assert not {p.versions["image"].tobytes() for p in practice} & set(tested)


def test_photographs_of_a_group_make_a_session_too(lab, monkeypatch):
    """Four untrained networks in place of those that packages carry, noise for photographs."""
    task = photos.photo_task()
    fake = [torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 64, 1000)) for _ in "1234"]
    zoo = dict(enumerate(fake))
    eyes = {v: torch.nn.Identity() for v in ("plain", "retina")}
    noise = torch.randint(0, 256, (148, 3, 8, 8), dtype=torch.uint8)
    monkeypatch.setattr(probes, "read_photos", lambda fine, size: (noise, torch.tensor(fine)))
    made = replace(lab, task=task, zoo=dict.fromkeys(eyes, zoo), eyes=eyes, steps=2)
    monkeypatch.setattr(probes, "photo_lab", lambda size, alpha, seed: made)

    options, pictures, practice = probes.for_people("hazard")
    assert options == ("snake", "spider")
    session = plan_session(pictures, options, observer=0, seed=0, practice=practice)
    assert len(session.trials) == 6 + 24 + 4
    assert session.shown[0].shape == (8, 8, 3)
    with pytest.raises(CourseError, match="pictures of broccoli, there are 1: choose another"):
        probes.for_people("vegetables")
    with pytest.raises(CourseError, match="there is no group 'birds'"):
        probes.for_people("birds")


def test_the_matrix_leaves_out_networks_that_were_attacked():
    rows = [
        {"held": h, "viewer": "plain", "attack": a, "source": s, "target": t}
        for h in ("pooling", "residual", "plain", "depthwise")
        for a, s, t in (("ensemble", "x+y", 80.0), ("clean", "", 0.0))
    ]
    rows.append({"held": "plain", "viewer": "plain", "attack": "single", "source": "pooling",
                 "target": 30.0})  # fmt: skip
    told = {"seeds": [0], "extra": {"0": {"transfer": {"table": rows}}}}
    names, success = probes.matrix(told)
    assert names[-1] == "the three others"
    assert success[0, 2] == 30
    assert success[:-1].isnan().sum() == 15
    assert (success[-1] == 80).all()
    figures.transfer_matrix(names, success)


def test_classes_are_counted_over_all_seeds():
    seeds = {}
    for seed, dogs in enumerate((3, 5)):
        clean = {"dog": [0, dogs], "cat": [1 - seed, 1]}
        noise = {"dog": [1, dogs], "cat": [1 - seed, 1]}
        seeds[str(seed)] = {"cousin_clean": clean, "cousin_noise": noise}
    told = {"seeds": [0, 1], "extra": {s: {"photos": {"by_class": v}} for s, v in seeds.items()}}
    table = probes.by_class(told, "cousin", {"clean": "nothing", "noise": "noise"})
    head, dog, cat, every, mean = table.splitlines()
    assert head.split() == ["shown", "photos", "nothing", "noise"]
    assert dog.split() == ["dog", "8", "0", "2"]
    assert cat.split() == ["cat", "2", "1", "1"]
    assert every.split() == ["all", "10", "10%", "30%"]
    assert mean.split() == ["mean", "of", "classes", "25%", "38%"]


def test_the_eyes_picture_shows_the_library_weights():
    geometry = ViewingGeometry(40)
    figure = figures.eye_map(RetinaBlur(geometry, 0.1), geometry)
    lines = figure.axes[1].lines
    assert len(lines) == 5
    total = sum(np.asarray(line.get_ydata()) for line in lines)
    assert np.abs(total - 1).max() < 1e-5
