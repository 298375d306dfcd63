"""How the exercises of chapter 07 are judged: the first property that fails is named."""

from __future__ import annotations

from typing import Any

import torch

from cvlib.chapters.ganimation import solutions
from cvlib.course.page.answers import Wrong, apart, close, expect, function, number, several, tensor
from cvlib.gan.compose import compose


def check_repainted(answer: Any) -> None:
    """07.1: masks of both conventions, of small and of large changes."""
    read = function(answer, "repainted(image, color, result, mask)")
    for mean in (0.1, 0.9):
        image, color = torch.rand(2, 2, 3, 6, 6, dtype=torch.float64)
        share = (mean + 0.2 * (torch.rand(2, 1, 6, 6, dtype=torch.float64) - 0.5)).clamp(0, 1)
        result = compose(image, color, share)
        for mask, kind in ((share, "share that is repainted"), (1 - share, "share that is kept")):
            got = tensor(read(image, color, result, mask), share.shape, "the mask")
            if close(got, share):
                continue
            if close(got, mask):
                raise Wrong(f"this mask is the {kind}: turn it round")
            if close(got, 1 - mask) and mean > 0.5:
                raise Wrong("a large mask need not mean keeping: compose with it and compare")
            if close(got, 1 - mask):
                raise Wrong(f"this mask is the {kind} already: ask the result, not a habit")
            raise Wrong("return the mask itself, or one minus it, pixel by pixel")


def check_patch_penalties(answer: Any) -> None:
    """07.2: random patches, parallel ones, and ones that cancel."""
    penalties = function(answer, "patch_penalties(W)")
    W = torch.randn(4, 10, dtype=torch.float64)
    cases = (W, W[:1].repeat(5, 1), torch.cat([W, -W]), 3 * torch.eye(6, dtype=torch.float64))
    for case in cases:
        got = several(penalties(case), 2, "the penalty of the mean and of the sum")
        mean, total = (number(value, "the penalty") for value in got)
        right = [float(value) for value in solutions.patch_penalties(case)]
        if close(mean, right[0]) and close(total, right[1]):
            continue
        if close(mean, right[1]) and close(total, right[0]):
            raise Wrong("the two are swapped: the mean comes first")
        each = (case.norm(dim=1) - 1).square().mean()
        if close(mean, each) or close(total, each):
            raise Wrong("you penalise each patch: a picture has one score, so one gradient")
        if close(mean, right[0] ** 0.5) or close(mean, abs(case.mean(0).norm() - 1)):
            raise Wrong("the distance of the length from 1 is squared")
        if close(mean, case.mean(0).square().sum()):
            raise Wrong("lengths should be 1, not 0: subtract it before squaring")
        shown = apart(mean, right[0]) if not close(mean, right[0]) else apart(total, right[1])
        raise Wrong(f"with {len(case)} patches the penalty is {shown[1]}, not {shown[0]}")


def check_droop(answer: Any) -> None:
    """07.3: its size at the corners, both sides, its reach, and how it grows."""
    move = function(answer, "droop(x, y, corner_x, corner_y, strength)")
    for corner in ((0.2, 0.35), (0.26, 0.31)):
        _check_one_mouth(move, *corner)


def _check_one_mouth(move: Any, corner_x: float, corner_y: float) -> None:
    x, y = torch.rand(2, 400, dtype=torch.float64) * 1.6 - 0.8

    def at(px: torch.Tensor, py: torch.Tensor, strength: float) -> torch.Tensor:
        return tensor(move(px, py, corner_x, corner_y, strength), px.shape, "the shift").double()

    sides = torch.tensor([corner_x, -corner_x], dtype=torch.float64)
    both = at(sides, torch.full_like(sides, corner_y), 1.0)
    expect(float(both[0]) > 0, "y grows downwards: a corner that is pulled down moves by +0.075")
    expect(close(both[0], 0.075, 1e-3), "at full strength a corner moves by 0.075")
    expect(close(both[0], both[1]), "both corners are pulled: use |x|")
    far = ((x.abs() - corner_x).square() + (y - corner_y).square()).sqrt() > 0.15
    shift = at(x, y, 1.0)
    expect(close(shift[far], 0.0, 1e-6), "a point farther than 0.15 from both corners moves")
    expect(bool((shift >= -1e-9).all()), "some points move up")
    expect(close(at(x, y, 0.0), 0.0), "at strength 0 nothing moves")
    expect(close(at(x, y, 0.5), 0.5 * shift), "half the strength moves a point half as far")
    ring = torch.linspace(0, 0.1499, 30, dtype=torch.float64)
    along = at(corner_x + 0 * ring, corner_y + ring, 1.0)
    expect(bool((along.diff() <= 1e-9).all()), "the shift fades with the distance from the corner")
    jump = along.diff().abs().max() > 0.02 or along[-1] > 0.003
    expect(not jump, "the shift ends in a jump: skin tears there")


def check_absolute_agreement(answer: Any) -> None:
    """07.4: shifts, scales, and a small table."""
    agree = function(answer, "absolute_agreement(a, b)")
    a = torch.randn(30, dtype=torch.float64)
    table = torch.tensor([[9.0, 6, 8, 7, 10, 6], [2.0, 1, 4, 1, 5, 2]], dtype=torch.float64)
    cases = ((a, 0.5 * a + 1), (a, a + 2), (a, a), (a, torch.randn(30).double()), tuple(table))
    for one, other in cases:
        got = number(agree(one, other), "the agreement")
        right = float(solutions.absolute_agreement(one, other))
        if close(got, right, 1e-4):
            continue
        pearson = float(torch.corrcoef(torch.stack([one, other]))[0, 1])
        if close(got, pearson, 1e-4):
            raise Wrong("that is Pearson's correlation, which forgives a shift and a scale")
        if close(got, _consistency(one, other), 1e-4):
            raise Wrong("that is ICC(3,1): a constant shift costs nothing in it")
        shown = apart(got, right)
        raise Wrong(f"on a small table the agreement is {shown[1]}, not {shown[0]}")


def _consistency(a: torch.Tensor, b: torch.Tensor) -> float:
    from cvlib.metrics.agreement import icc

    return icc(a, b)


def check_break_even(answer: Any) -> None:
    """07.5: the price, its parts, and a face that is not worth painting."""
    price = function(answer, "break_even(read, copied, shown, cycle, returned, attention)")
    for case in ((30.0, 0.16, 0.04, 10.0, 0.02, 0.08), (60.0, 0.2, 0.05, 5.0, 0.1, 0.3),
                 (1.0, 0.12, 0.1, 10.0, 0.05, 0.1)):  # fmt: skip
        read, copied, shown, *_, attention = case
        got = number(price(*case), "the price")
        right = solutions.break_even(*case)
        if close(got, right, 1e-4):
            continue
        if close(got, 2 * right, 1e-4):
            raise Wrong("two maps are paid for, there and back")
        if close(got, read * (copied - shown) / (2 * attention), 1e-4):
            raise Wrong("a copy comes back without error: what the cycle costs counts too")
        if close(got, right * 2 * attention, 1e-4):
            raise Wrong("that is what painting saves: divide by what one unit of price costs")
        if close(got, -right, 1e-4):
            raise Wrong("the sign: painting saves reading error and costs cycle error")
        if right < 0 and close(got, 0, 1e-6):
            raise Wrong("a negative price is an answer: there copying is cheaper even for free")
        values = apart(got, right)
        raise Wrong(f"on an example the price is {values[1]}, not {values[0]}")


def check_smile_and_lips(answer: Any) -> None:
    """07.6: one-sided smiles, a dropped jaw, and closed lips."""
    controls = function(answer, "smile_and_lips(scores)")
    names = ("mouthSmile", "mouthLowerDown", "mouthUpperUp")
    neutral = {f"{name}{side}": 0.0 for name in names for side in ("Left", "Right")}
    neutral |= {"jawOpen": 0.0, "mouthClose": 0.0}

    def at(**scores: float) -> list[float]:
        values = several(controls({**neutral, **scores}), 2, "AU 12 and AU 25")
        return [number(value, "a control") for value in values]

    expect(close(at(mouthSmileLeft=0.6, mouthSmileRight=0.6)[0], 0.6), "AU 12 is the smile's score")
    one_sided = at(mouthSmileLeft=0.8, mouthSmileRight=0.2)[0]
    expect(close(one_sided, 0.5), "left and right are averaged")
    expect(close(at(jawOpen=0.4)[1], 0.6), "a dropped jaw parts the lips one and a half times")
    lips = at(jawOpen=0.2, mouthUpperUpLeft=0.5, mouthUpperUpRight=0.5)[1]
    expect(close(lips, 0.5), "the strongest of the three counts, not their sum")
    lower = at(jawOpen=0.1, mouthLowerDownLeft=0.8, mouthLowerDownRight=0.2)[1]
    expect(close(lower, 0.5), "the lower lip counts too, both its sides averaged")
    upper = at(mouthUpperUpLeft=0.2, mouthUpperUpRight=0.8)[1]
    expect(close(upper, 0.5), "the upper lip's two sides are averaged")
    expect(close(at(jawOpen=0.4, mouthClose=0.5)[1], 0.1), "`mouthClose` is taken off")
    expect(close(at(mouthClose=0.5)[1], 0.0), "a control below 0 is 0")
    expect(close(at(jawOpen=1.0)[1], 1.0), "a control above 1 is 1")
