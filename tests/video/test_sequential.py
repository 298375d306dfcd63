"""The loop of frames: who sees what, how far gradients reach, three methods as steps."""

from itertools import count

import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.video.generator import SequentialGenerator, Translator
from cvlib.video.sequential import FrameOut, Memory, rollout, stream

B, T, C, H, W = 2, 6, 4, 8, 12


@pytest.fixture
def sources() -> torch.Tensor:
    return torch.rand(B, T, C, H, W, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def frames() -> torch.Tensor:
    return 2 * torch.rand(B, T, 3, H, W, generator=torch.Generator().manual_seed(1)) - 1


@pytest.fixture
def G() -> SequentialGenerator:
    torch.manual_seed(2)
    net = SequentialGenerator(C, width=4, L=2, blocks=1)
    torch.nn.init.normal_(net.move[-1].weight, std=0.05)  # a flow that depends on its input
    return net


def mean_of_the_past(window: torch.Tensor, past: torch.Tensor) -> FrameOut:
    """A step that is easy to follow: the mean of the past frames, plus the source's first plane."""
    return FrameOut(past.mean(1) + window[:, -1, :1])


def test_a_frame_sees_its_past_and_never_what_comes(G, sources, frames):
    memory = Memory.start(sources, frames, 2)
    before = rollout(G, sources[:, 2:], memory)
    assert before.image.shape == (B, T - 2, 3, H, W)
    changed = sources.clone()
    changed[:, 4:] = 0
    after = rollout(G, changed[:, 2:], memory)
    assert torch.equal(after.image[:, :2], before.image[:, :2])
    assert not torch.equal(after.image[:, 2], before.image[:, 2])


def test_older_sources_than_the_memory_do_not_matter(G, sources, frames):
    """Frame t from the same past frames: only sources t - L to t count."""
    window = sources[:, 1:4]
    expected = G(window, frames[:, 1:3]).image
    changed = sources.clone()
    changed[:, 0] = 0
    memory = Memory.start(changed, frames, 2).after(changed[:, 2], frames[:, 2])
    assert torch.equal(G(memory.window(changed[:, 3]), memory.frames).image, expected)


def test_memory_is_oldest_first(sources, frames):
    memory = Memory.start(sources, frames, 2).after(sources[:, 2], frames[:, 2])
    assert torch.equal(memory.sources, sources[:, 1:3])
    assert torch.equal(memory.frames, frames[:, 1:3])
    assert torch.equal(memory.window(sources[:, 3]), sources[:, 1:4])


@pytest.mark.parametrize("bptt", [1, 2, 4])
def test_gradients_reach_exactly_as_far_as_the_truncation_says(sources, frames, bptt):
    made = []

    def step(window: torch.Tensor, past: torch.Tensor) -> FrameOut:
        frame = mean_of_the_past(window, past)
        frame.image.retain_grad()
        made.append(frame.image)
        return frame

    sources.requires_grad_()
    rollout(step, sources[:, 1:5], Memory.start(sources, frames, 1), bptt).image[
        :, -1
    ].sum().backward()
    reached = [image.grad is not None and bool((image.grad != 0).any()) for image in made[:-1]]
    assert sum(reached) == bptt - 1
    assert reached == sorted(reached)


def test_three_methods_are_three_steps(sources, frames):
    net = Translator(C, width=4, blocks=1)
    pix2pix = rollout(
        lambda window, past: FrameOut(net(window[:, -1])), sources, Memory.start(sources, frames, 0)
    )
    torch.testing.assert_close(pix2pix.image[:, 3], net(sources[:, 3]))
    assert pix2pix.flow is None
    assert pix2pix.mask is None

    pair = Translator(C + 3, width=4, blocks=1)
    dance = rollout(
        lambda window, past: FrameOut(pair(torch.cat([window[:, -1], past[:, -1]], dim=1))),
        sources, Memory.zeros(sources[:, 0]), bptt=2,
    )  # fmt: skip
    first = pair(torch.cat([sources[:, 0], torch.zeros(B, 3, H, W)], dim=1))
    torch.testing.assert_close(dance.image[:, 0], first)
    second = pair(torch.cat([sources[:, 1], first], dim=1))
    torch.testing.assert_close(dance.image[:, 1], second)


def test_a_stream_needs_no_end(sources, frames):
    camera = (sources[:, t % T] for t in count())
    made = stream(mean_of_the_past, camera, Memory.start(sources, frames, 2))
    several = [next(made).image for _ in range(3 * T)]
    assert len(several) == 3 * T


def test_what_cannot_be_rolled_out_is_named(sources, frames):
    with pytest.raises(CourseError, match=r"memory of 2 frames.*6 sources and 1 frames"):
        Memory.start(sources, frames[:, :1], 2)
    with pytest.raises(CourseError, match="are no clip"):
        rollout(mean_of_the_past, sources[:, :0], Memory.start(sources, frames, 2))
