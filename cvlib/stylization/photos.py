"""Photos in and out: any file that Pillow reads becomes a tensor, and back."""

import io
import warnings
from pathlib import Path

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


def cover(photo: Tensor, height: int, width: int) -> Tensor:
    """The largest centred cut of the photo with this shape, reduced to (3, height, width)."""
    _, h, w = photo.shape
    scale = min(h / height, w / width)
    ch, cw = round(height * scale), round(width * scale)
    top, left = (h - ch) // 2, (w - cw) // 2
    return resize_to(photo[:, top : top + ch, left : left + cw], height, width)
