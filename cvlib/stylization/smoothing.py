"""The paper's second step: photorealistic smoothing in closed form (Sec. 3.2, Eq. 4-6).

The stylised image Y keeps its colours but must look like the content photo I. Colours diffuse along
the matting affinity W of I until they are, in every small window, an affine map of I:

    R = (1 - alpha) (I - alpha D^-1 W)^-1 Y        random walk (default)
    R = (1 - alpha) (I - alpha S)^-1 Y             symmetric, S = D^-1/2 W D^-1/2 (as released)

Both have the same matrix: the random walk is the symmetric system for D^1/2 R. Its eigenvalues lie
in [1 - alpha, 1] at every resolution, because W is a sum of projections, one per window.
The random walk keeps constants and hence grey photos; the symmetric form does not: a pixel at the
border lies in fewer windows than its neighbour, and their colours are divided by different degrees.
"""

from functools import partial
from typing import Any, NamedTuple

import scipy.sparse
import torch
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.stylization.affinity import matting_affinity
from cvlib.stylization.factor import Factor
from cvlib.stylization.solvers import (
    Solver,
    Steps,
    chebyshev_steps,
    gradient_steps,
    refined,
    run_until,
)

# A relative residual of 3e-3 leaves every pixel within half a grey level of the exact answer.
TOLERANCE = 3e-3


class Smoothed(NamedTuple):
    """A smoothed image (3, H, W), not clipped, and the residual computed from it in float64."""

    image: Tensor
    iterations: int
    residual: float


class SmoothingSystem:
    """The linear system of one content photo; build it once, smooth many images with it.

    content (3, H, W) in [0, 1]; alpha in [0, 1). The iterations run in `dtype`; assembly and
    residuals are float64. Raises CourseError for a wrong alpha or name.
    """

    def __init__(
        self,
        content: Tensor,
        alpha: float = 0.9999,
        eps: float = 1e-7,
        normalization: str = "random_walk",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        if not 0 <= alpha < 1:
            raise CourseError(f"alpha is {alpha}: choose a number from 0 to below 1")
        if normalization not in ("random_walk", "symmetric"):
            raise CourseError(
                f"normalization is {normalization!r}: choose 'random_walk' or 'symmetric'"
            )
        W = matting_affinity(content, eps)
        self.alpha = alpha
        self.affinity = W
        self.degree = W.apply(torch.ones_like(content[:1], dtype=torch.float64))[0]
        self.S = W.scaled(self.degree.rsqrt()).to(dtype)
        self.root = self.degree.sqrt() if normalization == "random_walk" else self.degree**0
        self._factor: Factor | None = None

    def apply(self, Z: Tensor) -> Tensor:
        """(I - alpha S) Z for Z (q, H, W), in the precision of the iterations."""
        return Z.sub(self.S.apply(Z), alpha=self.alpha)

    def apply_exactly(self, Z: Tensor) -> Tensor:
        """The same in float64, from W itself: what residuals are computed with."""
        inverse_root = self.degree.rsqrt()
        return Z - self.alpha * inverse_root * self.affinity.apply(inverse_root * Z)

    def matrix(self) -> scipy.sparse.csr_array:
        """I - alpha S as CSR (H*W, H*W)."""
        S = self.S.to_csr()
        return scipy.sparse.csr_array(scipy.sparse.eye_array(S.shape[0]) - self.alpha * S)

    def solve(
        self, Y: Tensor, solver: str = "cg", tol: float = TOLERANCE, x0: Tensor | None = None
    ) -> Smoothed:
        """Smooth Y (q, H, W); x0 (q, H, W) is a first guess of the answer, Y itself by default.

        solver: "cg", "chebyshev", or "direct", which factorises at its first call and is then by
        far the fastest for every further image. Raises CourseError for another name or size.
        """
        if Y.shape[-2:] != self.degree.shape:
            h, w = self.degree.shape
            raise CourseError(
                f"the image to smooth is {Y.shape[-1]}x{Y.shape[-2]} pixels and the content photo "
                f"{w}x{h}: resize one to the other"
            )
        B = (1 - self.alpha) * self.root * Y
        Z0 = self.root * (Y if x0 is None else x0)
        solution = refined(self._solver(solver), self.apply_exactly, B, Z0, tol)
        image = (solution.X / self.root).to(self.S.coef)
        return Smoothed(image, solution.iterations, solution.residual)

    def _solver(self, name: str) -> Solver:
        """The solver of this name, for corrections that start from zero."""
        if name == "cg":
            return partial(self._iterate, gradient_steps)
        if name == "chebyshev":
            return partial(self._iterate, partial(chebyshev_steps, interval=(1 - self.alpha, 1.0)))
        if name == "direct":
            if self._factor is None:
                self._factor = Factor(self.matrix(), *self.degree.shape)
            return self._factor.solve
        raise CourseError(f"solver is {name!r}: choose 'cg', 'chebyshev' or 'direct'")

    def _iterate(self, steps: Steps, R: Tensor, tol: float) -> tuple[Tensor, int]:
        R = R.to(self.S.coef)
        return run_until(steps(self.apply, R, torch.zeros_like(R)), R, tol)

    def walk(self, Y: Tensor, steps: int) -> Tensor:
        """`steps` steps of the random walk, (D^-1 W)^t Y, for Y (q, H, W); one is a guided filter.

        The closed form is their mean, (1 - alpha) sum_t alpha^t (D^-1 W)^t Y.
        """
        root = self.degree.sqrt().to(self.S.coef)
        Z = root * Y.to(self.S.coef)
        for _ in range(steps):
            Z = self.S.apply(Z)
        return Z / root

    def __call__(self, Y: Tensor, tol: float = TOLERANCE) -> Tensor:
        """Smooth Y (q, H, W) inside a computation graph: its gradient is one more solve."""
        return _Smooth.apply(Y, self, tol)


class _Smooth(torch.autograd.Function):
    """R = M Y, M = (1-alpha) root^-1 A^-1 root; A = A^T, so M^T g = root^2 M (g / root^2)."""

    @staticmethod
    def forward(ctx: Any, Y: Tensor, system: SmoothingSystem, tol: float) -> Tensor:
        ctx.system, ctx.tol = system, tol
        return system.solve(Y, tol=tol).image

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        square = (ctx.system.root**2).to(grad)
        return square * ctx.system.solve(grad / square, tol=ctx.tol).image, None, None


def smooth_closed_form(
    Y: Tensor, content: Tensor, alpha: float = 0.9999, eps: float = 1e-7, solver: str = "cg"
) -> Smoothed:
    """The paper's F2 (Eq. 6): smooth the stylised Y (3, H, W) with the affinity of `content`.

    Colours in [0, 1]; the answer may leave that range by a few per cent (W has negative entries):
    clip at the very end. alpha = 0.9999 and eps = 1e-7 are the released settings.
    """
    return SmoothingSystem(content, alpha, eps).solve(Y, solver)
