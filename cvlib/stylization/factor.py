"""A sparse factorisation that is computed once for a photo and solves for any number of results.

What decides its cost is the order of the pixels. Nested dissection (George 1973) cuts the photo in
two by a line as wide as the stencil reaches and numbers that line last: the halves then fill in
separately, and so do their halves.
"""

import numpy as np
import scipy.sparse
import scipy.sparse.linalg
import torch
from torch import Tensor

from cvlib.course.errors import CourseError

LEAF = 8  # pixels on a side below which cutting no longer pays
REACH = 2  # pixels that a row of the stencil reaches
LARGEST = 1_100_000  # pixels: about 5 GB of factors


def nested_dissection(pixels: np.ndarray) -> np.ndarray:
    """The numbers in `pixels` (H, W) in an order of elimination that fills in little, (H*W,)."""
    height, width = pixels.shape
    if max(height, width) <= LEAF:
        return pixels.ravel()
    if height < width:
        return nested_dissection(pixels.T)
    middle = (height - REACH) // 2
    parts = pixels[:middle], pixels[middle + REACH :]
    line = pixels[middle : middle + REACH].T.ravel()
    return np.concatenate([*map(nested_dissection, parts), line])


class Factor:
    """A = L U in single precision for a symmetric positive definite A over height x width pixels.

    Raises CourseError for more than `LARGEST` pixels.
    """

    def __init__(self, A: scipy.sparse.csr_array, height: int, width: int) -> None:
        if height * width > LARGEST:
            raise CourseError(
                f"{width}x{height} pixels are too many to factorise in memory: take solver='cg'"
            )
        self.order = nested_dissection(np.arange(height * width).reshape(height, width))
        permuted = A[self.order][:, self.order].astype(np.float32).tocsc()
        # Positive definite: pivots may stay on the diagonal, and the order is ours already.
        self.lu = scipy.sparse.linalg.splu(
            permuted,
            permc_spec="NATURAL",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )

    def solve(self, B: Tensor, tol: float = 0.0) -> tuple[Tensor, int]:
        """A^-1 B to about three digits for B (q, H, W); a `Solver` for `refined`, tol unused."""
        right = B.cpu().float().flatten(1).numpy()[:, self.order]
        X = np.empty_like(right)
        X[:, self.order] = self.lu.solve(np.ascontiguousarray(right.T)).T
        return torch.from_numpy(X).view(B.shape).to(B), 1
