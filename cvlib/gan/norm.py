"""Spectral normalisation (Miyato et al. 2018) and conditional batch normalisation."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from cvlib.course.errors import CourseError

TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


def _unit(x: Tensor, before: Tensor) -> Tensor:
    """`x` (n,) scaled to length 1; where it is 0 there is no direction, so the one before stays."""
    length = x.norm()
    return torch.where(length > 0, x / length, before)


class SpectralNorm(nn.Module):
    """Parametrization `W -> W / sigma(W)` with a persistent power iteration (Miyato Eq. 8-11).

    A kernel `(C_out, C_in, k, k)` is read as the matrix `(C_out, C_in k^2)`; `dim` is the axis of
    the outputs, 1 for transposed convolutions. In training mode each use makes one step
    `v <- W'u / |W'u|`, `u <- Wv / |Wv|` that no gradient sees; W moves slowly, so one warm-started
    step follows its first singular pair. In evaluation mode `u, v` rest. `sigma` keeps the last
    estimate for monitors. A weight of zeros stays one of zeros.

    `warmup` steps are made at once, since a random `u` underestimates sigma. A net that is called
    many times in one step (a video's frames) reads each weight once inside
    `torch.nn.utils.parametrize.cached()`.
    """

    u: Tensor  # (C_out,)
    v: Tensor  # (C_in k^2,)
    sigma: Tensor  # ()

    def __init__(self, weight: Tensor, dim: int = 0, warmup: int = 15) -> None:
        super().__init__()
        if weight.dim() < 2:
            raise CourseError(
                f"spectral normalisation needs a weight of two or more dimensions, not "
                f"{weight.dim()}: leave biases and gains as they are"
            )
        self.dim = dim
        W = self._matrix(weight.detach())
        rows, columns = W.shape
        self.register_buffer("u", _unit(W.new_empty(rows).normal_(), W.new_zeros(rows)))
        self.register_buffer("v", _unit(W.new_empty(columns).normal_(), W.new_zeros(columns)))
        self.register_buffer("sigma", W.new_ones(()))
        self.power_iteration(weight, warmup)

    def _matrix(self, weight: Tensor) -> Tensor:
        """The weight as (outputs, everything else), in fp32 or better."""
        wide = weight.to(torch.promote_types(weight.dtype, torch.float32))
        return wide.movedim(self.dim, 0).flatten(1)

    def _iterate(self, W: Tensor) -> tuple[Tensor, Tensor]:
        """One step of the power iteration: new `u` (rows,) and `v` (columns,), without graph."""
        with torch.no_grad():
            v = _unit(W.T.mv(self.u.to(W.dtype)), self.v.to(W.dtype))
            u = _unit(W.mv(v), self.u.to(W.dtype))
        return u, v

    @torch.no_grad()
    def power_iteration(self, weight: Tensor, steps: int) -> None:
        """Make `steps` power iterations on `weight`; `u` and `v` change in place."""
        W = self._matrix(weight.detach())
        for _ in range(steps):
            u, v = self._iterate(W)
            self.u.copy_(u)
            self.v.copy_(v)
        self.sigma.copy_(self.u.to(W.dtype).dot(W.mv(self.v.to(W.dtype))))

    def forward(self, weight: Tensor) -> Tensor:
        """Return `weight / sigma`, same shape; the gradient flows through sigma too."""
        with torch.autocast(weight.device.type, enabled=False):  # an fp16 iteration drifts
            W = self._matrix(weight)
            # New tensors, not the buffers: a second forward before backward must not touch them.
            u = self.u.to(W.dtype, copy=True)
            v = self.v.to(W.dtype, copy=True)
            if self.training:
                u, v = self._iterate(W.detach())
            sigma = u.dot(W.mv(v))
            if self.training:
                self.u.copy_(u)
                self.v.copy_(v)
                self.sigma.copy_(sigma.detach())
            return weight / torch.where(sigma > 0, sigma, torch.ones_like(sigma))

    def right_inverse(self, weight: Tensor) -> Tensor:
        """Assigning `module.weight = w` stores w itself; its norm is divided out when read."""
        return weight


def spectral_norm(module: nn.Module) -> nn.Module:
    """Put `SpectralNorm` on `module.weight` (in place) and return the module."""
    dim = 1 if isinstance(module, TRANSPOSED) else 0
    parametrize.register_parametrization(module, "weight", SpectralNorm(module.weight, dim))
    return module


def stored_weight(module: nn.Module) -> Tensor:
    """The parameter that the optimiser changes: before division by sigma where there is one."""
    if parametrize.is_parametrized(module, "weight"):
        return module.parametrizations.weight.original
    return module.weight


def spectral_norms(net: nn.Module) -> Iterator[tuple[str, SpectralNorm]]:
    """Yield `(layer name, its SpectralNorm)` for every normalised layer of `net`."""
    for name, module in net.named_modules():
        if isinstance(module, SpectralNorm):
            yield name.removesuffix("parametrizations.weight.0").rstrip("."), module


@dataclass(frozen=True)
class ClassTable:
    """A condition that is a class: a table holds one row of numbers per class (SAGAN)."""

    classes: int

    def rows(self, channels: int) -> nn.Module:
        """The map from classes (B,) to (B, channels), 0 at first.

        No spectral norm on the table: a bound on it cripples G.
        """
        table = nn.Embedding(self.classes, channels)
        nn.init.zeros_(table.weight)
        return table


@dataclass(frozen=True)
class SharedVector:
    """A condition that is a vector of `dim` numbers, mapped linearly (BigGAN, Sec. 3)."""

    dim: int
    sn: bool = True

    def rows(self, channels: int) -> nn.Module:
        """The map from vectors (B, dim) to (B, channels)."""
        linear = nn.Linear(self.dim, channels, bias=False)
        return spectral_norm(linear) if self.sn else linear


class ConditionalBatchNorm2d(nn.Module):
    """Batch normalisation whose gain and bias depend on a condition (SAGAN, Sec. 4).

    `CBN(h, c) = (1 + g(c)) (h - mean) / sqrt(var + 1e-5) + b(c)`.
    """

    def __init__(self, channels: int, condition: ClassTable | SharedVector) -> None:
        super().__init__()
        self.bn = nn.BatchNorm2d(channels, affine=False)
        self.gain = condition.rows(channels)
        self.bias = condition.rows(channels)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Normalise `x` (B, C, H, W); `condition` holds classes (B,) or vectors (B, dim)."""
        h = self.bn(x)
        # Of one type: else autocast would widen h.
        gain = self.gain(condition).to(h.dtype)[:, :, None, None]  # (B, C, 1, 1)
        bias = self.bias(condition).to(h.dtype)[:, :, None, None]
        return torch.addcmul(bias, h, 1 + gain)


@torch.no_grad()
def standing_statistics(net: nn.Module, batches: Iterable[tuple[Tensor, ...]]) -> nn.Module:
    """Recompute batch-norm statistics as plain averages over `batches` (BigGAN, Appendix).

    Each batch holds the arguments of one call `net(*batch)`, drawn as the samples will be drawn.
    `net` changes in place (its spectral norms rest meanwhile) and is returned in evaluation mode.
    """
    norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    net.train()
    for _, spectral in spectral_norms(net):
        spectral.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # PyTorch's word for the cumulative average
    for batch in batches:
        net(*batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    return net.eval()
