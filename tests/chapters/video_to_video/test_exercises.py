"""Chapter 08's exercises: right answers pass, plausible wrong ones are named."""

import pytest
import torch
import torch.nn.functional as F

from cvlib.chapters.video_to_video import solutions as s
from cvlib.chapters.video_to_video.checks import cast_ground
from cvlib.chapters.video_to_video.exercises import EXERCISES
from cvlib.course.page.exercises import judge
from cvlib.synth.raycast import motion
from cvlib.synth.street import draw_street
from cvlib.video.clips import temporal_index
from cvlib.video.generator import compose_foreground
from cvlib.video.metrics import mask_iou
from tests.course.exercise_tests import assert_exercise


def linear_stride(T, K, scales):
    return [list(range(T - 1 - (K - 1) * (x + 1), T, x + 1)) for x in range(scales)]


def from_the_start(T, K, scales):
    return [list(range(0, (K - 1) * K**x + 1, K**x)) for x in range(scales)]


def never_empty(T, K, scales):
    return [list(range(max(0, T - 1 - (K - 1) * K**x), T, K**x)) for x in range(scales)]


def bilinear_labels(labels, flow, ignore):
    H, W = labels.shape
    y, x = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    grid = torch.stack([2 * (x + flow[0]) / (W - 1) - 1, 2 * (y + flow[1]) / (H - 1) - 1], -1)
    moved = F.grid_sample(labels[None, None].double(), grid[None].double(), align_corners=True)
    return moved[0, 0].round()


def bordered_labels(labels, flow, ignore):
    H, W = labels.shape
    y, x = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    column = (x + flow[0]).round().long().clamp(0, W - 1)
    return labels[(y + flow[1]).round().long().clamp(0, H - 1), column]


def rolled_labels(labels, flow, ignore):
    H, W = labels.shape
    y, x = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    return labels[(y + flow[1]).round().long() % H, (x + flow[0]).round().long() % W]


def first_order(size, focal, height, step):
    H, W = size
    v, u = torch.meshgrid(torch.arange(H).double(), torch.arange(W).double(), indexing="ij")
    below = v - (H - 1) / 2
    z = focal * height / below.clamp(min=1e-9)
    shrink = torch.where(below > 0, step / z, 0.0)
    return torch.stack([-(u - (W - 1) / 2) * shrink, -below * shrink])


def off_centre(size, focal, height, step):
    H, W = size
    v, u = torch.meshgrid(torch.arange(H).double(), torch.arange(W).double(), indexing="ij")
    below = v - (H - 1) / 2
    z = focal * height / below.clamp(min=1e-9)
    shrink = torch.where(below > 0, step / (z + step), 0.0)
    return torch.stack([-(u - W / 2) * shrink, -below * shrink])


def no_sky(size, focal, height, step):
    H, W = size
    v, u = torch.meshgrid(torch.arange(H).double(), torch.arange(W).double(), indexing="ij")
    below = v - (H - 1) / 2 + 1e-9
    shrink = step / (focal * height / below.abs() + step)
    return torch.stack([-(u - (W - 1) / 2) * shrink, -below * shrink])


def overwritten(flow):
    H, W = flow.shape[1:]
    y, x = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    to_x, to_y = x + flow[0], y + flow[1]
    landed = torch.zeros(H * W, dtype=flow.dtype)
    for right in (0, 1):
        for down in (0, 1):
            column, row = to_x.floor() + right, to_y.floor() + down
            share = (1 - (to_x - column).abs()) * (1 - (to_y - row).abs())
            inside = (column >= 0) & (column < W) & (row >= 0) & (row < H)
            landed[(row * W + column)[inside].long()] += share[inside]
    return landed.reshape(H, W)


def kept_at_the_border(flow):
    H, W = flow.shape[1:]
    y, x = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    x, y = (x + flow[0]).clamp(0, W - 1), (y + flow[1]).clamp(0, H - 1)
    still = torch.stack(torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")).flip(0)
    return s.landings(torch.stack([x, y]) - still)


WRONG = {
    "08.1": {
        "linear strides": (linear_stride, "K to the power of the pace"),
        "the oldest run": (from_the_start, "end in the newest frame"),
        "never empty": (never_empty, "should be empty"),
        "backwards": (lambda T, K, n: [r[::-1] for r in s.last_runs(T, K, n)], "order of time"),
        "all empty": (lambda T, K, n: [[]] * n, "does fit"),
        "one pace": (lambda T, K, n: s.last_runs(T, K, 1), "3 paces have 3 runs"),
        "one frame more": (lambda T, K, n: s.last_runs(T, K + 1, n), "a run has K frames"),
    },
    "08.2": {
        "swapped": (lambda m, b: s.shares(m, b)[::-1], "are swapped"),
        "the mask of the warp": (lambda m, b: s.shares(1 - m, b), "at m = 1 nothing is warped"),
        "the mask of foreground": (lambda m, b: s.shares(m, 1 - b), "is_background is 1"),
        "the paper twice": (lambda m, b: (s.shares(m, b)[0],) * 2, "foreground is never warped"),
        "sums": (lambda m, b: tuple(2 * x for x in s.shares(m, b)), "do not add up to 1"),
        "one": (lambda m, b: s.shares(m, b)[0], "expected 2 things"),
        "a choice": (lambda m, b: s.shares(m, (b > 0.5).to(b)), "take it as a weight"),
        "any at all": (lambda m, b: s.shares(m, b.bool().to(b)), "take it as a weight"),
    },
    "08.3": {
        "bilinear": (bilinear_labels, "labels appear that were not there"),
        "the other way": (lambda x, f, i: s.warp_labels(x, -f, i), "the other way"),
        "swapped": (lambda x, f, i: s.warp_labels(x, f.flip(0), i), "channel 0 of the flow"),
        "the border": (bordered_labels, "mark it with `ignore`"),
        "around the border": (rolled_labels, "mark it with `ignore`"),
        "cut off": (lambda x, f, i: s.warp_labels(x, f.trunc(), i), "round to the nearest"),
        "rounded down": (lambda x, f, i: s.warp_labels(x, f.floor(), i), "round to the nearest"),
        "always 255": (lambda x, f, i: s.warp_labels(x, f, 255), "`ignore` is an argument"),
    },
    "08.4": {
        "uphill": (lambda *a: -s.ground_flow(*a), "the sign"),
        "forward in time": (
            lambda size, f, h, step: -s.ground_flow(size, f, h, -step),
            "leads to the next frame",
        ),
        "first order": (first_order, "divides by z"),
        "swapped": (lambda *a: s.ground_flow(*a).flip(0), "channel 0 of the flow"),
        "off centre": (off_centre, "vanishing point is at column"),
        "no sky": (no_sky, "above it the flow is 0"),
        "higher": (lambda size, f, h, d: s.ground_flow(size, f, 2 * h, d), "depth of the ground"),
    },
    "08.5": {
        "overwritten": (overwritten, "do not overwrite"),
        "nearest": (lambda f: s.landings((f + 0.01).round()), "shared out among"),
        "rounded down": (lambda f: s.landings(f.floor()), "shared out among"),
        "backward": (lambda f: s.landings(-f), "p lands on p + flow"),
        "swapped": (lambda f: s.landings(f.flip(0)), "channel 0 of the flow"),
        "kept": (kept_at_the_border, "more lands than left"),
        "all ones": (lambda f: torch.ones(6, 9), "shared out among"),
    },
    "08.6": {
        "outwards": (
            lambda c, w, n: (w - 1) / 2 + (c - (w - 1) / 2) * (w / (w - 1)) ** n,
            "moves the other way",
        ),
        "half a pixel each": (lambda c, w, n: c - n / 2, "must stay where it is"),
        "added up": (
            lambda c, w, n: c + n * (s.drifted(c, w, 1) - c),
            "multiply, do not add",
        ),
        "once": (lambda c, w, n: s.drifted(c, w, min(n, 1)), "that is one warp"),
        "nothing": (lambda c, w, n: c, "is at"),
    },
}


@pytest.mark.parametrize("id", EXERCISES)
def test_right_answers_pass_and_wrong_ones_are_named(id):
    assert_exercise(EXERCISES[id], WRONG[id])


def written_as_powers(T, K, scales):
    paces = [K**x for x in range(scales)]
    return tuple(tuple(range(T - 1 - (K - 1) * p, T, p)) if (K - 1) * p < T else () for p in paces)


def looked_up_one_by_one(labels, flow, ignore):
    H, W = labels.shape
    out = torch.full((H, W), ignore)
    for y in range(H):
        for x in range(W):
            row, column = round(float(y + flow[1, y, x])), round(float(x + flow[0, y, x]))
            if 0 <= row < H and 0 <= column < W:
                out[y, x] = labels[row, column]
    return out.numpy()


def shared_by_where(mask, is_background):
    fore = 1 - is_background
    paper = torch.stack([1 - mask, mask - mask * fore, mask * fore])
    code = torch.stack([is_background - is_background * mask, is_background * mask, fore])
    return [paper, code]


def projected_twice(size, focal, height, step):
    H, W = size
    rows = torch.arange(H).double()[:, None] - (H - 1) / 2
    columns = torch.arange(W).double() - (W - 1) / 2
    part = (rows * step / (focal * height + rows * step)).expand(H, W) * (rows > 0)
    return torch.stack([-columns * part, -rows * part])


def counted_one_by_one(flow):
    H, W = flow.shape[1:]
    landed = torch.zeros(H, W)
    for y in range(H):
        for x in range(W):
            away_x = (torch.arange(W) - x - flow[0, y, x]).abs()
            away_y = (torch.arange(H) - y - flow[1, y, x]).abs()
            landed += (1 - away_y).clamp(min=0)[:, None] * (1 - away_x).clamp(min=0)
    return landed


def drifted_step_by_step(column, width, times):
    for _ in range(times):
        column = (column + 0.5) * (width - 1) / width
    return torch.tensor(column)


@pytest.mark.parametrize(
    ("id", "answer"),
    [
        ("08.1", written_as_powers),
        ("08.1", lambda T, K, n: [(temporal_index(T, K, x) or [[]])[-1] for x in range(n)]),
        ("08.2", shared_by_where),
        ("08.3", looked_up_one_by_one),
        ("08.4", projected_twice),
        ("08.4", cast_ground),
        ("08.5", counted_one_by_one),
        ("08.6", drifted_step_by_step),
    ],
)
def test_other_right_answers_pass(id, answer):
    found = judge(EXERCISES[id], answer)
    assert found.status == "right", found


def test_the_shares_are_those_of_the_composition():
    draw = torch.Generator().manual_seed(0)
    parts = [torch.rand(1, 3, 4, 6, generator=draw) for _ in range(3)]
    mask = torch.rand(1, 1, 4, 6, generator=draw)
    b = torch.rand(1, 1, 4, 6, generator=draw).round()
    for how, weight in zip(("paper", "code"), s.shares(mask[0, 0], b[0, 0]), strict=True):
        mixed = sum(w * part for w, part in zip(weight, parts, strict=True))
        torch.testing.assert_close(mixed, compose_foreground(*parts, mask, b, how))


def test_the_drift_is_that_of_grid_sample():
    width, times = 32, 7
    ramp = torch.arange(width).double().expand(1, 1, 2, width)
    x = torch.arange(width).double()
    grid = torch.stack([2 * x / (width - 1) - 1, torch.zeros(width).double()], -1)
    seen = ramp
    for _ in range(times):
        seen = F.grid_sample(
            seen, grid.expand(1, 2, width, 2), padding_mode="border", align_corners=False
        )
    for column in (6.0, 14.0, 25.0):
        at = s.drifted(column, width, times)
        low = int(at)
        value = seen[0, 0, 0, low] + (at - low) * (seen[0, 0, 0, low + 1] - seen[0, 0, 0, low])
        assert value.item() == pytest.approx(column, abs=1e-9)


def test_where_nobody_lands_something_was_hidden():
    street = draw_street(0, (64, 128))
    now, before = street.moment(6), street.moment(5)
    pixels = now.camera.pixels()
    _, visible = motion(pixels, now.cast(pixels), now, before)
    forward, _ = motion(pixels, before.cast(pixels), before, now)
    landed = s.landings(forward.T.reshape(2, 64, 128))
    assert mask_iou(landed.flatten() < 0.4, ~visible) > 0.35
