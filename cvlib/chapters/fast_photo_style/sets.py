"""The chapter's photos: sample pairs that ship with SciPy's stack, Luan et al.'s pairs, COCO."""

import io
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from cvlib.course import data
from cvlib.stylization.photos import cover, read_photo, to_tensor


class Pair(NamedTuple):
    """A content and a style photo (3, H, W), with label maps (H, W) for both or without."""

    name: str
    content: Tensor
    style: Tensor
    masks: tuple[Tensor, Tensor] | None = None


def sample_photo(name: str) -> Tensor:
    """A photo that scikit-learn (china, flower) or scikit-image (all others) ships: (3, H, W).

    china: danielbuechele, flower: vultilion, both CC BY 2.0; the others are CC0 or public domain.
    """
    if name in ("china", "flower"):
        from sklearn.datasets import load_sample_image

        return to_tensor(load_sample_image(f"{name}.jpg"))
    import skimage.data

    pixels = getattr(skimage.data, name)()
    return to_tensor(pixels if pixels.ndim == 3 else np.stack([pixels] * 3, axis=-1))


def sample_pairs(height: int, width: int) -> list[Pair]:
    """The three content-style pairs of the smoke profile, all photos cut to height x width."""
    names = [("china", "flower"), ("china", "coffee"), ("rocket", "china")]
    return [
        Pair(f"{c} as {s}", *(cover(sample_photo(n), height, width) for n in (c, s)))
        for c, s in names
    ]


def read_mask(file: str | Path | bytes, height: int, width: int) -> Tensor:
    """A colour-coded region mask as labels (height, width) int64: each channel on or off, 0..7.

    The eight pure colours of Luan et al.'s masks; JPEG blur between them is cut at mid-grey.
    """
    image = Image.open(io.BytesIO(file) if isinstance(file, bytes) else file).convert("RGB")
    image = image.resize((width, height), Image.Resampling.NEAREST)
    bits = torch.from_numpy(np.asarray(image).copy()).long() > 127
    return (bits * torch.tensor([4, 2, 1])).sum(-1)


def deep_photo_pairs(numbers: tuple[int, ...], pixels: int) -> list[Pair]:
    """Luan et al.'s pairs with these numbers and their region masks, from their archive."""
    found = {}
    for name, content in data.members(data.path("deep-photo/archive"), ".png"):
        match = re.search(r"examples/(input|style|segmentation)/(in|tar)(\d+)\.png$", name)
        if match and int(match[3]) in numbers:
            found[match[1] == "segmentation", match[2], int(match[3])] = content
    pairs = []
    for n in numbers:
        photos = [read_photo(found[False, side, n], pixels) for side in ("in", "tar")]
        masks = [
            read_mask(found[True, side, n], *photo.shape[1:])
            for side, photo in zip(("in", "tar"), photos, strict=True)
        ]
        pairs.append(Pair(f"pair {n}", *photos, tuple(masks)))
    return pairs


def coco_squares(size: int, count: int) -> Tensor:
    """The centres of COCO's validation photos, uint8 (N, 3, size, size); count 0 is all 5,000."""
    squares = []
    for _, content in data.members(data.path("coco-val2017/archive"), ".jpg"):
        photo = cover(read_photo(content, 4 * size**2), size, size)
        squares.append((photo * 255).round().byte())
        if len(squares) == count:
            break
    return torch.stack(squares)
