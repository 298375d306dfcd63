"""The sizes of chapter 03's experiment in every profile."""

from __future__ import annotations

from dataclasses import dataclass

MAIN = (1, 2, 4, 9, 14, 16, 25, 30, 34, 45, 55, 58)  # Luan et al.'s pairs of the 12-pair copy
SIZES = ((128, 256), (256, 512), (384, 768), (512, 1024))  # the paper's, height and width


@dataclass(frozen=True)
class Config:
    """The sizes of one profile."""

    backbone: str  # "tiny" brings decoders, which are trained on; VGG's start from nothing
    levels: tuple[int, ...]  # of the cascade; level 1 is solved, the others are trained
    photos: str  # what decoders are trained on: "samples", "imagenet" or "coco"
    square: int  # pixels of a training photo
    steps: int
    batch: int
    patch: int
    lr: float
    pairs: str  # "samples" or "deep-photo"
    pixels: int  # of a content photo, at most
    numbers: tuple[int, ...] = ()  # of the deep-photo pairs
    photo_count: int = 0  # of the training photos; 0 is all
    alphas: tuple[float, ...] = (0.0, 0.9, 0.99, 0.999, 0.9999, 0.99999)
    luan_steps: int = 0  # of our own short optimisation; 0 leaves it out
    sizes: tuple[tuple[int, int], ...] = SIZES
    clock_steps: int = 2  # of optimisation that are timed
    speed: bool = True  # whether the last size's seconds are metrics


CONFIG = {
    "smoke": Config(
        backbone="tiny", levels=(1, 2, 3), photos="samples", square=128, steps=40, batch=8,
        patch=64, lr=3e-4, pairs="samples", pixels=144 * 192, luan_steps=12,
        alphas=(0.0, 0.99, 0.9999, 0.99999), sizes=((64, 96), (96, 144), (144, 192)),
        speed=False,
    ),
    # Two levels: the third decoder would need an hour of training here to be worth its while.
    "laptop": Config(
        backbone="vgg16", levels=(1, 2), photos="imagenet", square=160, steps=400, batch=4,
        patch=64, lr=3e-3, pairs="deep-photo", numbers=MAIN, pixels=200 * 300,
        sizes=(SIZES[0], SIZES[1], SIZES[3]), clock_steps=1,
    ),
    "workshop": Config(
        backbone="vgg19", levels=(1, 2, 3), photos="coco", photo_count=1500, square=256,
        steps=1500, batch=8, patch=192, lr=1e-3, pairs="deep-photo", numbers=MAIN[:10],
        pixels=256 * 512, luan_steps=60, clock_steps=5,
    ),
    "full": Config(
        backbone="vgg16", levels=(1, 2, 3, 4), photos="imagenet", square=224, steps=3000, batch=8,
        patch=192, lr=1e-3, pairs="deep-photo", numbers=MAIN, pixels=384 * 512, luan_steps=300,
        clock_steps=10,
    ),
}  # fmt: skip
