"""Discriminators that score patches at several scales (Isola et al. 2017; Wang et al. 2018)."""

import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.gan.norm import spectral_norm


class PatchDiscriminator(nn.Module):
    """A stack of 4x4 convolutions of stride 2 whose output scores overlapping patches.

    `widths` are the channels after each stride-2 layer; one 4x4 layer of stride 1 and the layer of
    scores follow. Instance normalisation after all layers but the first and the last; with `sn`
    spectral norm instead.
    """

    def __init__(self, channels: int, widths: tuple[int, ...], sn: bool = False) -> None:
        super().__init__()
        layers = []
        before = channels
        for i, width in enumerate((*widths, widths[-1])):
            stride = 2 if i < len(widths) else 1
            layers.append(_layer(before, width, stride, sn, normalize=i > 0))
            before = width
        scores = nn.Conv2d(before, 1, 4, padding=2)
        self.layers = nn.ModuleList([*layers, spectral_norm(scores) if sn else scores])

    def forward(self, x: Tensor) -> list[Tensor]:
        """Map images (B, C, H, W) to the outputs of all layers; the last one is the scores."""
        outputs = []
        h = x
        for layer in self.layers:
            h = layer(h)
            outputs.append(h)
        return outputs


def _layer(inputs: int, outputs: int, stride: int, sn: bool, normalize: bool) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, 4, stride, padding=2)
    if sn:
        return nn.Sequential(spectral_norm(conv), nn.LeakyReLU(0.2))
    norm = nn.InstanceNorm2d(outputs) if normalize else nn.Identity()
    return nn.Sequential(conv, norm, nn.LeakyReLU(0.2))


class MultiscaleDiscriminator(nn.Module):
    """`scales` patch discriminators; each sees the image at half the size of the one before.

    The result is `list[scale][layer]`: `[layers[-1] for layers in out]` are the scores for the
    losses, the hidden layers serve `feature_matching`.
    """

    def __init__(
        self, channels: int, widths: tuple[int, ...], scales: int = 2, sn: bool = False
    ) -> None:
        super().__init__()
        self.nets = nn.ModuleList(PatchDiscriminator(channels, widths, sn) for _ in range(scales))

    def forward(self, x: Tensor) -> list[list[Tensor]]:
        """Map images (B, C, H, W), with their condition as further channels, to all layers."""
        outputs = []
        for net in self.nets:
            outputs.append(net(x))
            x = F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)
        return outputs
