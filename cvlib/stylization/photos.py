"""Photos in and out: any file that Pillow reads, the sample pairs, colour-coded region masks."""

import io
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from cvlib.course.errors import CourseError

SMALLEST = 32  # pixels on the short side: below, the deepest features are a handful of numbers
LARGEST = 120_000_000  # pixels: more than any camera's photo, and 1.4 GB once it is float32


def read_photo(file: str | Path | bytes, pixels: int | None = None) -> Tensor:
    """A photo as (3, H, W) float32 in [0, 1], upright, sRGB, whatever its format.

    EXIF rotation is applied, transparency is laid on white, grey becomes RGB, 16 bits are kept as
    far as Pillow reads them. `pixels` is an upper bound on H * W: larger photos are reduced, never
    enlarged. Raises CourseError, in one sentence, for what cannot be a photo.
    """
    name = "The photo" if isinstance(file, bytes) else Path(file).name
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(file) if isinstance(file, bytes) else file)
            _check_size(image, name)
            if pixels:
                image.draft("RGB", _reduced(image.size, pixels))  # JPEG: decode small at once
            image = ImageOps.exif_transpose(image)
            rgb = _to_rgb(image)
    except CourseError:
        raise
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError, SyntaxError) as error:
        raise CourseError(
            f"{name} cannot be read as a picture ({error}): use a JPEG, PNG, TIFF or WebP file."
        ) from None
    return resize(rgb, pixels) if pixels else rgb


def _check_size(image: Image.Image, name: str) -> None:
    width, height = image.size
    if min(width, height) < SMALLEST:
        raise CourseError(
            f"{name} is {width}x{height} pixels, but a photo needs at least {SMALLEST} on each "
            "side: choose a larger one."
        )
    if width * height > LARGEST:
        raise CourseError(
            f"{name} has {width * height / 1e6:.0f} megapixels, more than the {LARGEST / 1e6:.0f} "
            "that fit in memory: save a smaller copy first."
        )


def _to_rgb(image: Image.Image) -> Tensor:
    """Any Pillow mode -> (3, H, W) float32 in [0, 1]."""
    if image.mode in ("I;16", "I;16B", "I;16L", "I", "F"):
        grey = np.asarray(image, dtype=np.float32)
        full = 65535.0 if grey.max() > 255 else 255.0 if grey.max() > 1 else 1.0
        return torch.from_numpy(grey / full).clamp(0, 1).expand(3, -1, -1).contiguous()
    if "A" in image.getbands() or "transparency" in image.info:
        rgba = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)
    return to_tensor(np.asarray(image.convert("RGB")))


def to_tensor(pixels: np.ndarray) -> Tensor:
    """uint8 (H, W, 3) -> float32 (3, H, W) in [0, 1]."""
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1).contiguous().float() / 255


def to_image(photo: Tensor) -> Image.Image:
    """A photo (3, H, W) for saving or showing; clipped to [0, 1], rounded to 8 bits."""
    pixels = (photo.detach().float().clamp(0, 1) * 255).round().byte()
    return Image.fromarray(pixels.permute(1, 2, 0).cpu().numpy())


def _reduced(size: tuple[int, int], pixels: int) -> tuple[int, int]:
    factor = min(1.0, (pixels / (size[0] * size[1])) ** 0.5)
    return max(1, int(size[0] * factor)), max(1, int(size[1] * factor))


def resize(photo: Tensor, pixels: int) -> Tensor:
    """The photo (3, H, W) reduced to at most `pixels` pixels; its shape is kept, never enlarged."""
    _, height, width = photo.shape
    if height * width <= pixels:
        return photo
    width, height = _reduced((width, height), pixels)
    return resize_to(photo, height, width)


def resize_to(photo: Tensor, height: int, width: int) -> Tensor:
    """The photo (3, H, W) at exactly this size, antialiased bicubic, clipped to [0, 1]."""
    resized = torch.nn.functional.interpolate(
        photo[None], size=(height, width), mode="bicubic", antialias=True
    )
    return resized[0].clamp(0, 1)


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


def cover(photo: Tensor, height: int, width: int) -> Tensor:
    """The largest centred cut of the photo with this shape, reduced to (3, height, width)."""
    _, h, w = photo.shape
    scale = min(h / height, w / width)
    ch, cw = round(height * scale), round(width * scale)
    top, left = (h - ch) // 2, (w - cw) // 2
    return resize_to(photo[:, top : top + ch, left : left + cw], height, width)


def read_mask(file: str | Path, height: int, width: int) -> Tensor:
    """A colour-coded region mask as labels (height, width) int64: each channel on or off, 0..7.

    The eight pure colours of Luan et al.'s masks; JPEG blur between them is cut at mid-grey.
    """
    image = Image.open(file).convert("RGB").resize((width, height), Image.Resampling.NEAREST)
    bits = torch.from_numpy(np.asarray(image).copy()).long() > 127
    return (bits * torch.tensor([4, 2, 1])).sum(-1)
