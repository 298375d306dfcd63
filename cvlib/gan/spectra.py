"""Singular values of the weights that the optimiser changes, step by step (BigGAN, Sec. 4.1).

Under spectral normalisation the weight that a layer *uses* has sigma_0 = 1 by construction. What
grows, and what tells of a collapse, is the *stored* weight before that division.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from cvlib.course.errors import CourseError
from cvlib.gan.norm import TRANSPOSED, stored_weight

VALUES = 3  # sigma_0, sigma_1, sigma_2, as in the paper's figures


def weight_matrices(net: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Yield `(layer, W)` of every linear layer and convolution, W (C_out, the rest), detached.

    Class tables are left out: their rows are vectors that are looked up, not a map.
    """
    for name, module in net.named_modules():
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            weight = stored_weight(module).detach().float()
            outputs_first = weight.movedim(1, 0) if isinstance(module, TRANSPOSED) else weight
            yield name, outputs_first.flatten(1)


@torch.no_grad()
def singular_values(W: Tensor, k: int = VALUES) -> Tensor:
    """The `k` largest singular values of a matrix (m, n), (k,), largest first.

    As square roots of the eigenvalues of the smaller Gram matrix: ten times faster than an SVD, and
    good to 1e-5 for the largest. A matrix with fewer values than `k` is filled up with zeros.
    """
    if W.dim() != 2:
        raise CourseError(f"singular values are of a matrix, not of {tuple(W.shape)}: flatten it")
    gram = W @ W.T if W.shape[0] <= W.shape[1] else W.T @ W  # (s, s), s the shorter side
    values = torch.linalg.eigvalsh(gram).clamp_min(0).sqrt().flip(0)[:k]
    return torch.nn.functional.pad(values, (0, k - len(values)))


class PowerTracker:
    """Follows the largest singular values of a matrix that moves little between two calls.

    Block power iteration: `k` directions at once, kept orthonormal, warm-started from the last
    call. From a cold start close values need many iterations; from a warm one a few do.
    """

    def __init__(self, k: int = VALUES, iterations: int = 2, seed: int = 0) -> None:
        self.k = k
        self.iterations = iterations
        self.seed = seed
        self.directions: Tensor | None = None  # (n, k)

    @torch.no_grad()
    def __call__(self, W: Tensor) -> Tensor:
        """The `k` largest singular values of W (m, n), (k,), largest first."""
        if self.directions is None:
            self.directions = self._cold(W)
        V = self.directions
        for _ in range(self.iterations):
            V = torch.linalg.qr(W.T @ (W @ V)).Q  # (n, k)
        # Rayleigh-Ritz: the best singular values and directions inside the span of V
        _, values, turn = torch.linalg.svd(W @ V, full_matrices=False)
        self.directions = V @ turn.T
        return values

    def _cold(self, W: Tensor) -> Tensor:
        if min(W.shape) < self.k:
            raise CourseError(
                f"a {W.shape[0]} x {W.shape[1]} matrix has no {self.k} singular values to follow"
            )
        draw = torch.Generator(W.device).manual_seed(self.seed)
        start = torch.randn(W.shape[1], self.k, generator=draw, device=W.device, dtype=W.dtype)
        V = torch.linalg.qr(start).Q
        for _ in range(30):
            V = torch.linalg.qr(W.T @ (W @ V)).Q
        return V


def sigma_table(net: nn.Module, k: int = VALUES) -> dict[str, list[float]]:
    """The `k` largest singular values of every stored weight of `net`, by layer."""
    return {name: singular_values(W, k).tolist() for name, W in weight_matrices(net)}
