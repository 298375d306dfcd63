"""The matting affinity: which pixels of a photo share a colour model (Levin et al. 2006; Sec. 3.2).

Every 3x3 window k of the content photo votes for the maps that are affine in its colours:

    w_ij = sum_{k: i, j in k} (1 + (I_i - mu_k)^T (Sigma_k + eps/9 I)^-1 (I_j - mu_k)) / 9

Two pixels share a window only if they are at most two apart, so a row of W has 25 entries: W is a
stencil. It is symmetric, so 13 numbers a pixel hold it. `MattingOperator` applies the same matrix,
for windows of any radius, without building it.
"""

import scipy.sparse
import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.course.errors import CourseError

# The upper half of the 5x5 neighbourhood in reading order, the pixel itself first.
OFFSETS = [(0, 0), *((dy, dx) for dy in range(3) for dx in range(-2, 3) if dy > 0 or dx > 0)]
# The nine places of a 3x3 window in reading order.
PLACES = [(a, b) for a in range(3) for b in range(3)]


class StencilMatrix:
    """A symmetric matrix over the pixels of an image whose rows reach two pixels far.

    `coef` (13, H, W): `coef[o, y, x]` couples pixel (y, x) with (y, x) + OFFSETS[o]; it is zero
    where that neighbour lies outside the image.
    """

    def __init__(self, coef: Tensor) -> None:
        self.coef = coef
        self.reach = 2 * coef.shape[-1] + 2
        self._padded = F.pad(coef.flatten(1), (self.reach, 0))

    def apply(self, P: Tensor) -> Tensor:
        """Multiply: P (q, H, W) -> (q, H, W).

        A neighbour is a constant shift in memory. A shift that leaves its row meets a zero
        coefficient, so whole flat arrays are multiplied: contiguous, no index arithmetic.
        """
        n, reach = P[0].numel(), self.reach
        P = P.contiguous()
        flat = F.pad(P.flatten(1), (reach, reach))
        out = self._padded[0, reach:] * P.flatten(1)
        for c, (dy, dx) in zip(self._padded[1:], OFFSETS[1:], strict=True):
            k = dy * P.shape[-1] + dx
            out.addcmul_(c[reach:], flat[:, reach + k : reach + k + n])
            out.addcmul_(c[reach - k :][:n], flat[:, reach - k :][:, :n])
        return out.view_as(P)

    def scaled(self, s: Tensor) -> "StencilMatrix":
        """diag(s) M diag(s) for s (H, W)."""
        height, width = s.shape
        padded = F.pad(s, (2, 2, 0, 2))
        shifted = [padded[dy : dy + height, dx + 2 : dx + 2 + width] for dy, dx in OFFSETS]
        return StencilMatrix(self.coef * s * torch.stack(shifted))

    def to(self, *args: torch.dtype | torch.device) -> "StencilMatrix":
        """The same matrix in another precision or on another device."""
        return StencilMatrix(self.coef.to(*args))

    def to_csr(self) -> scipy.sparse.csr_array:
        """The same matrix as a scipy CSR array (H*W, H*W), exact zeros left out."""
        n, width = self.coef[0].numel(), self.coef.shape[-1]
        shifts = [dy * width + dx for dy, dx in OFFSETS]
        flat = self.coef.flatten(1).cpu().numpy()
        upper = [c[: n - k] for c, k in zip(flat, shifts, strict=True)]
        csr = scipy.sparse.diags_array(
            upper + upper[1:], offsets=shifts + [-k for k in shifts[1:]], shape=(n, n)
        ).tocsr()
        csr.eliminate_zeros()
        return csr


def window_count(height: int, width: int, radius: int = 1) -> Tensor:
    """The degree d_ii: in how many windows a pixel lies, (H, W) float64; the row sums of W."""
    _check_size(height, width, radius)
    m = 2 * radius + 1
    inside = torch.ones(height - m + 1, width - m + 1, dtype=torch.float64)
    return scatter_windows(inside, radius)


def matting_affinity(image: Tensor, eps: float = 1e-7) -> StencilMatrix:
    """W of Levin et al. for 3x3 windows: image (3, H, W) in [0, 1] -> float64 stencil (13, H, W).

    With Sigma_k + eps/9 I = L L^T and z_i = L^-1 (I_i - mu_k) the entry is (1 + z_i . z_j) / 9.
    Float64, and centred before the product: eps/9 is far below float32's cancellation error.
    Raises CourseError below 3x3 pixels.
    """
    channels, height, width = image.shape
    _check_size(height, width, 1)
    I = image.double()
    coef = torch.zeros(len(OFFSETS), height, width, dtype=torch.float64, device=image.device)
    # A few window rows at a time stay in a CPU's cache; a GPU wants few launches.
    rows = 32 if image.device.type == "cpu" else height
    for y0 in range(0, height - 2, rows):
        y1 = min(height - 2, y0 + rows)
        X = torch.stack([I[:, y0 + a : y1 + a, b : width - 2 + b] for a, b in PLACES])
        X -= X.mean(0)
        z = _whiten(X, eps / 9)
        for p, (a, b) in enumerate(PLACES):
            for q in range(p, 9):
                offset = (PLACES[q][0] - a, PLACES[q][1] - b)
                vote = z[p, 0] * z[q, 0]
                for c in range(1, channels):
                    vote.addcmul_(z[p, c], z[q, c])
                target = coef[OFFSETS.index(offset), y0 + a : y1 + a, b : width - 2 + b]
                target.add_(vote, alpha=1 / 9).add_(1 / 9)
    return StencilMatrix(coef)


def _whiten(X: Tensor, ridge: float) -> Tensor:
    """z = L^-1 X for L L^T = X X^T / 9 + ridge I; X (9, 3, h, w): a 3x3 Cholesky per window."""
    channels = X.shape[1]
    z = X.clone()
    L = {}
    for a in range(channels):
        for b in range(a + 1):
            s = (X[:, a] * X[:, b]).mean(0) + (ridge if a == b else 0.0)
            for c in range(b):
                s -= L[a, c] * L[b, c]
            L[a, b] = s.sqrt() if a == b else s / L[b, b]
        for c in range(a):
            z[:, a] -= L[a, c] * z[:, c]
        z[:, a] /= L[a, a]
    return z


def sum_windows(x: Tensor, radius: int) -> Tensor:
    """Sums over all full windows: (..., H, W) -> (..., H-2r, W-2r), at a cost free of the radius.

    One axis at a time, so that the running sums stay short and exact to rounding.
    """
    m = 2 * radius + 1
    for dim in (-1, -2):
        total = F.pad(x.cumsum(dim).transpose(dim, -1), (1, 0)).transpose(dim, -1)
        x = total.narrow(dim, m, total.shape[dim] - m) - total.narrow(dim, 0, total.shape[dim] - m)
    return x


def scatter_windows(x: Tensor, radius: int) -> Tensor:
    """The transpose of `sum_windows`: every window's value to all its pixels, (..., H, W)."""
    return sum_windows(F.pad(x, (2 * radius,) * 4), radius)


class MattingOperator:
    """W p without W: fit each window's affine colour model to p, then let all windows vote.

    The fit is the guided filter's (He et al. 2010): (W p)_i = sum_{k: i in k} a_k . I_i + b_k.
    Memory is 12 numbers a pixel at any radius. image (3, H, W) in [0, 1]; float64 inside.
    """

    def __init__(self, image: Tensor, radius: int = 1, eps: float = 1e-7) -> None:
        channels, height, width = image.shape
        _check_size(height, width, radius)
        self.radius, self.size = radius, (2 * radius + 1) ** 2
        self.image = image.double()
        self.mean = sum_windows(self.image, radius) / self.size
        moment = sum_windows(self.image[:, None] * self.image[None], radius) / self.size
        cov = (moment - self.mean[:, None] * self.mean[None]).permute(2, 3, 0, 1)
        ridge = eps / self.size * torch.eye(channels, dtype=torch.float64, device=image.device)
        self.inverse = torch.linalg.inv(cov + ridge).permute(2, 3, 0, 1).contiguous()
        self.degree = window_count(height, width, radius).to(image.device)

    def fit(self, P: Tensor) -> tuple[Tensor, Tensor]:
        """The windows' least-squares p ~ a . I + b: a (q, 3, H-2r, W-2r), b (q, H-2r, W-2r)."""
        P = P.double()
        mean = sum_windows(P, self.radius) / self.size
        moment = sum_windows(P[:, None] * self.image[None], self.radius) / self.size
        cov = moment - mean[:, None] * self.mean[None]
        a = (self.inverse[None] * cov[:, None]).sum(2)
        return a, mean - (a * self.mean).sum(1)

    def apply(self, P: Tensor) -> Tensor:
        """Multiply: P (q, H, W) -> (q, H, W) float64."""
        a, b = self.fit(P)
        scattered = scatter_windows(a, self.radius)
        return (scattered * self.image).sum(1) + scatter_windows(b, self.radius)


def _check_size(height: int, width: int, radius: int) -> None:
    m = 2 * radius + 1
    if min(height, width) < m:
        raise CourseError(
            f"the photo is {width}x{height} pixels, but a window needs {m}x{m}: use a larger one"
        )
