"""Composition at its limits, and how the generators begin."""

import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.video.generator import SequentialGenerator, Translator, compose, compose_foreground


@pytest.fixture
def images() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.rand(1, 3, 4, 4, generator=generator) for _ in range(3)]


def test_the_mask_chooses(images):
    warped, raw, _ = images
    ones = torch.ones(1, 1, 4, 4)
    assert torch.equal(compose(warped, raw, 0 * ones), warped)
    assert torch.equal(compose(warped, raw, ones), raw)
    between = compose(warped, raw, torch.rand(1, 1, 4, 4))
    assert (between >= torch.minimum(warped, raw) - 1e-6).all()
    assert (between <= torch.maximum(warped, raw) + 1e-6).all()


def test_the_foreground_in_the_paper_and_in_the_code():
    """By hand: w = 10, h_B = 20, h_F = 40, m = 1/4, on a background and on a foreground pixel."""
    warped, background, foreground = (torch.full((1, 3, 1, 2), v) for v in (10.0, 20.0, 40.0))
    mask = torch.full((1, 1, 1, 2), 0.25)
    is_background = torch.tensor([1.0, 0.0]).view(1, 1, 1, 2)
    paper = compose_foreground(warped, background, foreground, mask, is_background, "paper")
    code = compose_foreground(warped, background, foreground, mask, is_background, "code")
    assert paper[0, 0, 0].tolist() == [12.5, 17.5]
    assert code[0, 0, 0].tolist() == [12.5, 40.0]  # a foreground pixel is never warped


@pytest.mark.parametrize("how", ["paper", "code"])
def test_where_all_is_background_both_are_the_plain_composition(images, how):
    warped, background, foreground = images
    mask = torch.rand(1, 1, 4, 4)
    out = compose_foreground(warped, background, foreground, mask, torch.ones(1, 1, 4, 4), how)
    torch.testing.assert_close(out, compose(warped, background, mask))


def test_it_begins_by_standing_still_and_trusting_the_warp():
    G = SequentialGenerator(5, width=4, blocks=1)
    out = G(torch.rand(2, 3, 5, 16, 24), torch.rand(2, 2, 3, 16, 24))
    assert (out.flow == 0).all()
    torch.testing.assert_close(
        out.mask, torch.full_like(out.mask, torch.sigmoid(torch.tensor(-1.0)))
    )
    assert out.raw.abs().max() <= 1


def test_the_last_frame_is_the_one_that_is_warped():
    G = SequentialGenerator(5, width=4, blocks=1)
    past = torch.rand(2, 2, 3, 16, 24)
    out = G(torch.rand(2, 3, 5, 16, 24), past)
    torch.testing.assert_close(out.warped, past[:, -1], atol=1e-5, rtol=0)
    torch.testing.assert_close(out.image, compose(out.warped, out.raw, out.mask))


def test_without_flow_the_hallucination_is_the_frame():
    G = SequentialGenerator(5, width=4, blocks=1, use_flow=False)
    out = G(torch.rand(1, 3, 5, 16, 24), torch.rand(1, 2, 3, 16, 24))
    assert out.flow is None
    assert out.mask is None
    assert torch.equal(out.image, out.raw)


@pytest.fixture
def with_foreground() -> SequentialGenerator:
    torch.manual_seed(0)
    return SequentialGenerator(5, width=4, blocks=1, foreground=2)


def test_a_net_of_its_own_paints_the_foreground_and_sees_no_past(with_foreground):
    """Other past frames change the hallucination on the background and nowhere else (Eq. 9)."""
    window = torch.rand(1, 3, 5, 16, 24)
    window[:, -1, 2] = (torch.arange(24) < 10).float()  # foreground: the ten columns on the left
    one, other = (with_foreground(window, torch.rand(1, 2, 3, 16, 24)).raw for _ in range(2))
    assert torch.equal(one[..., :10], other[..., :10])
    assert (one[..., 10:] != other[..., 10:]).any()


def test_the_foreground_is_warped_too_as_the_paper_writes_it(with_foreground):
    window, past = torch.rand(1, 3, 5, 16, 24), torch.rand(1, 2, 3, 16, 24)
    window[:, -1, 2] = 1.0
    out = with_foreground(window, past)
    torch.testing.assert_close(out.image, compose(out.warped, out.raw, out.mask))


def test_without_foreground_both_generators_are_one(with_foreground):
    """On a background alone the second net is not seen."""
    window, past = torch.rand(1, 3, 5, 16, 24), torch.rand(1, 2, 3, 16, 24)
    window[:, -1, 2] = 0.0
    plain = SequentialGenerator(5, width=4, blocks=1)
    plain.load_state_dict(with_foreground.state_dict(), strict=False)
    torch.testing.assert_close(with_foreground(window, past).image, plain(window, past).image)


def test_memory_of_colour_survives_the_encoder():
    """Two past frames of one colour each must give different codes; instance norm would not."""
    torch.manual_seed(0)
    G = SequentialGenerator(5, width=8, blocks=1)
    codes = [G.encode_past(torch.full((1, 6, 16, 24), v)) for v in (0.2, 0.9)]
    assert (codes[0] - codes[1]).abs().mean() > 0.2 * codes[0].abs().mean()


def test_odd_sizes_are_refused_with_the_remedy():
    with pytest.raises(CourseError, match=r"30 x 64 cannot be halved 2 times.*multiples of 4"):
        Translator(5, width=4)(torch.rand(1, 5, 30, 64))
    with pytest.raises(CourseError, match="cannot be halved"):
        SequentialGenerator(5, width=4)(torch.rand(1, 3, 5, 32, 66), torch.rand(1, 2, 3, 32, 66))
