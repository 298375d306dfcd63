"""Properties of the parts of the loops, and of what the page looks at."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import pytest
import torch

from cvlib.chapters.everybody_dance_now import figures, probes
from cvlib.chapters.everybody_dance_now.config import CONFIG
from cvlib.chapters.everybody_dance_now.experiment import EXPERIMENT
from cvlib.chapters.everybody_dance_now.train import adam, cool, generator, neighbours, play
from cvlib.dance.footage import footage
from cvlib.dance.skeleton import BODY21
from tests.dance.tracks import scattered

SMOKE = CONFIG["smoke"]


def test_every_parameter_is_in_the_optimiser_once():
    for previous in (False, True):
        G = generator(SMOKE, previous)
        (group,) = adam(G, 1e-3).param_groups
        assert len({id(p) for p in group["params"]}) == len(group["params"])
        assert len(group["params"]) == len(list(G.parameters()))


def test_equal_steps_are_equal_frames_and_nearly_equal_nets():
    a, b = (sum(p.numel() for p in generator(SMOKE, p_).parameters()) for p_ in (False, True))
    assert 0 < b - a < 0.01 * a, "three more input channels"


def test_neighbours_are_two_frames_of_one_clip():
    frames = torch.arange(6.0)[:, None, None, None].expand(6, 3, 16, 12)
    made = footage([(frames[:3], scattered(3, size=12)), (frames[3:], scattered(3, size=12))])
    x, y = neighbours(made, made.starts)
    assert x.shape == y.shape == (4, 2, 3, 16, 12)
    assert (y[:, 1] - y[:, 0] == 1).all()
    assert y[:, 0, 0, 0, 0].tolist() == [0, 1, 3, 4]


def test_the_rate_cools_down_in_the_second_half():
    opt = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 1.0)
    rates = []
    for done in (0.0, 0.4, 0.75, 1.0):
        cool(done, 0.1, opt)
        rates.append(opt.param_groups[0]["lr"])
    assert rates == pytest.approx([0.1, 0.1, 0.052, 0.002])


def test_a_video_has_a_frame_for_every_pose():
    run = SimpleNamespace(config=SMOKE, device=torch.device("cpu"))
    video = play(run, generator(SMOKE, True).eval(), scattered(3).float())
    assert video.shape == (3, 3, 64, 48)


def test_an_arm_is_turned_about_its_shoulder():
    pose = scattered(1)[0]
    shoulder, elbow, wrist = BODY21.index("left_shoulder", "left_elbow", "left_wrist")
    turned = figures.raised(pose, 90.0)[0]
    before, after = pose[elbow] - pose[shoulder], turned[elbow] - turned[shoulder]
    torch.testing.assert_close(after[0], before[1])
    torch.testing.assert_close(after[1], -before[0])
    torch.testing.assert_close(
        (turned[wrist] - turned[elbow]).norm(), (pose[wrist] - pose[elbow]).norm()
    )
    torch.testing.assert_close(figures.raised(pose, 0.0)[0], pose)


def test_a_slow_swing_has_its_acceleration_at_its_frequency():
    t = torch.arange(152) / 30
    x = 20 * (2 * torch.pi * 3 * t).sin()
    kp = torch.stack([x, torch.zeros_like(x), torch.ones_like(x)], -1)[:, None]
    frequency, amplitude = figures.spectrum(kp, 30.0)
    assert float(frequency[amplitude.argmax()]) == pytest.approx(3.0, abs=0.4)


def test_the_median_seed_is_a_rule():
    told = {"seeds": [0, 1, 2], "metrics": {"tde_ts": {"values": [0.9, 0.2, 0.5]}}}
    assert probes.median_seed(told) == 2


def test_the_layer_table_counts_every_parameter():
    G = generator(CONFIG["laptop"], True)
    rows = probes.layer_table(G).splitlines()[1:]
    counted = sum(int(line.split()[-1].replace(",", "")) for line in rows)
    assert counted == sum(p.numel() for p in G.parameters())


def test_a_row_of_pixels_lies_with_time_downwards():
    rows = torch.rand(5, 3, 12) * 2 - 1
    fig = figures.slices({"one": rows, "other": -rows})
    shown = fig.axes[0].images[0].get_array()
    assert shown.shape == (5, 12, 3)
    assert shown[4, 0].tolist() == pytest.approx(((rows[4, :, 0] + 1) / 2).tolist())
    plt.close("all")


def test_dots_name_metrics_that_are_declared():
    for kind in ("tde", "ssim"):
        assert set(probes.arms(kind).values()) <= set(EXPERIMENT.metrics)


def test_pictures_are_drawn_and_closed():
    clip = torch.rand(4, 3, 16, 12) * 2 - 1
    fig = figures.film({"one": clip, "two": clip}, [0, 2])
    assert len(fig.axes) == 2
    found = probes.Faces(clip, clip, clip)
    assert len(figures.face_zoom(found, [0, 1]).axes) == 4
    large = figures.over(clip[0], scattered(1, size=12)[0])
    assert large.shape == (3, 64, 48)
    plt.close("all")
