"""Chapter 08's experiment: what arms share, what they see, and that a run resumes."""

from dataclasses import replace

import pytest
import torch

from cvlib.chapters.video_to_video import experiment
from cvlib.chapters.video_to_video.config import ARMS, CONFIG, Stage
from cvlib.chapters.video_to_video.experiment import EXPERIMENT, class_means, measured
from cvlib.chapters.video_to_video.train import build, generate, generator_loss, judged
from cvlib.course.run.run import Run
from cvlib.video.footage import Batch, Footage
from cvlib.video.streets import Streets

N, T, H, W = 2, 8, 16, 24
TINY = replace(
    CONFIG["smoke"], size=(H, W), width=4, d_widths=(4,), steps=4, batch=2,
    stages=(Stage(0, 1), Stage(2, 3)), arms=ARMS,
)  # fmt: skip


def invented(seed: int) -> Footage:
    """Footage of noise: what is measured on it means nothing, but everything can be measured."""
    draw = torch.Generator().manual_seed(seed)
    return Footage(
        torch.randint(256, (N, T, 3, H, W), generator=draw).byte(),
        torch.randint(7, (N, T, H, W), generator=draw).byte(),
        torch.rand(N, T, 1, H, W, generator=draw) > 0.7,
        torch.randn(N, T, 2, H, W, generator=draw).half(),
        torch.rand(N, T, 1, H, W, generator=draw) > 0.1,
        classes=7,
    )


def clip_of(seed: int) -> Batch:
    return invented(seed).whole()


@pytest.fixture
def tiny(monkeypatch):
    """The experiment at the size of a test, on invented streets."""
    streets = Streets(invented(0), clip_of(1), watched=None)
    monkeypatch.setattr(experiment, "film_streets", lambda *args: streets)
    monkeypatch.setattr(experiment, "REMEMBER", ())  # nobody watches a car in noise
    return replace(EXPERIMENT, config={"smoke": TINY})


@pytest.mark.parametrize("profile", CONFIG)
def test_units_measure_what_the_rules_of_a_record_read(profile):
    offered = [name for unit in EXPERIMENT.plan(profile) for name in unit.metrics]
    assert len(set(offered)) == len(offered)
    if profile != "smoke":
        assert set(offered) == set(EXPERIMENT.metrics)


@pytest.mark.parametrize("profile", CONFIG)
def test_clips_are_long_enough_for_every_stage(profile):
    config = CONFIG[profile]
    longest = max(stage.frames for stage in config.stages)
    assert config.memory + longest <= config.frames
    assert config.stages[0].start == 0
    assert config.stages[-1].start < config.steps
    assert all(side % 4 == 0 for side in config.size)


def test_the_clips_grow_longer():
    config = CONFIG["laptop"]
    grown = [config.unroll(step) for step in range(config.steps)]
    assert grown == sorted(grown)
    assert {stage.frames for stage in config.stages} == set(grown)


def test_a_run_measures_what_its_units_declare_and_resumes(tiny, tmp_path, monkeypatch):
    first = Run(tiny, "smoke", 0, tmp_path).execute()
    for arm in ARMS:
        for name in measured(arm):
            assert first["metrics"][name]["mean"] is not None, name
    monkeypatch.setattr(experiment, "train", None)  # nothing is trained again
    again = Run(tiny, "smoke", 0, tmp_path).execute()
    assert again["metrics"] == first["metrics"]


def nets_of(name: str):
    arm = next(arm for arm in ARMS if arm.name == name)
    return arm, build(arm, TINY, planes=8, device=torch.device("cpu"), seed=0)


@pytest.mark.parametrize("name", [arm.name for arm in ARMS])
def test_what_each_arm_sees(name):
    """Change the last frame made: only an arm with a memory notices."""
    arm, nets = nets_of(name)
    clip = clip_of(2)
    L = TINY.memory
    first = clip.frames[:, :L]
    before = generate(nets.G, arm, clip.sources, first).image
    shown = first.clone()
    shown[:, -1] = -shown[:, -1]
    after = generate(nets.G, arm, clip.sources, shown).image
    changed = (after - before).flatten(2).abs().amax((0, 2)) > 1e-6  # of each frame
    assert changed.all() if arm.memory != "none" else not changed.any()


def test_the_video_discriminator_sees_no_labels():
    """Other sources, the same frames: D_I changes its mind, D_V does not."""
    _, nets = nets_of("full")
    clip = clip_of(3)
    other = replace(clip, sources=clip.sources.flip(-1))
    frames = clip.frames[:, TINY.memory :]
    (image, video), (image2, video2) = judged(nets.D, clip, frames), judged(nets.D, other, frames)
    assert not torch.equal(image[0][-1], image2[0][-1])
    assert torch.equal(video[0][-1], video2[0][-1])
    assert sum(layer.in_channels for layer in [nets.D["pace0"].nets[0].layers[0][0]]) == 13


def test_every_part_learns_from_the_objective():
    arm, nets = nets_of("full")
    clip = clip_of(4)
    L = TINY.memory
    video = generate(nets.G, arm, clip.sources, clip.frames[:, :L])
    generator_loss(nets.D, clip, video, TINY).backward()
    still = [name for name, p in nets.G.named_parameters() if p.grad is None]
    assert not still
    head = nets.G.move[-1]
    assert (head.weight.grad != 0).any()


def test_no_gradient_crosses_a_frame():
    arm, nets = nets_of("full")
    clip = clip_of(5)
    first = clip.frames[:, :2].requires_grad_()
    video = generate(nets.G, arm, clip.sources, first)
    (grad,) = torch.autograd.grad(video.image[:, 1:].sum(), first, allow_unused=True)
    assert grad is None or not grad.any()


def test_the_trap_paints_each_class_in_one_colour():
    clip = clip_of(6)
    video = class_means(Streets(invented(6), clip, None), clip)
    labels = clip.sources[:, :, :7].argmax(2)
    for k in range(7):
        colors = video.movedim(2, -1)[labels == k]  # (pixels, 3)
        assert (colors == colors[0]).all()
        real = clip.frames.movedim(2, -1)[labels == k].mean(0)
        torch.testing.assert_close(colors[0], real, atol=1e-4, rtol=0)
