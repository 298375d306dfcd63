"""The sizes of every profile: which networks, on what, for how long."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import nn

from cvlib.normalization import resnet

SIZES = (32, 16, 8, 4, 2)  # images per worker, as in the paper's Fig. 1


@dataclass(frozen=True)
class SmallNet:
    """A residual network for small images: a 3x3 stem, then stages of basic blocks."""

    widths: tuple[int, ...]
    strides: tuple[int, ...]
    blocks: int  # of each stage
    stem_stride: int

    def build(self, norm: resnet.Norm, channels: int, classes: int) -> nn.Module:
        """The network with this normalisation, for images with `channels`."""
        return resnet.resnet_cifar(
            norm, channels=channels, widths=self.widths, strides=self.strides,
            blocks=self.blocks, stem_stride=self.stem_stride, classes=classes,
        )  # fmt: skip

    def with_larger_maps(self) -> SmallNet:
        """The same network, but for the last stride: 1, so that m is four times as large there."""
        return replace(self, strides=(*self.strides[:-1], 1))


@dataclass(frozen=True)
class ResNet50:
    """The paper's network, for colour images."""

    depth: int = 50

    def build(self, norm: resnet.Norm, channels: int, classes: int) -> nn.Module:
        """The network with this normalisation."""
        return resnet.resnet50(norm, classes)


@dataclass(frozen=True)
class Study:
    """One network on one image set; every training of a study has all of these in common.

    `batch` and `lr` are those of protocol `fixed`; the paper's protocol derives its own.
    """

    data: str
    train_images: int
    net: SmallNet | ResNet50
    groups: int
    epochs: int
    batch: int
    lr: float
    schedule: str = "cosine"
    pad: int = 0  # pixels of random shifts; 0 also switches the flips off
    tested_every: int = 1  # epochs
    last_epochs: int = 1  # the error is the median over these, as in the paper's Sec. 4.1
    weight_decay: float = 1e-4
    sizes: tuple[int, ...] = SIZES  # images per worker of batch norm under protocol `fixed`
    paper_sizes: tuple[int, ...] = ()  # of both norms under the paper's protocol
    others: bool = False  # layer and instance norm
    group_counts: tuple[int, ...] = ()  # of the paper's Table 3, beside `groups`
    group_widths: tuple[int, ...] = ()  # of the same table: channels per group


@dataclass(frozen=True)
class Transfer:
    """Fine-tuning of the study's trained networks on street scenes."""

    height: int
    width: int
    epochs: int
    batch: int
    images_per_worker: int
    lr: float
    weight_decay: float  # not on gamma and beta, as in the paper's Sec. 4.2


@dataclass(frozen=True)
class Config:
    """A profile: the study; a deeper one, and the transfer, where there is time for them."""

    study: Study
    deep: Study | None = None
    transfer: Transfer | None = None


# Two images per worker leave m = 2 in the last maps of smoke (1x1) and m = 8 elsewhere (2x2).
# G = 8, and 4 in smoke and laptop, give 2 to 16 channels a group; 32, the paper's, would make
# the first stages instance norms. Sizes of laptop were settled with a pilot of seed 100.
SCENES = Transfer(96, 128, epochs=8, batch=8, images_per_worker=2, lr=0.05, weight_decay=1e-4)
WORKSHOP = Study(
    data="cifar10", train_images=50_000, net=SmallNet((32, 64, 128), (1, 2, 2), 3, 4), groups=8,
    epochs=10, batch=128, lr=0.1, pad=4, sizes=(32, 8, 2),
)  # fmt: skip

CONFIG = {
    "smoke": Config(
        Study(
            data="digits", train_images=1437, net=SmallNet((8, 16, 32, 64), (1, 2, 2, 2), 1, 1),
            groups=4, epochs=6, batch=64, lr=0.1,
        )
    ),
    "laptop": Config(
        Study(
            data="cifar10", train_images=10_000, net=SmallNet((16, 32, 64), (1, 2, 2), 3, 4),
            groups=4, epochs=6, batch=128, lr=0.1, pad=4, tested_every=3, sizes=(32, 8, 4, 2),
            paper_sizes=(32, 2), others=True, group_counts=(2, 8),
        ),
        transfer=SCENES,
    ),
    "workshop": Config(WORKSHOP),
    "full": Config(
        replace(
            WORKSHOP, epochs=30, last_epochs=5, sizes=SIZES, paper_sizes=(32, 8, 2), others=True,
            group_counts=(2, 4, 16, 32), group_widths=(4, 16),
        ),
        # 64 pixels end in 2x2 maps here too
        deep=Study(
            data="tinyimagenet20", train_images=10_000, net=ResNet50(), groups=32, epochs=20,
            batch=64, lr=0.025, schedule="steps_of_ten", pad=6, last_epochs=5, sizes=(32, 8, 2),
            others=True,
        ),
        transfer=SCENES,
    ),
}  # fmt: skip
