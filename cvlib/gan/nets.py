"""The residual generator and the projection discriminator of SAGAN and BigGAN."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.course.errors import CourseError
from cvlib.gan.attention import LocalResidual2d, SelfAttention2d
from cvlib.gan.blocks import DBlock, GBlock, conv
from cvlib.gan.norm import ClassTable, SharedVector, SpectralNorm, spectral_norm, stored_weight
from cvlib.gan.sizes import GANConfig

MIXERS = {"attention": SelfAttention2d, "local": LocalResidual2d}


def _mixers(config: GANConfig, sizes: tuple[int, ...], widths: dict[int, int], sn: bool):
    make = MIXERS[config.mixer]
    return nn.ModuleDict({str(size): make(widths[size], sn) for size in sizes})


INITS = {
    "orthogonal": nn.init.orthogonal_,
    "xavier": nn.init.xavier_uniform_,
    "normal": lambda weight: nn.init.normal_(weight, std=0.02),
}


@torch.no_grad()
def initialise(net: nn.Module, init: str = "orthogonal") -> nn.Module:
    """Random weights of a kind of `INITS` and zero biases, in place.

    Class tables too: with tables of zeros G starts blind to the class and learns it later.
    """
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.Linear | nn.Embedding):
            INITS[init](stored_weight(module))
            if getattr(module, "bias", None) is not None:
                nn.init.zeros_(module.bias)
        parametrizations = getattr(module, "parametrizations", None)
        if parametrizations is not None and isinstance(parametrizations.weight[0], SpectralNorm):
            # The weight changed under u and v: without new steps the first sigma is too small.
            parametrizations.weight[0].power_iteration(stored_weight(module), 15)
    return net


def _or_the_only_class(y: Tensor | None, like: Tensor, classes: int) -> Tensor:
    """The classes (B,); may be left out where there is only one."""
    if y is not None:
        return y
    if classes > 1:
        raise CourseError(f"this net draws {classes} classes: give it y, one class per image")
    return torch.zeros(len(like), dtype=torch.long, device=like.device)


class ResGenerator(nn.Module):
    """G: noise and class to image.

    Linear to 4x4, one `GBlock` per doubling, attention after the block whose output has the height
    asked for, BN-ReLU-conv3-tanh. With `shared_dim` one table of class vectors serves all blocks;
    with `hierarchical_z` every block also gets its own chunk of the noise (BigGAN, Sec. 3).
    """

    def __init__(self, config: GANConfig) -> None:
        super().__init__()
        widths = [config.g_width * m for m in config.g_mult]
        sizes = {4 << i: w for i, w in enumerate(widths)}
        sn = config.sn_g
        self.z_dim = config.z_dim
        self.classes = config.classes
        self.chunks = len(widths) if config.hierarchical_z else 1
        self.chunk = config.z_dim // self.chunks

        condition = ClassTable(config.classes)
        if config.shared_dim:
            self.shared = nn.Embedding(config.classes, config.shared_dim)
            own_noise = self.chunk if config.hierarchical_z else 0
            condition = SharedVector(config.shared_dim + own_noise, sn)
        linear = nn.Linear(self.chunk, 16 * widths[0])
        self.linear = spectral_norm(linear) if sn else linear
        self.blocks = nn.ModuleList(GBlock(a, b, condition, sn) for a, b in pairwise(widths))
        self.mixers = _mixers(config, config.attention_g, sizes, sn)
        self.bn = nn.BatchNorm2d(widths[-1])
        self.out = conv(widths[-1], config.channels, 3, sn)
        initialise(self, config.init)

    def embed(self, y: Tensor) -> Tensor:
        """The class vectors (B, shared_dim) of classes (B,), to interpolate between them."""
        if not hasattr(self, "shared"):
            raise CourseError("this net has no class vectors: set shared_dim in its GANConfig")
        return self.shared(y)

    def _mix(self, h: Tensor) -> Tensor:
        name = str(h.shape[2])
        return self.mixers[name](h) if name in self.mixers else h

    def _conditions(self, z: Tensor, y: Tensor | None, vector: Tensor | None) -> list[Tensor]:
        """What each block's batch norms take: classes, or class vector and own noise."""
        if vector is None:
            y = _or_the_only_class(y, z, self.classes)
            if not hasattr(self, "shared"):
                return [y] * len(self.blocks)
            vector = self.embed(y)  # (B, shared_dim)
        if self.chunks == 1:
            return [vector] * len(self.blocks)
        own = z.split(self.chunk, dim=1)[1:]
        return [torch.cat([vector, part], dim=1) for part in own]

    def forward(
        self, z: Tensor, y: Tensor | None = None, *, class_vector: Tensor | None = None
    ) -> Tensor:
        """Map noise `z` (B, z_dim) and classes `y` (B,) to images (B, C, R, R) in [-1, 1].

        `class_vector` (B, shared_dim) takes the place of `y`; a net of one class needs neither.
        """
        conditions = self._conditions(z, y, class_vector)
        h = self.linear(z[:, : self.chunk])  # (B, 16 C)
        h = self._mix(h.unflatten(1, (-1, 4, 4)))  # (B, C, 4, 4)

        for block, condition in zip(self.blocks, conditions, strict=True):
            h = self._mix(block(h, condition))  # (B, C', 2H, 2W)

        h = F.relu(self.bn(h))
        return torch.tanh(self.out(h))  # (B, channels, R, R)


class ProjectionDiscriminator(nn.Module):
    """D: `D(x, y) = w'phi(x) + b + <e_y, phi(x)>` (Miyato & Koyama 2018, Eq. 3).

    `phi` is ReLU and the *sum* over the last map; w and the class table E are spectrally normalised
    like every other weight.
    """

    def __init__(self, config: GANConfig) -> None:
        super().__init__()
        widths = [config.d_width * m for m in config.d_mult]
        pairs = pairwise([config.channels, *widths])
        down = config.d_halves
        sn = config.sn_d
        self.classes = config.classes
        self.blocks = nn.ModuleList(
            DBlock(a, b, sn, down[i], first=i == 0) for i, (a, b) in enumerate(pairs)
        )
        # A mixer stands after the block that halves the map to its height.
        sizes = {
            config.resolution >> sum(down[: i + 1]): width
            for i, width in enumerate(widths)
            if down[i]
        }
        self.mixers = _mixers(config, config.attention_d, sizes, sn)
        linear = nn.Linear(widths[-1], 1)
        table = nn.Embedding(config.classes, widths[-1])
        self.linear = spectral_norm(linear) if sn else linear
        self.table = spectral_norm(table) if sn and config.sn_embedding_d else table
        initialise(self, config.init)

    def features(self, x: Tensor) -> Tensor:
        """`phi(x)`: images `x` (B, C, R, R) to (B, width)."""
        h = x
        for block in self.blocks:
            h = block(h)  # (B, C', H/2, W/2)
            name = str(h.shape[2])
            if block.down and name in self.mixers:
                h = self.mixers[name](h)
        return F.relu(h).sum((2, 3))

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Scores (B,) of images `x` (B, C, R, R) and classes `y` (B,)."""
        y = _or_the_only_class(y, x, self.classes)
        phi = self.features(x)  # (B, width)
        unconditional = self.linear(phi).squeeze(1)  # (B,)
        return unconditional + (self.table(y) * phi).sum(1)


def count_parameters(net: nn.Module) -> int:
    """Number of trainable scalars."""
    return sum(p.numel() for p in net.parameters())
