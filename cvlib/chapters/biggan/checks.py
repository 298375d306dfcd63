"""The checks of chapter 10: each names the first property that an answer lacks."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from cvlib.chapters.biggan import solutions
from cvlib.course.page.answers import (
    Wrong,
    apart,
    by_hand,
    close,
    function,
    number,
    several,
    tensor,
    whole,
)

BETA = 0.3  # of the penalty: no power of it is a half or a quarter


def check_truncated_std(answer: Any) -> None:
    """10.1: the limits, and what is commonly taken for it."""
    std = function(answer, "truncated_std(t)")
    if not close(number(std(8.0), "truncated_std(8)"), 1.0, 1e-4):
        raise Wrong("with a bound as far as 8 hardly anything is cut: the deviation should be 1")
    for t in (0.04, 0.5, 1.0, 2.0):
        got = number(std(t), f"truncated_std({t:g})")
        right = solutions.truncated_std(t)
        if close(got, right, 1e-4):
            continue
        if close(got, right**2, 1e-4):
            raise Wrong("that is the variance: take its root")
        if close(got, t * solutions.truncated_std(2.0), 1e-4):
            raise Wrong("that is noise truncated at 2 and multiplied by t: another trick, wider")
        if close(got, t, 1e-6):
            raise Wrong("that is plain noise times t: values beyond t are still there")
        shown = apart(got, right)
        raise Wrong(f"at t = {t:g} samples have the deviation {shown[1]}, yours is {shown[0]}")


def check_full_penalty_gradient(answer: Any) -> None:
    """10.2: against finite differences, by hand, tall and wide matrices."""
    gradient = function(answer, "full_penalty_gradient(W, beta)")
    for shape in ((4, 9), (6, 3)):
        W = torch.randn(shape, dtype=torch.float64)
        with by_hand("the gradient"):
            got = tensor(gradient(W, BETA), shape, "the gradient")
        right = solutions.full_penalty_gradient(W, BETA)
        if close(got, right):
            continue
        _name_the_fault(got, right, W)
    orthonormal = torch.linalg.qr(torch.randn(7, 4, dtype=torch.float64)).Q.T
    with by_hand("the gradient"):
        still = tensor(gradient(orthonormal, 1.0), (4, 7), "the gradient")
    if not close(still, torch.zeros(4, 7)):
        raise Wrong("orthonormal filters are the minimum: the gradient must be 0 there")


def _name_the_fault(got: Tensor, right: Tensor, W: Tensor) -> None:
    gram = W @ W.T
    off = gram - torch.diag(gram.diagonal())
    if close(2 * got, right):
        raise Wrong("a factor 2 is missing: W stands twice in WW'")
    if any(close(got, factor * right) for factor in (2, BETA, 1 / BETA, 2 / BETA)):
        raise Wrong("beta multiplies the gradient once, and 4 is the whole factor")
    if close(got, 4 * BETA * off @ W):
        raise Wrong("that is the gradient of the modified form: here the diagonal counts too")
    if close(got, -right):
        raise Wrong("the sign: the gradient points uphill")
    raise Wrong("the squared norm does not change as your gradient says: try finite differences")


def check_conditioning(answer: Any) -> None:
    """10.3: both counts, at small sizes and at the paper's."""
    count = function(answer, "conditioning(classes, widths, vector, chunk)")
    for case in ((3, (5,), 2, 1), (10, (48, 32), 16, 12), (1000, (1536, 768, 384), 128, 20)):
        classes, widths, vector, chunk = case
        pair = several(count(classes, list(widths), vector, chunk), 2, "two counts")
        tables, shared = (whole(value, "a count") for value in pair)
        right = solutions.conditioning(*case)
        if 2 * tables == right[0]:
            raise Wrong("each batch norm has a gain and a bias: two tables")
        if tables != right[0]:
            raise Wrong("a table has one row per class and one column per channel")
        if shared + classes * vector == right[1]:
            raise Wrong("the shared table itself is missing: one vector per class")
        if shared - classes * vector == sum(2 * vector * width for width in widths):
            raise Wrong("each linear map also reads the block's chunk of the noise")
        if shared != right[1]:
            raise Wrong("two linear maps a batch norm, from class vector and chunk to channels")


def check_checkpoint_before(answer: Any) -> None:
    """10.4: a calm log, jumps early and late, and saves that do not meet the log's steps."""
    find = function(answer, "checkpoint_before(steps, sigma, saved, growth)")
    steps = list(range(0, 1001, 50))
    saved = list(range(0, 1001, 120))
    calm = [1 + s / 2000 for s in steps]
    if whole(find(steps, calm, saved, 1.5)) != saved[-1]:
        raise Wrong("without a jump the last saved step is the best there is")
    for at in (300, 650, 1000):
        sigma = [v * (2 if s >= at else 1) for s, v in zip(steps, calm, strict=True)]
        got = whole(find(steps, sigma, saved, 1.5))
        right = solutions.checkpoint_before(steps, sigma, saved, 1.5)
        if got == right:
            continue
        if got == at:
            raise Wrong("that is the step of the jump: weights saved there have jumped too")
        if got == saved[-1]:
            raise Wrong("you go back to the last save, which is after the collapse")
        if got not in saved:
            raise Wrong(f"nothing was saved at step {got}")
        raise Wrong(f"the jump is at step {at}: another save is the last one before it")
    slow = [1.2**i for i in range(len(steps))]
    if whole(find(steps, slow, saved, 1.5)) != saved[-1]:
        raise Wrong("compare neighbours in the log: slow growth over the whole run is no jump")
    if whole(find([0, 50, 100], [1.0, 2.0, 2.0], [0, 50], 1.5)) != 0:
        raise Wrong("a save at the very step of the jump is too late")


def check_coverage(answer: Any) -> None:
    """10.5: collapsed, far and equal sets, and the neighbour that is the image itself."""
    share = function(answer, "coverage(real_real, real_fake, k)")
    real = torch.randn(40, 3, dtype=torch.float64)
    between = torch.cdist(real, real)
    cases = {
        "far": real[:9] + 100,
        "some": torch.randn(25, 3, dtype=torch.float64) * 0.6,
        "one": real[:1].repeat(9, 1),
    }
    for name, fake in cases.items():
        across = torch.cdist(real, fake)  # (40, m)
        for k in (3, 1):
            got = number(share(between, across, k), "the coverage")
            right = solutions.coverage(between, across, k)
            if not close(got, right, 1e-6):
                _name_the_miscount(name, got, right, between, across, k)


def _name_the_miscount(
    name: str, got: float, right: float, between: Tensor, across: Tensor, k: int
) -> None:
    if name == "far":
        raise Wrong("fakes far from every real image cover nothing: 0")
    nearer = between.sort(dim=1).values[:, k - 1]
    if close(got, (across.min(1).values <= nearer).double().mean()):
        raise Wrong("an image is its own nearest neighbour, at distance 0: do not count it")
    radius = between.sort(dim=1).values[:, k]
    if close(got, (across <= radius[:, None]).any(0).double().mean()):
        raise Wrong("that is precision, the share of fakes: ask it of the real images")
    if close(got, 100 * right):
        raise Wrong("a share lies between 0 and 1, not in per cent")
    shown = apart(got, right)
    raise Wrong(f"with k = {k} the coverage of a small example is {shown[1]}, not {shown[0]}")


def check_clamped(answer: Any) -> None:
    """10.6: the first value, the others, the directions, and a matrix that needs nothing."""
    clamp = function(answer, "clamped(W, ratio)")
    for shape in ((5, 8), (8, 5)):
        W = torch.randn(shape, dtype=torch.float64)
        W = W + 6 * torch.outer(W[:, 0], W[0]) / W[:, 0].norm() / W[0].norm()
        got = tensor(clamp(W, 1.1), shape, "the matrix")
        before = torch.linalg.svdvals(W)
        after = torch.linalg.svdvals(got.double())
        if not close(after[1:], before[1:], 1e-4):
            raise Wrong("the other singular values changed: only the first is too large")
        if not close(after[0], 1.1 * before[1], 1e-4):
            raise Wrong("the first singular value should be ratio times the second")
        if not close(got, solutions.clamped(W, 1.1), 1e-4):
            raise Wrong("the singular values are right, the directions turned: take u0 v0' of W")
    calm = torch.diag(torch.tensor([2.0, 1.9, 1.0], dtype=torch.float64))
    if not close(tensor(clamp(calm, 1.1), (3, 3), "the matrix"), calm):
        raise Wrong("a first value below the limit stays as it is: clamp, do not set")
