"""Photos to restyle and to train on: what ships, Luan et al.'s pairs, COCO, ImageNet samples."""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from cvlib.course import data
from cvlib.course.errors import DataMissing
from cvlib.stylization.photos import cover, read_photo, to_tensor
from cvlib.stylization.regions import draw_regions, read_mask

Masks = tuple[Tensor, Tensor]
SHIPPED = ("aitzgorri", "picosdeeuropa", "sunset")
# Where the sky ends in the shipped photos, from left to right, in fractions of the photo.
SKYLINES = {
    "aitzgorri": (
        (0, 0.23), (0.06, 0.25), (0.14, 0.19), (0.2, 0.165), (0.28, 0.165), (0.34, 0.145),
        (0.4, 0.16), (0.48, 0.14), (0.55, 0.12), (0.6, 0.155), (0.66, 0.15), (0.7, 0.165),
        (0.8, 0.145), (0.86, 0.16), (0.9, 0.21), (0.95, 0.225), (1, 0.24),
    ),
    "picosdeeuropa": (
        (0, 0.19), (0.05, 0.2), (0.1, 0.27), (0.15, 0.34), (0.19, 0.35), (0.24, 0.34),
        (0.29, 0.41), (0.31, 0.45), (0.36, 0.45), (0.4, 0.38), (0.435, 0.37), (0.44, 0.29),
        (0.48, 0.23), (0.56, 0.2), (0.63, 0.21), (0.67, 0.26), (0.73, 0.23), (0.77, 0.24),
        (0.83, 0.21), (0.9, 0.19), (0.94, 0.16), (1, 0.13),
    ),
    "sunset": (
        (0, 0.51), (0.12, 0.49), (0.22, 0.47), (0.32, 0.455), (0.43, 0.465), (0.5, 0.475),
        (0.58, 0.46), (0.7, 0.445), (0.82, 0.43), (0.9, 0.435), (1, 0.43),
    ),
}  # fmt: skip
SAMPLE_PAIRS = (("picosdeeuropa", "sunset"), ("aitzgorri", "sunset"), ("china", "coffee"))


class Pair(NamedTuple):
    """A content and a style photo (3, H, W), with label maps (H, W) for both or without."""

    name: str
    content: Tensor
    style: Tensor
    masks: Masks | None = None

    def to(self, device: torch.device) -> "Pair":
        """The same pair with all its tensors on a device."""
        masks = tuple(m.to(device) for m in self.masks) if self.masks else None
        return Pair(self.name, self.content.to(device), self.style.to(device), masks)


def sample_photo(name: str) -> Tensor:
    """A photo that comes with the course or with an installed package: (3, H, W).

    aitzgorri, picosdeeuropa, sunset: Aitzol Berasategi, CC BY 4.0 (the course). china:
    danielbuechele, flower: vultilion, both CC BY 2.0 (scikit-learn). All others are scikit-image's,
    CC0 or public domain.
    """
    if name in SHIPPED:
        return read_photo(data.path(f"stylization-photos/{name}"))
    if name in ("china", "flower"):
        from sklearn.datasets import load_sample_image

        return to_tensor(load_sample_image(f"{name}.jpg"))
    import skimage.data

    pixels = getattr(skimage.data, name)()
    return to_tensor(pixels if pixels.ndim == 3 else np.stack([pixels] * 3, axis=-1))


def sky_and_land(name: str, height: int, width: int) -> Tensor:
    """The two regions of a shipped photo, drawn by hand: 1 is sky, 0 is land, (H, W) int64."""
    return draw_regions(height, width, [(0, 0), *SKYLINES[name], (1, 0)])


def sample_pairs(pixels: int) -> list[Pair]:
    """The smoke profile's three pairs, of at most `pixels` pixels a photo; two have regions."""
    pairs = []
    for content, style in SAMPLE_PAIRS:
        photos = [shrunk(sample_photo(n), pixels) for n in (content, style)]
        masks = None
        if style in SKYLINES:
            sizes = [photo.shape[1:] for photo in photos]
            masks = tuple(sky_and_land(n, *s) for n, s in zip((content, style), sizes, strict=True))
        pairs.append(Pair(f"{content} as {style}", *photos, masks))
    return pairs


def shrunk(photo: Tensor, pixels: int) -> Tensor:
    """The photo reduced to about `pixels` pixels and to even sides, for quick work."""
    _, height, width = photo.shape
    factor = min(1.0, (pixels / (height * width)) ** 0.5)
    return cover(photo, 2 * int(height * factor / 2), 2 * int(width * factor / 2))


def deep_photo_pairs(numbers: Sequence[int], pixels: int) -> list[Pair]:
    """Luan et al.'s pairs of these numbers with their region masks, from whatever is at hand."""
    found = _deep_photo_files(numbers)
    return [_deep_photo_pair(n, found, pixels) for n in numbers]


def deep_photo_results(numbers: Sequence[int]) -> dict[str, bytes]:
    """Pair name -> the picture that Luan et al. published for it, as a file."""
    found = _deep_photo_files(numbers)
    return {f"pair {n}": found["luan", n] for n in numbers}


def _deep_photo_pair(n: int, found: dict[tuple[str, int], bytes], pixels: int) -> Pair:
    photos, masks = [], []
    for side in ("content", "style"):
        photo = read_photo(found[side, n], pixels)
        photos.append(photo)
        masks.append(read_mask(found[f"{side}-seg", n], *photo.shape[1:]))
    return Pair(f"pair {n}", *photos, tuple(masks))


def _deep_photo_files(numbers: Sequence[int]) -> dict[tuple[str, int], bytes]:
    """(kind, number) -> a file of Luan et al.'s: the reduced copies, else their archive."""
    kinds = {"content": "jpg", "style": "jpg", "luan": "jpg",
             "content-seg": "png", "style-seg": "png"}  # fmt: skip
    try:
        return {
            (kind, n): data.path(f"deep-photo-12/{n:02d}-{kind}").read_bytes()
            for n in numbers for kind in kinds
        }  # fmt: skip
    except DataMissing:
        return _from_archive(data.path("deep-photo/archive"), set(numbers))


def _from_archive(archive: Path, numbers: set[int]) -> dict[tuple[str, int], bytes]:
    folders = {
        ("input", "in"): "content",
        ("style", "tar"): "style",
        ("segmentation", "in"): "content-seg",
        ("segmentation", "tar"): "style-seg",
        ("final_results", "best"): "luan",
    }
    pattern = re.compile(r"examples/(\w+)/(in|tar|best)(\d+)(?:_t_1000)?\.png$")
    found = {}
    for name, content in data.members(archive, ".png"):
        match = pattern.search(name)
        if match and int(match[3]) in numbers and (match[1], match[2]) in folders:
            found[folders[match[1], match[2]], int(match[3])] = content
    return found


def coco_squares(size: int, count: int) -> Tensor:
    """The centres of COCO's validation photos, uint8 (N, 3, size, size); count 0 is all 5,000."""
    archive = data.members(data.path("coco-val2017/archive"), ".jpg")
    return _squares((content for _, content in archive), size, count)


def imagenet_squares(size: int, count: int) -> Tensor:
    """The centres of ImageNet samples, one a class, uint8 (N, 3, size, size); 0 is all 1,000."""
    stored = np.load(data.path("imagenet1000/photos"))
    jpeg, offset = stored["jpeg"], stored["offset"]
    files = (jpeg[a:b].tobytes() for a, b in pairwise(offset))
    return _squares(files, size, count)


def _squares(files: Iterable[bytes], size: int, count: int) -> Tensor:
    squares = []
    for content in files:
        photo = cover(read_photo(content, 4 * size**2), size, size)
        squares.append((photo * 255).round().byte())
        if len(squares) == count:
            break
    return torch.stack(squares)
