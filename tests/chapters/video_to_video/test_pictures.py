"""The pictures draw what they are given, and the probes say what is true."""

from dataclasses import replace

import matplotlib.pyplot as plt
import pytest
import torch

from cvlib.chapters.video_to_video import figures, probes
from cvlib.chapters.video_to_video.config import CONFIG
from cvlib.chapters.video_to_video.train import build_generator
from cvlib.synth.clip import Clip
from cvlib.video.flow import warp
from cvlib.video.sequential import VideoOut


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


@pytest.fixture
def clip() -> Clip:
    """Noise of five frames that moves one pixel to the right in each."""
    draw = torch.Generator().manual_seed(0)
    T, H, W = 5, 32, 64
    first = 2 * torch.rand(3, H, W, generator=draw) - 1
    flow = torch.zeros(T, 2, H, W)
    flow[:, 0] = -1.0
    visible = torch.ones(T, 1, H, W, dtype=torch.bool)
    visible[..., 0] = False
    return Clip(
        torch.stack([first.roll(t, -1) for t in range(T)]),
        torch.randint(7, (T, H, W), generator=draw), torch.zeros(T, H, W, dtype=torch.long),
        flow, visible, torch.ones(T, H, W),
    )  # fmt: skip


@pytest.fixture
def nets():
    torch.manual_seed(0)
    return {
        name: build_generator(probes.arm(name), CONFIG["laptop"], probes.PLANES).eval()
        for name in probes.SHOWN
    }


def test_a_photocopy_is_the_first_frame_moved(clip):
    copies = probes.photocopies(probes.seen(clip))
    assert copies.shape == (3, 3, 32, 64)
    torch.testing.assert_close(copies[..., 3:], clip.rgb[2:][..., 3:], atol=0.02, rtol=0)


def test_a_pixel_comes_from_where_the_flow_says(clip):
    assert probes.origin(clip, 2, x=10, y=4) == (9.0, 4.0, True)
    assert probes.origin(clip, 2, x=0, y=4)[2] is False


def test_blur_takes_detail_away(clip):
    x = clip.rgb[0]
    half = torch.full((1, 2, 32, 64), 0.5)
    assert probes.detail(warp(x[None], half)[0]) < 0.8 * probes.detail(x)
    assert probes.detail(torch.zeros_like(x)) == 0


def test_pictures_in_rows(clip, nets):
    batch = probes.seen(clip)
    videos = {"a": clip.rgb, "b": clip.rgb}
    fig = figures.hero(videos, frames=[1, 5], row=3)
    assert len(fig.axes) == 2 * 3
    assert fig.axes[2].get_title() == "one row over time"
    assert figures.film_strip(clip.labels[:3], clip.rgb[:3]).axes
    video = probes.made(nets, "full", batch, batch.frames[:, : probes.L])
    _, ax = plt.subplots()
    figures.draw_parts(clip, video)(ax, 3)
    figures.draw_photocopy(batch, probes.photocopies(batch))(ax, 2)
    figures.draw_origin(clip, 2)(ax, (0, 4))
    assert ax.get_xlabel() == "was hidden"


def test_paces_are_those_of_the_discriminator():
    (ax,) = figures.paces().axes
    runs = [line.get_xdata() for line in ax.lines if line.get_marker() == "o"]
    assert [list(run) for run in runs] == [[0, 1, 2], [0, 3, 6], [0, 9, 18]]


def test_the_layer_table_counts_every_parameter_once(clip, nets):
    rows = list(probes.layers(nets["full"], probes.seen(clip)))
    assert sum(count for _, _, count in rows) == sum(p.numel() for p in nets["full"].parameters())
    assert {name: shape for name, shape, _ in rows}["move"] == (3, 32, 64)


def test_the_median_seed_is_a_rule():
    told = {"seeds": [0, 1, 2], "metrics": {"tde_full": {"values": [0.03, 0.01, 0.02]}}}
    assert probes.median_seed(told) == 2


def test_the_film_shows_two_methods(monkeypatch, clip, nets):
    longer = replace(clip, rgb=clip.rgb)
    monkeypatch.setattr(probes, "drive", lambda: longer)
    assert probes.side_by_side(nets).shape == (3, 3, 32, 2 * 64 + 2)


def test_the_two_true_flows_come_home_where_a_pixel_was_seen():
    street = probes.drive(frames=6)
    forward = probes.forward_flow(6)
    astray = (street.flow + warp(forward, street.flow)).norm(dim=1, keepdim=True)
    assert astray[street.visible].median() < 0.01
    assert astray[~street.visible].median() > 0.3
    nothing = torch.zeros(1, 4, 1, 32, 64)
    said = probes.textbook(street, VideoOut(street.rgb[None, 2:], mask=nothing), frames=4)
    assert said.startswith("overlap: vid2vid's mask 0 %")
