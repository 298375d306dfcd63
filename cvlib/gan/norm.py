"""Spectral normalisation (Miyato et al. 2018) and class-conditional batch normalisation."""

from collections.abc import Iterable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

from cvlib.course.errors import CourseError

EPS = 1e-6  # fp16 flushes the customary 1e-12 to zero


class SpectralNorm(nn.Module):
    """Parametrization ``W -> W / sigma(W)`` with a persistent power iteration (Miyato Eq. 8-11).

    A kernel ``(C_out, C_in, k, k)`` is read as the matrix ``(C_out, C_in k^2)``. In training mode
    each call makes one step ``v <- W'u / |W'u|``, ``u <- Wv / |Wv|`` that no gradient sees; W moves
    slowly, so one warm-started step follows its first singular pair. In evaluation mode ``u, v``
    rest. ``sigma`` keeps the last estimate for monitors.

    Args:
        weight: the weight to be normalised, two or more dimensions.
        warmup: steps made at once, since a random ``u`` underestimates sigma.
    """

    u: Tensor  # (C_out,)
    v: Tensor  # (C_in k^2,)
    sigma: Tensor  # ()

    def __init__(self, weight: Tensor, warmup: int = 15) -> None:
        super().__init__()
        if weight.dim() < 2:
            raise CourseError(
                "Spectral normalisation needs a weight of two or more dimensions, not "
                f"{weight.dim()}."
            )
        rows, columns = weight.flatten(1).shape
        make = {"device": weight.device, "dtype": torch.float32}
        self.register_buffer("u", F.normalize(torch.randn(rows, **make), dim=0, eps=EPS))
        self.register_buffer("v", F.normalize(torch.randn(columns, **make), dim=0, eps=EPS))
        self.register_buffer("sigma", torch.ones((), **make))
        self.power_iteration(weight, warmup)

    @torch.no_grad()
    def power_iteration(self, weight: Tensor, steps: int) -> None:
        """Make ``steps`` power iterations on ``weight``; ``u`` and ``v`` change in place."""
        W, u, v = weight.detach().float().flatten(1), self.u, self.v
        for _ in range(steps):
            v = F.normalize(W.T.mv(u), dim=0, eps=EPS)
            u = F.normalize(W.mv(v), dim=0, eps=EPS)
        self.u.copy_(u)
        self.v.copy_(v)
        self.sigma.copy_(self.u.dot(W.mv(self.v)))

    def forward(self, weight: Tensor) -> Tensor:
        """Return ``weight / sigma``, same shape; the gradient flows through sigma too."""
        with torch.autocast(weight.device.type, enabled=False):  # an fp16 iteration drifts
            W = weight.float().flatten(1)
            # New tensors, not the buffers: a second forward before backward must not touch them.
            v = F.normalize(W.detach().T.mv(self.u), dim=0, eps=EPS) if self.training else self.v
            v = v.clone()
            Wv = W.mv(v)
            u = F.normalize(Wv.detach(), dim=0, eps=EPS) if self.training else self.u.clone()
            sigma = u.dot(Wv)
            if self.training:
                self.u.copy_(u)
                self.v.copy_(v)
                self.sigma.copy_(sigma.detach())
            return weight / sigma

    def right_inverse(self, weight: Tensor) -> Tensor:
        """Assigning ``module.weight = w`` stores w itself; its norm is divided out when read."""
        return weight


def spectral_norm(module: nn.Module) -> nn.Module:
    """Put :class:`SpectralNorm` on ``module.weight`` (in place) and return the module."""
    parametrize.register_parametrization(module, "weight", SpectralNorm(module.weight))
    return module


def stored_weight(module: nn.Module) -> Tensor:
    """The parameter that the optimiser changes: before division by sigma where there is one."""
    if parametrize.is_parametrized(module, "weight"):
        return module.parametrizations.weight.original
    return module.weight


def spectral_norms(net: nn.Module) -> Iterator[tuple[str, SpectralNorm]]:
    """Yield ``(layer name, its SpectralNorm)`` for every normalised layer of ``net``."""
    for name, module in net.named_modules():
        if isinstance(module, SpectralNorm):
            yield name.removesuffix("parametrizations.weight.0").rstrip("."), module


def sigmas(net: nn.Module) -> dict[str, Tensor]:
    """The last estimate of every layer's first singular value, without another iteration."""
    return {name: norm.sigma for name, norm in spectral_norms(net)}


class ConditionalBatchNorm2d(nn.Module):
    """Batch normalisation whose gain and bias are rows of a class table (SAGAN, Sec. 4).

    ``CBN(h, y) = (1 + g_y) (h - mean) / sqrt(var + 1e-5) + b_y`` with tables that start at 0.
    No spectral norm on the tables: a bound on them cripples G.
    """

    def __init__(self, channels: int, n_classes: int) -> None:
        super().__init__()
        self.bn = nn.BatchNorm2d(channels, affine=False)
        self.gain = nn.Embedding(n_classes, channels)
        self.bias = nn.Embedding(n_classes, channels)
        nn.init.zeros_(self.gain.weight)
        nn.init.zeros_(self.bias.weight)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Normalise ``x`` (B, C, H, W) and scale it by the rows of the classes ``y`` (B,)."""
        h = self.bn(x)
        gain, bias = (table(y)[:, :, None, None].to(h.dtype) for table in (self.gain, self.bias))
        return torch.addcmul(bias, h, 1 + gain)  # of one type: else autocast would widen h


@torch.no_grad()
def standing_statistics(net: nn.Module, batches: Iterable[tuple[Tensor, ...]]) -> nn.Module:
    """Recompute batch-norm statistics as plain averages over ``batches`` (BigGAN, Appendix).

    Args:
        net: changed in place; its spectral norms rest meanwhile.
        batches: argument tuples for ``net(*batch)``, drawn as the samples will be drawn.

    Returns:
        ``net`` in evaluation mode.
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
