"""The arms of the experiment: which network, which normalisation, how many images per worker."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from torch import nn

from cvlib.normalization import protocols, resnet
from cvlib.normalization.layers import GhostBatchNorm2d, GroupNorm2d, choose_groups
from cvlib.normalization.protocols import Protocol
from cvlib.normalization.weight_standardization import standardized

SIZES = (32, 16, 8, 4, 2)  # images per worker, as in the paper's Fig. 1
GROUPS = (64, 32, 16, 4, 1)
CHANNELS_PER_GROUP = (64, 16, 4, 1)


@dataclass(frozen=True)
class Net:
    """A network of the CIFAR family; without `widths` it is ResNet-50."""

    widths: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()
    blocks: int = 1
    stem_stride: int = 1

    def build(self, norm: resnet.Norm, channels: int, classes: int) -> nn.Module:
        """The network with this normalisation, for images with `channels`."""
        if not self.widths:
            return resnet.resnet50(norm, classes)
        return resnet.resnet_cifar(
            norm, channels=channels, widths=self.widths, strides=self.strides,
            blocks=self.blocks, stem_stride=self.stem_stride, classes=classes,
        )  # fmt: skip


@dataclass(frozen=True)
class Config:
    """All sizes of a profile."""

    data: str
    net: Net
    control: Net  # the same with larger maps at the end: m is not small there
    epochs: int
    batch: int  # of the protocol `fixed`
    lr: float  # of the protocol `fixed`
    groups: int = 32
    pad: int = 0  # pixels of random shifts; 0 also switches the flips off
    last_epochs: int = 1  # the error is the median over these, as in the paper's Sec. 4.1
    others: bool = False  # layer and instance norm, and standardised weights under group norm
    paper_sizes: tuple[int, ...] = ()  # of the protocol `paper`
    group_sweeps: bool = False
    weight_decay: float = 1e-4
    schedule: str = "cosine"


@dataclass(frozen=True)
class Arm:
    """One training; its test error is the value of `metrics`."""

    name: str
    metrics: tuple[str, ...]
    net: Net
    protocol: Protocol
    norm: str
    groups: int = 32
    standardize: bool = False

    def build(self, channels: int, classes: int) -> nn.Module:
        """The arm's network for images with `channels`."""
        net = self.net.build(self.factory, channels, classes)
        return standardized(net) if self.standardize else net

    def factory(self, channels: int) -> nn.Module:
        """The normalisation layer for this many channels."""
        if self.norm == "bn":
            return GhostBatchNorm2d(channels, self.protocol.images_per_worker)
        if self.norm == "gn":
            return GroupNorm2d(channels, choose_groups(channels, self.groups))
        if self.norm == "per_group":  # `groups` counts channels per group here
            return GroupNorm2d(channels, channels // math.gcd(channels, self.groups))
        return GroupNorm2d(channels, {"ln": 1, "in": channels}[self.norm])


def arms(config: Config) -> Iterator[Arm]:
    """All trainings of one seed, in order. What is the same run is trained once.

    Group norm under `fixed` is one run for every N; one group is layer norm, and one channel per
    group instance norm; where `paper` asks for the batch and rate of `fixed`, they are one run.
    """
    c = config
    fixed = {n: protocols.fixed(n, c.batch, c.lr) for n in SIZES}
    both = [n for n in c.paper_sizes if protocols.paper(n) == fixed[n]]
    for n in SIZES:
        metrics = (f"bn_error_{n}", *(f"paper_bn_error_{m}" for m in both if m == n))
        yield Arm(f"bn-{n}", metrics, c.net, fixed[n], "bn")
    same = (*(f"gn_error_{n}" for n in SIZES), *(f"paper_gn_error_{n}" for n in both))
    swept = (f"groups_error_{c.groups}",) if c.group_sweeps else ()
    yield Arm("gn", same + swept, c.net, fixed[32], "gn", c.groups)
    for n in (32, 2):
        yield Arm(f"control-bn-{n}", (f"control_bn_error_{n}",), c.control, fixed[n], "bn")
    yield Arm("control-gn", ("control_gn_error",), c.control, fixed[32], "gn", c.groups)
    if c.others:
        swept = (("groups_error_1",), ("channels_error_1",)) if c.group_sweeps else ((), ())
        yield Arm("ln", ("ln_error", *swept[0]), c.net, fixed[32], "ln")
        yield Arm("in", ("in_error", *swept[1]), c.net, fixed[32], "in")
        yield Arm("gn-ws", ("gn_ws_error",), c.net, fixed[32], "gn", c.groups, standardize=True)
    for n in (n for n in c.paper_sizes if n not in both):
        p = protocols.paper(n)
        yield Arm(f"paper-bn-{n}", (f"paper_bn_error_{n}",), c.net, p, "bn")
        yield Arm(f"paper-gn-{n}", (f"paper_gn_error_{n}",), c.net, p, "gn", c.groups)
    if c.group_sweeps:
        for g in (g for g in GROUPS if g not in (c.groups, 1)):
            yield Arm(f"groups-{g}", (f"groups_error_{g}",), c.net, fixed[32], "gn", g)
        for k in (k for k in CHANNELS_PER_GROUP if k != 1):
            yield Arm(f"channels-{k}", (f"channels_error_{k}",), c.net, fixed[32], "per_group", k)
