"""The class-conditional residual generator and projection discriminator (SAGAN, Sec. 4)."""

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.course.errors import CourseError
from cvlib.gan.attention import LocalResidual2d, SelfAttention2d
from cvlib.gan.blocks import DBlock, GBlock, conv
from cvlib.gan.norm import SpectralNorm, spectral_norm, stored_weight


@dataclass(frozen=True)
class GANConfig:
    """Sizes of one pair of nets.

    ``g_mult`` multiplies ``g_width`` at 4x4, 8x8, ... up to the image; ``d_mult`` multiplies
    ``d_width`` in D's blocks, which halve the image down to 4x4, and the last keeps its size.
    ``attention_g`` and ``attention_d`` are the map heights at which a block of the kind ``mixer``
    ("attention", or "local" for the parameter-matched control) stands.
    """

    resolution: int
    g_mult: tuple[int, ...]
    d_mult: tuple[int, ...]
    g_width: int
    d_width: int
    channels: int = 3
    n_classes: int = 10
    z_dim: int = 128
    attention_g: tuple[int, ...] = ()
    attention_d: tuple[int, ...] = ()
    mixer: str = "attention"
    sn_g: bool = True
    sn_d: bool = True

    def __post_init__(self) -> None:
        """Refuse sizes that do not fit together (CourseError)."""
        n = self.resolution.bit_length() - 2
        if self.resolution < 8 or self.resolution & (self.resolution - 1):
            raise CourseError(f"The resolution must be 8, 16, 32, ..., not {self.resolution}.")
        if len(self.g_mult) != n or len(self.d_mult) != n:
            raise CourseError(f"{self.resolution} px need {n} entries in g_mult and in d_mult.")
        sizes = {4 << i for i in range(n)}
        wrong = set(self.attention_g) - sizes | set(self.attention_d) - (sizes - {self.resolution})
        if wrong:
            raise CourseError(
                f"No map of height {min(wrong)} for attention in a net of {self.resolution} px "
                "(D has none of the image's own height)."
            )
        if self.mixer not in MIXERS:
            raise CourseError(f'The mixer must be "attention" or "local", not "{self.mixer}".')


MIXERS = {"attention": SelfAttention2d, "local": LocalResidual2d}

TINY16 = GANConfig(
    16, (3, 2, 1), (1, 2, 3), 16, 16, channels=1, z_dim=32, attention_g=(8,), attention_d=(8,)
)
SAGAN32 = GANConfig(
    32, (4,) * 4, (4,) * 4, 64, 64, attention_g=(16,), attention_d=(16,)
)  # fmt: skip
PRESETS: dict[str, GANConfig] = {
    "tiny16": TINY16,  # smoke, twins
    "sagan32": SAGAN32,  # full
    "sagan32_narrow": replace(SAGAN32, g_width=32, d_width=32),  # workshop
    "sagan128": GANConfig(  # the paper's ImageNet nets, for counting only
        128, (16, 16, 8, 4, 2, 1), (1, 2, 4, 8, 16, 16), 64, 64,
        n_classes=1000, attention_g=(32,), attention_d=(32,),
    ),
}  # fmt: skip


def _mixers(
    config: GANConfig, sizes: tuple[int, ...], widths: dict[int, int], sn: bool
) -> nn.ModuleDict:
    make = MIXERS[config.mixer]
    return nn.ModuleDict({str(size): make(widths[size], sn) for size in sizes})


@torch.no_grad()
def initialise(net: nn.Module) -> nn.Module:
    """Orthogonal weights and zero biases, in place.

    Class tables too: with tables of zeros G starts blind to the class and learns it later.
    """
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.Linear | nn.Embedding):
            nn.init.orthogonal_(stored_weight(module))
            if getattr(module, "bias", None) is not None:
                nn.init.zeros_(module.bias)
        parametrizations = getattr(module, "parametrizations", None)
        if parametrizations is not None and isinstance(parametrizations.weight[0], SpectralNorm):
            # The weight changed under u and v: without new steps the first sigma is too small.
            parametrizations.weight[0].power_iteration(stored_weight(module), 15)
    return net


class ResGenerator(nn.Module):
    """G: noise and class to image.

    Linear to 4x4, one :class:`GBlock` per doubling, attention after the block whose output has the
    height asked for, BN-ReLU-conv3-tanh.
    """

    def __init__(self, config: GANConfig) -> None:
        super().__init__()
        widths = [config.g_width * m for m in config.g_mult]
        sn, size = config.sn_g, {4 << i: w for i, w in enumerate(widths)}
        self.z_dim, self.n_classes = config.z_dim, config.n_classes
        linear = nn.Linear(config.z_dim, 16 * widths[0])
        self.linear = spectral_norm(linear) if sn else linear
        self.blocks = nn.ModuleList(GBlock(a, b, config.n_classes, sn) for a, b in pairwise(widths))
        self.mixers = _mixers(config, config.attention_g, size, sn)
        self.bn = nn.BatchNorm2d(widths[-1])
        self.out = conv(widths[-1], config.channels, 3, sn)
        initialise(self)

    def _mix(self, h: Tensor) -> Tensor:
        name = str(h.shape[2])
        return self.mixers[name](h) if name in self.mixers else h

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """Map noise ``z`` (B, z_dim) and classes ``y`` (B,) to images (B, C, R, R) in [-1, 1]."""
        h = self._mix(self.linear(z).unflatten(1, (-1, 4, 4)))
        for block in self.blocks:
            h = self._mix(block(h, y))
        return torch.tanh(self.out(F.relu(self.bn(h))))


class ProjectionDiscriminator(nn.Module):
    """D: ``D(x, y) = w'phi(x) + b + <e_y, phi(x)>`` (Miyato & Koyama 2018, Eq. 3).

    ``phi`` is ReLU and the *sum* over the last 4x4 map; w and the class table E are spectrally
    normalised like every other weight.
    """

    def __init__(self, config: GANConfig) -> None:
        super().__init__()
        widths = [config.d_width * m for m in config.d_mult]
        n, sn = len(widths), config.sn_d
        pairs = zip([config.channels, *widths], widths, strict=False)
        self.blocks = nn.ModuleList(
            DBlock(a, b, sn, down=i < n - 1, first=i == 0) for i, (a, b) in enumerate(pairs)
        )
        # At 4x4 the mixer stands after the last block that halves the size.
        size = {config.resolution >> (i + 1): w for i, w in enumerate(widths[:-1])}
        self.mixers = _mixers(config, config.attention_d, size, sn)
        linear, table = nn.Linear(widths[-1], 1), nn.Embedding(config.n_classes, widths[-1])
        self.linear = spectral_norm(linear) if sn else linear
        self.table = spectral_norm(table) if sn else table
        initialise(self)

    def features(self, x: Tensor) -> Tensor:
        """``phi(x)``: images ``x`` (B, C, R, R) to (B, width)."""
        h = x
        for block in self.blocks:
            h = block(h)
            name = str(h.shape[2])
            if block.down and name in self.mixers:
                h = self.mixers[name](h)
        return F.relu(h).sum((2, 3))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Scores (B,) of images ``x`` (B, C, R, R) and classes ``y`` (B,)."""
        phi = self.features(x)
        return self.linear(phi).squeeze(1) + (self.table(y) * phi).sum(1)


def count_parameters(net: nn.Module) -> int:
    """Number of trainable scalars."""
    return sum(math.prod(p.shape) for p in net.parameters())
