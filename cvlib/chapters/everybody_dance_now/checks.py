"""The checks of chapter 09: each names the first property that an answer lacks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from cvlib.chapters.everybody_dance_now import solutions
from cvlib.course.page.answers import Wrong, apart, close, expect, function, number, tensor
from cvlib.dance.placing import PoseStats

SOURCE = PoseStats(max=240.0, min=180.0, median=205.0, close=170.0, far=120.0)
TARGET = PoseStats(max=250.0, min=200.0, median=226.0, close=136.0, far=144.0)
CENTER = 127.5


def _person(foot: float) -> Tensor:
    """A nose, a wrist and a foot (3, 2), the foot on this row."""
    return torch.tensor(
        [[120.0, foot - 150], [171.0, foot - 80], [133.0, foot]], dtype=torch.float64
    )


def _placed(points: Tensor, source: PoseStats, target: PoseStats) -> Tensor:
    """The placing of the page, for points (K, 2) whose last is the foot."""
    a = float(points[-1, 1])
    u = (a - source.min) / (source.max - source.min)
    foot = target.min + u * (target.max - target.min)
    far = target.far / source.far
    c = far + u * (target.close / source.close - far)
    x = (points[:, 0] - CENTER) * c + CENTER
    return torch.stack([x, (points[:, 1] - a) * c + foot], 1)


def check_undo(answer: Any) -> None:
    """09.1: there and back, near, far and between, where swapping the people fails."""
    undo = function(answer, "undo(placed, source, target, center)")
    for foot in (SOURCE.max, SOURCE.min, 214.0, 250.0):
        points = _person(foot)
        placed = _placed(points, SOURCE, TARGET)
        got = tensor(undo(placed, SOURCE, TARGET, CENTER), (3, 2), "the points")
        if not close(got, points, 1e-6):
            _name_the_way_back(got, placed, points)


def _name_the_way_back(got: Tensor, placed: Tensor, points: Tensor) -> None:
    foot = float(points[-1, 1])
    if close(got, placed) or close(got, _placed(placed, SOURCE, TARGET)):
        raise Wrong("that goes there, not back")
    if close(got, _placed(placed, TARGET, SOURCE), 1e-6):
        raise Wrong(
            f"swapping the people is right at the ends and wrong at a foot on row {foot:g}: "
            "the scale back is 1 / c, and 1 / c is not affine in u"
        )
    if not close(got[-1, 1], points[-1, 1], 1e-6):
        shown = apart(float(got[-1, 1]), foot)
        raise Wrong(f"the foot came from row {shown[1]}, not {shown[0]}: find u from m(a) first")
    if not close(got[:, 1], points[:, 1], 1e-6):
        raise Wrong("the feet are back, the heads are not: sizes change about the foot, by 1 / c")
    raise Wrong("rows are right, columns are not: they are scaled about the middle column")


MISSES = (  # low, high, far, close, first
    (180.0, 240.0, 1.2, 1.2, 180.0),  # one scale: the farther, the worse
    (180.0, 240.0, 1.2, 1.2, 240.0),
    (180.0, 240.0, 1.3, 0.9, 240.0),  # the vertex of the parabola lies outside
    (180.0, 240.0, 1.4, 1.0, 180.0),  # and here inside
    (180.0, 240.0, 1.4, 1.0, 181.0),  # between two rows of pixels
    (100.0, 200.0, 0.7, 1.1, 110.0),
    (180.0, 240.0, 1.0, 1.0, 200.0),  # nothing changes size
)


def check_worst_miss(answer: Any) -> None:
    """09.2: constant scales, parabolas with the vertex outside and inside, and no change at all."""
    worst = function(answer, "worst_miss(low, high, far, close, first)")
    for case in MISSES:
        got = number(worst(*case), "the miss")
        right = solutions.worst_miss(*case)
        if not close(got, right, 1e-6):
            _name_the_miss(got, right, case)


def _name_the_miss(got: float, right: float, case: tuple[float, ...]) -> None:
    low, high, far, near, first = case
    ends = [(far - 1) * (low - first), (near - 1) * (high - first)]
    whole = max(abs(far * (low - first)), abs(near * (high - first)))
    if close(-got, right, 1e-6):
        raise Wrong("a miss has no sign here: take its size")
    if right > 0 and close(got, whole, 1e-6):
        raise Wrong("a scale of 1 moves nobody: it is c - 1 that counts")
    if close(got, max(map(abs, ends)), 1e-6):
        raise Wrong(
            "you looked at both ends of the stage: c(a) changes on the way, so the miss is a "
            "parabola in a, and the worst may lie between"
        )
    if close(got, min(map(abs, ends)), 1e-6) or got < right:
        shown = apart(got, right)
        raise Wrong(f"somewhere on the stage the feet miss by {shown[1]}, more than {shown[0]}")
    shown = apart(got, right)
    raise Wrong(f"no foot on the stage misses by {shown[0]}: the most is {shown[1]}")


def check_coverage(answer: Any) -> None:
    """09.3: the sum over a column at any offset, for sticks wider and thinner than a pixel."""
    cover = function(answer, "coverage(d, width)")
    rows = torch.arange(-8, 9, dtype=torch.float64)
    for width in (3.0, 1.0, 0.6, 0.2):
        for offset in (0.0, 0.25, 0.5, -0.4):
            d = rows - offset
            got = tensor(cover(d, width), (17,), "the coverage").double()
            right = solutions.coverage(d, width)
            if not close(got, right):
                _name_the_profile(got, right, d, width)


def _name_the_profile(got: Tensor, right: Tensor, d: Tensor, width: float) -> None:
    shown = f"a stick {width:g} wide"
    expect(got.min() >= -1e-6, f"{shown} covers a share below 0 of some pixel")
    if close(got, (d.abs() <= width / 2).double()):
        raise Wrong("that is all or nothing: a pixel half under the stick is half covered")
    if close(got, (width / 2 - d + 0.5).clamp(0, 1)) and not close(got, got.flip(0)):
        raise Wrong("d has a sign here: the stick has two sides")
    total = float(got.sum())
    if close(total, width, 1e-4):
        raise Wrong(f"{shown} has the right sum, spread over the wrong pixels")
    if width < 1 and close(got, (width / 2 - d.abs() + 0.5).clamp(0, 1)):
        raise Wrong(
            f"that is the page's formula: {shown} would cover {total:.2f} pixels of a column, "
            "more than its width"
        )
    raise Wrong(f"{shown} covers {width:g} pixels of each column, yours covers {total:.3g}")


def check_smooth_lines(answer: Any) -> None:
    """09.4: what stays, what moves evenly to the last frame, gaps, unequal trust, and jitter."""
    smooth = function(answer, "smooth_lines(track, confidence, sigma)")
    sure = torch.ones(25, dtype=torch.float64)
    time = torch.arange(25, dtype=torch.float64)
    steady = torch.stack([40 + 2.5 * time, 90 - 1.5 * time], 1)  # (25, 2)
    still = torch.full((25, 2), 7.0, dtype=torch.float64)
    expect(_agree(smooth, still, sure, still), "a joint that does not move must stay")
    if not _agree(smooth, steady, sure, steady):
        got = tensor(smooth(steady, sure, 1.5), (25, 2), "the track")
        if close(got[8:-8], steady[8:-8]):
            raise Wrong("even motion is right inside and lags at the ends: that is a mean, no line")
        raise Wrong("even motion is a line already: it must come back as it is")
    if close(tensor(smooth(_bent(), sure, 1.5), (25, 2), "the track"), _bent()):
        raise Wrong("you return the track as it came: noise would stay")

    gaps = sure.clone()
    gaps[[0, 6, 7, 15]] = 0
    broken = torch.where(gaps[:, None] > 0, steady, torch.zeros_like(steady))
    expect(_agree(smooth, broken, gaps, steady), "frames of confidence 0 have no vote: "
           "what lies at (0, 0) there must not pull")  # fmt: skip

    trust = torch.rand(25, dtype=torch.float64) * 0.9 + 0.1
    right = solutions.smooth_lines(_bent(), trust, 2.0)
    got = tensor(smooth(_bent(), trust, 2.0), (25, 2), "the track")
    if close(got, right):
        return
    if close(got, solutions.smooth_lines(_bent(), (trust > 0).double(), 2.0)):
        raise Wrong("a frame half as sure has half the vote: multiply the weights by confidence")
    if close(got, solutions.smooth_lines(_bent(), trust, 2.0 / math.sqrt(2))):
        raise Wrong("the Gaussian has the half missing: exp(-(lag / sigma)^2 / 2)")
    if close(got, right, 0.015):
        raise Wrong("nearly: frames far away have a small vote too, so cut no window")
    raise Wrong("not the least-squares line with Gaussian weights times confidence")


def _agree(smooth: Callable[..., Any], track: Tensor, trust: Tensor, right: Tensor) -> bool:
    return close(tensor(smooth(track, trust, 1.5), (25, 2), "the track"), right, 1e-4)


def _bent() -> Tensor:
    """A track (25, 2) that no line follows."""
    time = torch.arange(25, dtype=torch.float64)
    return torch.stack([20 * torch.sin(0.9 * time), 15 * torch.cos(1.7 * time)], 1)


def check_elbow(answer: Any) -> None:
    """09.5: lengths, the side, an arm of unequal bones, and wrists out of reach and too near."""
    elbow = function(answer, "elbow(shoulder, wrist, upper, lower)")
    shoulder = torch.tensor([30.0, 20.0], dtype=torch.float64)
    for angle in (0.3, 1.9, -2.2):
        ahead = torch.tensor([math.cos(angle), math.sin(angle)], dtype=torch.float64)
        for distance, upper, lower in ((24.0, 14.0, 14.0), (22.0, 10.0, 18.0), (15.0, 20.0, 9.0)):
            wrist = shoulder + distance * ahead
            got = tensor(elbow(shoulder, wrist, upper, lower), (2,), "the elbow").double()
            _check_bent(got, shoulder, wrist, upper, lower)
        for distance, upper, lower in ((50.0, 14.0, 16.0), (3.0, 18.0, 8.0), (3.0, 8.0, 18.0)):
            wrist = shoulder + distance * ahead
            got = tensor(elbow(shoulder, wrist, upper, lower), (2,), "the elbow")
            right = solutions.elbow(shoulder, wrist, upper, lower)
            where = "out of reach" if distance > upper + lower else "too near to fold"
            expect(close(got, right), f"a wrist {where}: keep the upper arm's length and lie "
                   "along the way to the wrist")  # fmt: skip


def _check_bent(got: Tensor, shoulder: Tensor, wrist: Tensor, upper: float, lower: float) -> None:
    right = solutions.elbow(shoulder, wrist, upper, lower)
    if close(got, right):
        return
    if close(got, solutions.elbow(wrist, shoulder, lower, upper)):
        raise Wrong("the elbow bends to the other side: right of the way to the wrist, y down")
    lengths = (got - shoulder).norm(), (got - wrist).norm()
    if close(lengths[0], lower) and close(lengths[1], upper) and upper != lower:
        raise Wrong("upper arm and forearm changed places")
    shown = apart(float(lengths[0]), upper)
    expect(close(lengths[0], upper), f"the upper arm is {shown[0]} long, not {shown[1]}")
    shown = apart(float(lengths[1]), lower)
    raise Wrong(f"the forearm is {shown[0]} long, not {shown[1]}")


def check_wrongly_accused(answer: Any) -> None:
    """09.6: rare and common fakes, scores on the threshold, and a detector that flags nobody."""
    accused = function(answer, "wrongly_accused(real, fake, threshold, share)")
    real = torch.tensor([-2.0, -1.0, -0.5, 0.0, 0.0, 0.4, 0.9, -3.0], dtype=torch.float64)
    fake = torch.tensor([0.0, 0.6, 2.0, 3.0, -0.2], dtype=torch.float64)
    for threshold, share in ((0.2, 0.5), (0.0, 0.5), (0.0, 0.01), (0.5, 0.001), (-9.0, 0.25)):
        got = number(accused(real, fake, threshold, share), "the share")
        right = solutions.wrongly_accused(real, fake, threshold, share)
        if not close(got, right, 1e-6):
            _name_the_injustice(got, right, (real, fake, threshold, share))
    nobody = number(accused(real, fake, 99.0, 0.01), "the share")
    expect(nobody == 0, "a detector that flags nobody accuses nobody: 0")


def _name_the_injustice(got: float, right: float, case: tuple[Any, ...]) -> None:
    real, fake, threshold, share = case
    flagged = int((real > threshold).sum()), int((fake > threshold).sum())
    if close(got, 1 - right, 1e-6):
        raise Wrong("that is the share of flagged clips that are generated: ask for the others")
    if close(got, flagged[0] / len(real), 1e-6):
        raise Wrong("that is the share of real clips that are flagged: ask it of the flagged ones")
    if close(got, flagged[0] / sum(flagged), 1e-6):
        raise Wrong(
            "you count in the test set: out there the share of generated clips is another, "
            "so weigh the two rates by it"
        )
    if close(got, solutions.wrongly_accused(real, fake, threshold, 1 - share), 1e-6):
        raise Wrong("`share` is that of generated clips: real ones are the rest")
    if close(got, solutions.wrongly_accused(real, fake, threshold - 1e-9, share), 1e-6):
        raise Wrong("a score on the threshold does not exceed it")
    shown = apart(got, right)
    raise Wrong(f"with {share:.1%} generated, {shown[1]} of the flagged are real, not {shown[0]}")
