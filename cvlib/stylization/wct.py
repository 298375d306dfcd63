"""The whitening-colouring transform (Li et al. 2017, Eq. 1-3; this paper's Sec. 3.1, Eq. 3).

Features of a photo are a cloud of N points in R^C. Whitening turns the content's cloud into a round
one, colouring gives it the style's mean and covariance:

    H = P_S P_C (H_C - m_C) + m_S,   P_C = E_C L_C^-1/2 E_C^T,   P_S = E_S L_S^1/2 E_S^T

for covariances E L E^T. All of it is float64 inside: covariances of features are ill-conditioned.
"""

import torch
from torch import Tensor

from cvlib.course.errors import CourseError


def covariance(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (C, 1) and unbiased covariance (C, C), float64, of features x (C, N).

    Raises CourseError for fewer than two features.
    """
    if x.shape[1] < 2:
        raise CourseError(
            f"a covariance needs two features or more, not {x.shape[1]}: take a larger region"
        )
    x = x.double()
    mean = x.mean(1, keepdim=True)
    centred = x - mean
    return mean, centred @ centred.T / (x.shape[1] - 1)


def matrix_sqrt_psd(cov: Tensor, inverse: bool = False, eps: float = 1e-5) -> Tensor:
    """cov^(1/2) or its pseudo-inverse, for a symmetric positive semi-definite cov (C, C).

    Directions whose variance is below eps times the largest one carry no signal: they are dropped
    (relative, so the answer does not depend on the scale of the features).
    """
    # A few hundred channels in float64: a CPU is faster at this than a GPU.
    values, vectors = torch.linalg.eigh(cov.cpu())
    keep = values > eps * values[-1]
    power = values[keep].rsqrt() if inverse else values[keep].sqrt()
    return ((vectors[:, keep] * power) @ vectors[:, keep].T).to(cov.device)


def whiten(x: Tensor) -> Tensor:
    """Features of zero mean and unit covariance: x (C, N) -> (C, N) float64."""
    mean, cov = covariance(x)
    return matrix_sqrt_psd(cov, inverse=True) @ (x.double() - mean)


def wct(content: Tensor, style: Tensor, alpha: float = 1.0, ridge: float = 0.0) -> Tensor:
    """Content features with the style's mean and covariance: (C, N), (C, M) -> (C, N).

    alpha blends with the content features. `ridge` is added to the content covariance before it is
    inverted; the released code adds 1, which leaves the contrast short of the style's.
    """
    if alpha == 0:
        return content
    mean_c, cov_c = covariance(content)
    mean_s, cov_s = covariance(style)
    cov_c.diagonal().add_(ridge)
    # One C x C product first: the N features are multiplied once, not three times.
    transform = matrix_sqrt_psd(cov_s) @ matrix_sqrt_psd(cov_c, inverse=True)
    styled = transform @ (content.double() - mean_c) + mean_s
    return (alpha * styled + (1 - alpha) * content).to(content.dtype)
