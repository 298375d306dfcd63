"""The checks of chapter 03: each names the first property that an answer lacks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.chapters.fast_photo_style import solutions
from cvlib.stylization.pairs import sample_photo
from cvlib.course.page.exercises import Wrong
from cvlib.stylization.affinity import matting_affinity
from cvlib.stylization.photos import cover
from cvlib.stylization.photowct import Encoder


def as_function(answer: Any, signature: str) -> Callable[..., Any]:
    """The answer, if it can be called."""
    if not callable(answer):
        raise Wrong(f"expected the function {signature}, got a {type(answer).__name__}")
    return answer


def as_tensor(value: Any, shape: tuple[int, ...], name: str = "your output") -> Tensor:
    """The value, if it is a finite floating-point tensor of this shape."""
    got = f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else "another type"
    if not isinstance(value, Tensor) or value.shape != shape:
        raise Wrong(f"{name}: expected a tensor of shape {tuple(shape)}, got {got}")
    if not value.is_floating_point() or not value.isfinite().all():
        raise Wrong(f"{name} holds nan or infinity, or is not of floating point")
    return value.double()


def as_pair(value: Any, what: str) -> tuple[Any, Any]:
    """The value, if it is a pair."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise Wrong(f"expected a pair, {what}")
    return value[0], value[1]


def off(a: Tensor, b: Tensor) -> float:
    """The largest difference."""
    return float((a.double() - b.double()).abs().max())


def check_square_roots(answer: Any) -> None:
    """03.1"""
    roots = as_function(answer, "square_roots(cov)")
    x = torch.randn(5, 40, dtype=torch.float64)
    full, flat = x @ x.T / 40, x[:, :3] @ x[:, :3].T
    for cov, name in [(full, ""), (flat, "of rank 3 ")]:
        root, inverse = as_pair(roots(cov.clone()), "the root and its inverse")
        root, inverse = as_tensor(root, (5, 5), "the root"), as_tensor(inverse, (5, 5), "inverse")
        if off(root, root.T) > 1e-8:
            raise Wrong("your root is not symmetric: Cholesky's factor, for one, is not")
        if off(root @ root, cov) > 1e-6:
            raise Wrong(f"root @ root should be the covariance {name}".strip())
        if torch.linalg.eigvalsh(root).min() < -1e-8:
            raise Wrong("your root has a negative eigenvalue: take the positive one")
        if off(root @ inverse @ root, root) > 1e-6:
            raise Wrong(f"root @ inverse @ root should be root, for a covariance {name}".rstrip())
        if off(inverse @ root @ inverse, inverse) > 1e-6:
            raise Wrong("your inverse is large in directions without variance: drop them")


def check_window_affinity(answer: Any) -> None:
    """03.2"""
    affinity = as_function(answer, "window_affinity(colours, eps)")
    colours = torch.rand(9, 3, dtype=torch.float64)
    got = as_tensor(affinity(colours.clone(), 1e-7), (9, 9))
    if off(got, got.T) > 1e-9:
        raise Wrong("your affinity is not symmetric")
    if off(got.sum(1), torch.ones(9)) > 1e-6:
        raise Wrong(f"each row should sum to 1; yours sums to {float(got[0].sum()):.3g}")
    if off(got @ colours, colours) > 1e-4:
        raise Wrong("an affine map of the colours should be kept: is your covariance biased, 1/9?")
    constant = as_tensor(affinity(torch.full((9, 3), 0.5, dtype=torch.float64), 1e-7), (9, 9))
    if off(constant, torch.full((9, 9), 1 / 9)) > 1e-9:
        raise Wrong("in a window of one colour all 81 entries should be 1/9")
    large = as_tensor(affinity(colours.clone(), 0.5), (9, 9))
    if off(large, solutions.window_affinity(colours, 0.5)) > 1e-9:
        raise Wrong("wrong for eps = 0.5: the covariance gets eps/9 on its diagonal")


def check_guided_by_walk(answer: Any) -> None:
    """03.3"""
    walk = as_function(answer, "guided_by_walk(content, Y, eps)")
    content, Y = torch.rand(3, 9, 11, dtype=torch.float64), torch.rand(2, 9, 11).double()
    flat = as_tensor(walk(content.clone(), torch.ones_like(Y), 1e-3), (2, 9, 11))
    if off(flat, torch.ones_like(Y)) > 1e-6:
        raise Wrong(
            "a constant image should stay constant, at the border too: divide by the degree"
        )
    got = as_tensor(walk(content.clone(), Y.clone(), 1e-3), (2, 9, 11))
    if off(got, solutions.guided_by_walk(content, Y, 1e-3 / 9)) < 1e-9:
        raise Wrong("your eps is nine times too small: the affinity divides its own by 9")
    if off(got, solutions.guided_by_walk(content, Y, 1e-3)) > 1e-7:
        raise Wrong("your output is not the guided filter's of radius 1")


def check_cg_iterations(answer: Any) -> None:
    """03.4"""
    bound = as_function(answer, "cg_iterations(alpha, tol)")
    for alpha, tol in [(0.9999, 1e-2), (0.99, 1e-2), (0.9999, 1e-6)]:
        got, right = bound(alpha, tol), solutions.cg_iterations(alpha, tol)
        if isinstance(got, bool) or not isinstance(got, int | float) or not math.isfinite(got):
            raise Wrong("expected a number of iterations")
        if abs(got - right) > 1:
            size = "large" if got > right else "small"
            raise Wrong(f"for alpha = {alpha}, tol = {tol} your bound is {got:.6g}, too {size}")


def check_smooth_dense(answer: Any) -> None:
    """03.5"""
    smooth = as_function(answer, "smooth_dense(W, Y, alpha)")
    image = torch.rand(3, 6, 7, dtype=torch.float64)
    W = torch.from_numpy(matting_affinity(image).to_csr().toarray())
    Y = torch.rand(42, 2, dtype=torch.float64)
    if off(as_tensor(smooth(W.clone(), Y.clone(), 0.0), (42, 2)), Y) > 1e-9:
        raise Wrong("alpha = 0 should return Y: is the factor 1 - alpha there?")
    grey = as_tensor(smooth(W.clone(), torch.full_like(Y, 0.5), 0.9), (42, 2))
    if off(grey, torch.full_like(Y, 0.5)) > 1e-8:
        raise Wrong(
            f"a grey image should come back grey; yours is {float(grey.min()):.2f} to "
            f"{float(grey.max()):.2f}, of 0.5: divide each row of W by its own degree"
        )
    got = as_tensor(smooth(W.clone(), Y.clone(), 0.9), (42, 2))
    degree = W.sum(1, keepdim=True)
    if off((degree * got).sum(0), (degree * Y).sum(0)) > 1e-6:
        raise Wrong("grey stays grey, but the degree-weighted mean of other images changes")
    if off(got, solutions.smooth_dense(W, Y, 0.9)) > 1e-7:
        raise Wrong("your output is not the sum of the random walk for alpha = 0.9")


def check_fit_decoder(answer: Any) -> None:
    """03.6"""
    fit = as_function(answer, "fit_decoder(features, photo)")
    encoder = Encoder((16,), ()).requires_grad_(False)
    photo = cover(sample_photo("coffee"), 48, 64)
    features = encoder(photo[None]).maps[0][0]
    weight, bias = as_pair(fit(features.clone(), photo.clone()), "weight and bias")
    weight = as_tensor(weight, (3, 16, 3, 3), "the weight").float()
    bias = as_tensor(bias, (3,), "the bias").float()
    best = _decibel(features, photo, *solutions.fit_decoder(features, photo))
    level = _decibel(features, photo, weight, bias)
    if level < best - 0.5:
        raise Wrong(f"the photo comes back with {level:.1f} dB; least squares gives {best:.1f}")


def _decibel(features: Tensor, photo: Tensor, weight: Tensor, bias: Tensor) -> float:
    padded = F.pad(features[None], (1, 1, 1, 1), mode="reflect")
    error = F.mse_loss(F.conv2d(padded, weight, bias)[0], photo)
    return -10 * math.log10(max(float(error), 1e-12))
