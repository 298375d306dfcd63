"""The checks of chapter 03: each names the first property that an answer lacks."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.chapters.fast_photo_style import solutions
from cvlib.course.page import answers
from cvlib.course.page.answers import Wrong
from cvlib.stylization.affinity import matting_affinity


def _draw(*shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


def check_transport(answer: Any) -> None:
    """03.1"""
    transport = answers.function(answer, "transport(cov_c, cov_s)")
    x, y = _draw(2, 5, 40)
    cov_c, cov_s = x.cov(), (y * torch.arange(1, 6)[:, None]).cov()
    T = answers.tensor(transport(cov_c, cov_s), (5, 5))
    exact = T.double()
    if not answers.close(exact @ cov_c @ exact.T, cov_s, _tolerance(T)):
        raise Wrong("your map does not give the style's covariance: T cov_c T^T should be cov_s")
    if not answers.close(exact, exact.T, _tolerance(T)):
        raise Wrong(
            "the covariance is right, but the map is not symmetric: it moves features further "
            "than it must, as P_S P_C does"
        )
    if torch.linalg.eigvalsh(exact).min() < 0:
        raise Wrong("your map has a negative eigenvalue: it turns a direction round")


def _tolerance(value: Tensor) -> float:
    """What a chain of matrix functions keeps in the answer's precision."""
    return 1e-4 if value.dtype == torch.float32 else 1e-6


def check_grey_window(answer: Any) -> None:
    """03.2"""
    affinity = answers.function(answer, "grey_window(grey, eps)")
    grey = _draw(9)
    got = answers.tensor(affinity(grey, 1e-7), (9, 9))
    if not answers.close(got, got.T):
        raise Wrong("your affinity is not symmetric")
    if not answers.close(got.sum(1), torch.ones(9)):
        raise Wrong(f"each row should sum to 1; yours sums to {float(got[0].sum()):.3g}")
    if not answers.close(got.double() @ grey, grey, 1e-4):
        raise Wrong("the grey values themselves should be kept: is your variance over 9, not 8?")
    constant = answers.tensor(affinity(torch.full_like(grey, 0.5), 1e-7), (9, 9))
    if not answers.close(constant, torch.full((9, 9), 1 / 9)):
        raise Wrong("in a window of one grey all 81 entries should be 1/9")
    large = answers.tensor(affinity(grey, 0.5), (9, 9))
    if not answers.close(large, solutions.grey_window(grey, 0.5)):
        raise Wrong("wrong for eps = 0.5: the variance gets eps/9 added")


def check_guided_by_walk(answer: Any) -> None:
    """03.3"""
    walk = answers.function(answer, "guided_by_walk(content, Y, eps)")
    content, Y = _draw(3, 9, 11), _draw(2, 9, 11)
    ones = torch.ones_like(Y)
    if not answers.close(answers.tensor(walk(content, ones, 1e-3), (2, 9, 11)), ones):
        raise Wrong(
            "a constant image should stay constant, at the border too: divide by the degree"
        )
    got = answers.tensor(walk(content, Y, 1e-3), (2, 9, 11))
    if answers.close(got, solutions.guided_by_walk(content, Y, 1e-3)):
        return
    if answers.close(got, solutions.guided_by_walk(content, Y, 1e-3 / 9)):
        raise Wrong("your eps is nine times too small: the affinity divides its own by 9")
    raise Wrong("your output is not the guided filter's of radius 1")


def check_largest_alpha(answer: Any) -> None:
    """03.4"""
    largest = answers.function(answer, "largest_alpha(iterations, tol)")
    for iterations, tol in [(265, 1e-2), (50, 1e-2), (1000, 1e-6)]:
        got = answers.number(largest(iterations, tol))
        right = solutions.largest_alpha(iterations, tol)
        # 1 - alpha is what matters; half precision of alpha near 1 would hide it.
        if not 0.97 < (1 - got) / (1 - right) < 1.03:
            size = "large" if got > right else "small"
            raise Wrong(
                f"for {iterations} iterations and tol = {tol} your 1 - alpha is {1 - got:.3g}: "
                f"alpha is too {size}"
            )


def check_smooth_dense(answer: Any) -> None:
    """03.5"""
    smooth = answers.function(answer, "smooth_dense(W, Y, alpha)")
    W = torch.from_numpy(matting_affinity(_draw(3, 6, 7)).to_csr().toarray())
    Y = _draw(42, 2)
    half = torch.full_like(Y, 0.5)
    grey = answers.tensor(smooth(W, half, 0.9), (42, 2))
    if answers.close(grey / grey.mean(), half / 0.5) and not answers.close(grey, half):
        raise Wrong(
            f"grey comes back as another grey, {float(grey.mean()):.3g} of 0.5: the factor "
            "1 - alpha belongs in front of the inverse"
        )
    if not answers.close(grey, half):
        low, high = answers.apart(float(grey.min()), float(grey.max()))
        raise Wrong(
            f"a grey image should come back grey; yours is {low} to {high}, of 0.5: divide each "
            "row of W by its own degree"
        )
    got = answers.tensor(smooth(W, Y, 0.9), (42, 2)).double()
    degree = W.sum(1, keepdim=True)
    if not answers.close((degree * got).sum(0), (degree * Y).sum(0), 1e-4):
        raise Wrong("grey stays grey, but the degree-weighted mean of other images changes")
    if not answers.close(got, solutions.smooth_dense(W, Y, 0.9)):
        raise Wrong("your output is not the sum of the random walk for alpha = 0.9")


def check_fit_decoder(answer: Any) -> None:
    """03.6"""
    fit = answers.function(answer, "fit_decoder(features, photo)")
    features = _draw(4, 20, 26).float()
    rest = _draw(3, 26, 20).mT.float()  # what no decoder can give back
    photo = 0.1 + 0.2 * rest + 0.5 * features[:3]
    weight, bias = answers.several(fit(features, photo), 2, "weight and bias")
    weight = answers.tensor(weight, (3, 4, 3, 3), "the weight").float()
    bias = answers.tensor(bias, (3,), "the bias").float()
    best = _decibel(features, photo, *solutions.fit_decoder(features, photo))
    level = _decibel(features, photo, weight, bias)
    if level < best - 0.05:
        got, wanted = answers.apart(level, best)
        raise Wrong(f"the photo comes back with {got} dB; least squares gives {wanted}")


def _decibel(features: Tensor, photo: Tensor, weight: Tensor, bias: Tensor) -> float:
    padded = F.pad(features[None], (1, 1, 1, 1), mode="reflect")
    error = F.mse_loss(F.conv2d(padded, weight, bias)[0], photo)
    return -10 * math.log10(max(float(error), 1e-12))
