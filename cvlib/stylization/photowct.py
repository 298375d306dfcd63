"""PhotoWCT: a VGG-shaped encoder, mirrored decoders that unpool, and the cascade (Sec. 3.1).

The paper's one change to WCT's autoencoder: a decoder does not enlarge feature maps by repeating
values, it puts each value back where the content's max pooling found it and zeros elsewhere.
All photos are (3, H, W) in [0, 1]; networks see batches (B, 3, H, W).
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.course.errors import CourseError
from cvlib.stylization.regions import per_region, resize_labels
from cvlib.stylization.wct import wct


class Pool(NamedTuple):
    """Where a max pooling found its values: indices (B, C, h, w) and the size it pooled from."""

    indices: Tensor
    size: torch.Size


class Features(NamedTuple):
    """What an encoder sees: `maps[l-1]` is relu_l_1, `pools[l-1]` lies between levels l, l+1."""

    maps: list[Tensor]
    pools: list[Pool]


def conv(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """A 3x3 convolution with reflected borders, as all of the paper's are."""
    return layer(F.pad(x, (1, 1, 1, 1), mode="reflect"))


class Encoder(nn.Module):
    """A VGG prefix: block l has depths[l-1] convolutions of widths[l-1] channels, then pools.

    VGG-19 up to conv4_1 is widths (64, 128, 256, 512), depths (2, 2, 4); the smoke profile's has
    widths (16, 32, 64), depths (2, 2).
    """

    def __init__(self, widths: Sequence[int], depths: Sequence[int]) -> None:
        super().__init__()
        self.widths = tuple(widths)
        self.depths = tuple(depths)
        self.layers = nn.ModuleDict()
        before = 3
        depths = [*self.depths, 1]  # the last level ends with its first convolution
        for level, (width, depth) in enumerate(zip(self.widths, depths, strict=True), 1):
            self.layers[f"conv{level}_1"] = nn.Conv2d(before, width, 3)
            for i in range(2, depth + 1):
                self.layers[f"conv{level}_{i}"] = nn.Conv2d(width, width, 3)
            before = width

    def forward(self, x: Tensor, level: int | None = None) -> Features:
        """x (B, 3, H, W) -> maps of levels 1..level, (B, widths[l-1], H / 2^(l-1), ...)."""
        maps, pools = [], []
        for l in range(1, (level or len(self.widths)) + 1):
            if l > 1:
                for i in range(2, self.depths[l - 2] + 1):
                    x = F.relu(conv(self.layers[f"conv{l - 1}_{i}"], x))
                size = x.shape[-2:]
                x, indices = F.max_pool2d(x, 2, return_indices=True)  # (B, C, H/2, W/2)
                pools.append(Pool(indices, size))

            x = F.relu(conv(self.layers[f"conv{l}_1"], x))  # (B, widths[l-1], ...)
            maps.append(x)
        return Features(maps, pools)


class Decoder(nn.Module):
    """The mirror of one encoder level, from relu_l_1 back to the photo.

    mode "unpool" is PhotoWCT's, "upsample" (repeat each value) is WCT's. No final activation.
    """

    def __init__(
        self, widths: Sequence[int], depths: Sequence[int], level: int, mode: str = "unpool"
    ) -> None:
        super().__init__()
        if mode not in ("unpool", "upsample"):
            raise CourseError(f"mode is {mode!r}: choose 'unpool' or 'upsample'")
        self.level, self.mode, self.depths = level, mode, tuple(depths)
        self.layers = nn.ModuleDict()
        for l in range(level, 1, -1):
            width = widths[l - 2]
            self.layers[f"conv{l}_1"] = nn.Conv2d(widths[l - 1], width, 3)
            for i in range(self.depths[l - 2], 1, -1):
                self.layers[f"conv{l - 1}_{i}"] = nn.Conv2d(width, width, 3)
        self.layers["conv1_1"] = nn.Conv2d(widths[0], 3, 3)

    def forward(self, x: Tensor, pools: Sequence[Pool]) -> Tensor:
        """x (B, widths[level-1], h, w) and the content's pools -> (B, 3, H, W)."""
        for l in range(self.level, 1, -1):
            x = F.relu(conv(self.layers[f"conv{l}_1"], x))  # (B, widths[l-2], h, w)
            x = self.enlarge(x, pools[l - 2])  # (B, widths[l-2], 2h, 2w)
            for i in range(self.depths[l - 2], 1, -1):
                x = F.relu(conv(self.layers[f"conv{l - 1}_{i}"], x))
        return conv(self.layers["conv1_1"], x)  # (B, 3, H, W)

    def enlarge(self, x: Tensor, pool: Pool) -> Tensor:
        """Undo one pooling; the content's size settles odd heights and widths."""
        if self.mode == "unpool":
            # Half-precision kernels are missing on some devices.
            return F.max_unpool2d(x.float(), pool.indices, 2, output_size=pool.size)
        return F.interpolate(x, size=pool.size, mode="nearest")


class PhotoWCT(nn.Module):
    """The paper's F1: restyle level by level, deepest first, each from the last level's image."""

    def __init__(self, encoder: Encoder, decoders: Mapping[int, Decoder]) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoders = nn.ModuleDict({str(level): d for level, d in decoders.items()})

    @torch.no_grad()
    def stylize(
        self,
        content: Tensor,
        style: Tensor,
        masks: tuple[Tensor, Tensor] | None = None,
        alpha: float = 1.0,
        ridge: float = 0.0,
    ) -> Tensor:
        """content (3, H, W), style (3, H', W') -> (3, H, W) in [0, 1].

        masks: int64 label maps (H, W) and (H', W'); each region takes its own style. alpha, ridge:
        see `wct`. Raises CourseError for a photo too small for the deepest level.
        """
        levels = sorted((int(level) for level in self.decoders), reverse=True)
        _check_photos(content, style, levels[0])
        image = content[None]
        for level in levels:
            seen = self.encoder(image, level)
            wanted = self.encoder(style[None], level).maps[-1]
            styled = restyle(seen.maps[-1], wanted, masks, alpha, ridge)
            image = self.decoders[str(level)](styled, seen.pools)
        return image[0].clamp(0, 1)


def restyle(
    content: Tensor,
    style: Tensor,
    masks: tuple[Tensor, Tensor] | None = None,
    alpha: float = 1.0,
    ridge: float = 0.0,
) -> Tensor:
    """WCT of feature maps (1, C, h, w), (1, C, h', w'), region by region if there are masks."""
    c, s = content[0].flatten(1), style[0].flatten(1)
    method = partial(wct, alpha=alpha, ridge=ridge)
    if masks is None:
        return method(c, s).view_as(content)
    labels = [
        resize_labels(mask, *x.shape[-2:]).flatten()
        for mask, x in zip(masks, (content, style), strict=True)
    ]
    return per_region(method, c, s, *labels).view_as(content)


def _check_photos(content: Tensor, style: Tensor, level: int) -> None:
    smallest = 2**level
    for name, photo in [("content", content), ("style", style)]:
        if min(photo.shape[-2:]) < smallest:
            raise CourseError(
                f"the {name} photo is {photo.shape[-1]}x{photo.shape[-2]} pixels, but level "
                f"{level} needs at least {smallest} on each side: use a larger photo"
            )
