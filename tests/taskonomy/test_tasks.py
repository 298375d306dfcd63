import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.synth.rooms import render
from cvlib.taskonomy.tasks import (
    TASKS,
    image_losses,
    selected,
    spoilt,
    standardized,
    task,
)


@pytest.fixture(scope="module")
def rooms():
    return render(24, 32, seed=0)


def as_outputs(entry, labels):
    """An output of one head that predicts the labels exactly."""
    if entry.kind == "classes":
        return 50 * torch.nn.functional.one_hot(labels, entry.channels).permute(0, 3, 1, 2)[:, None]
    return (100 * (2 * labels - 1) if entry.kind == "edges" else labels)[:, None]


@pytest.mark.parametrize("name", list(TASKS))
def test_a_perfect_prediction_costs_nothing_and_a_constant_something(rooms, name):
    entry = TASKS[name]
    labels = standardized(entry, rooms[entry.label], rooms[entry.label][:16])
    perfect = image_losses(entry, as_outputs(entry, labels).float(), labels)
    assert perfect.shape == (24, 1)
    assert perfect.max() < 1e-3
    constant = torch.zeros_like(as_outputs(entry, labels).float())
    assert image_losses(entry, constant, labels).mean() > 0.05


@pytest.mark.parametrize("name", [n for n, t in TASKS.items() if t.kind in ("map", "vector")])
def test_standardized_labels_have_mean_0_and_deviation_1(rooms, name):
    entry = TASKS[name]
    raw = rooms[entry.label]
    labels = standardized(entry, raw, raw)
    rest = [d for d in range(raw.ndim) if d != 1]
    assert labels.mean(rest).abs().max() < 1e-4
    assert (labels.std(rest) - 1).abs().max() < 0.02


def test_losses_are_per_picture_and_per_head():
    entry = TASKS["depth"]
    labels = torch.zeros(2, 1, 4, 4)
    outputs = torch.stack([torch.ones(2, 1, 4, 4), 2 * torch.ones(2, 1, 4, 4)], 1)
    outputs[1] *= 3
    assert image_losses(entry, outputs, labels).tolist() == [[1, 2], [3, 6]]


def test_no_edge_is_no_good_guess():
    entry = TASKS["edge3d"]
    labels = torch.zeros(4, 1, 8, 8)
    labels[:, :, 3] = 1
    never = image_losses(entry, torch.full((4, 1, 1, 8, 8), -6.0), labels)
    either = image_losses(entry, torch.zeros(4, 1, 1, 8, 8), labels)
    assert never.mean() > either.mean()


def test_spoilt_pictures(rooms):
    rgb = rooms["rgb"]
    generator = torch.Generator().manual_seed(0)
    assert spoilt(rgb, "") is rgb
    assert (spoilt(rgb, "noise", generator) - rgb).std() > 0.1
    holed = spoilt(rgb, "hole")
    assert (holed[..., 8:24, 8:24] == 0.5).all()
    assert torch.equal(holed[..., :8, :], rgb[..., :8, :])
    grey = spoilt(rgb, "grey")
    assert torch.equal(grey[:, 0], grey[:, 2])
    assert grey.shape == rgb.shape
    with pytest.raises(CourseError, match="spoil"):
        spoilt(rgb, "blur")


def test_names():
    assert list(selected(("depth", "normal"))) == ["depth", "normal"]
    with pytest.raises(CourseError, match="no task 'dept'"):
        task("dept")
    assert {t.group for t in TASKS.values()} == {"2D", "3D", "semantic", "geometric"}
    assert all(t.free for t in TASKS.values() if not t.target)
