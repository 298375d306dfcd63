"""Photos in and out: any file that Pillow reads becomes an sRGB tensor, and back."""

import io
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from torch import Tensor

from cvlib.course.errors import CourseError

SMALLEST = 32  # pixels on the short side: below, the deepest features are a handful of numbers
LARGEST = 120_000_000  # pixels: more than any camera's photo, and 1.4 GB once it is float32
SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I")
HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")


def read_photo(file: str | Path | bytes, pixels: int | None = None) -> Tensor:
    """A photo as (3, H, W) float32 in [0, 1], upright, sRGB, whatever its format.

    EXIF rotation is applied, a colour profile is converted to sRGB, transparency is laid on white,
    grey becomes RGB; 16-bit grey counts to 65535, floating point to 1. `pixels` is an upper bound
    on H * W: larger photos are reduced, never enlarged. Raises CourseError, in one sentence, for
    what cannot be a photo.
    """
    name = "the photo" if isinstance(file, bytes) else Path(file).name
    try:
        image = _opened(file, name)
        _check_size(image, name)
        if pixels:
            image.draft("RGB", _reduced(image.size, pixels))  # JPEG: decode small at once
        image = ImageOps.exif_transpose(image)
        if image.mode in (*SIXTEEN_BITS, "F"):
            return resize(_deep_grey(image), pixels) if pixels else _deep_grey(image)
        rgb = _srgb(_opaque(image), name)
    except CourseError:
        raise
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError, SyntaxError) as error:
        raise CourseError(
            f"{name} cannot be read as a picture ({error}): use a JPEG, PNG, TIFF or WebP file"
        ) from None
    if pixels and rgb.width * rgb.height > pixels:
        # Still 8 bits: a camera's whole photo in float32 would be four times as large.
        rgb = rgb.resize(_reduced(rgb.size, pixels), Image.Resampling.BICUBIC)
    return to_tensor(np.asarray(rgb))


def _opened(file: str | Path | bytes, name: str) -> Image.Image:
    source = io.BytesIO(file) if isinstance(file, bytes) else Path(file)
    head = file[:12] if isinstance(file, bytes) else _first_bytes(Path(file))
    if head[4:8] == b"ftyp" and head[8:12] in HEIC_BRANDS:
        raise CourseError(
            f"{name} is a HEIC file, which Pillow cannot read: export it as JPEG (on an iPhone: "
            "Settings, Camera, Formats, Most Compatible)"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return Image.open(source)


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(12)


def _check_size(image: Image.Image, name: str) -> None:
    width, height = image.size
    if min(width, height) < SMALLEST:
        raise CourseError(
            f"{name} is {width}x{height} pixels, but a photo needs at least {SMALLEST} on each "
            "side: choose a larger one"
        )
    if width * height > LARGEST:
        raise CourseError(
            f"{name} has {width * height / 1e6:.0f} megapixels, more than the {LARGEST / 1e6:.0f} "
            "that fit in memory: save a smaller copy first"
        )


def _deep_grey(image: Image.Image) -> Tensor:
    """Grey of more than 8 bits, scaled by its mode and never by its content."""
    grey = np.asarray(image, dtype=np.float32)
    full = 65535.0 if image.mode in SIXTEEN_BITS else 1.0
    return torch.from_numpy(grey / full).clamp(0, 1).expand(3, -1, -1).contiguous()


def _opaque(image: Image.Image) -> Image.Image:
    """The image on white, in a mode that its colour profile (if any) belongs to."""
    profile = image.info.get("icc_profile")
    if "A" in image.getbands() or "transparency" in image.info:
        rgba = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    elif image.mode in ("P", "1", "YCbCr", "HSV"):
        image = image.convert("RGB")
    if profile:
        image.info["icc_profile"] = profile
    return image


def _srgb(image: Image.Image, name: str) -> Image.Image:
    """The image as RGB in sRGB: its profile's colours are kept, not its numbers."""
    if profile := image.info.get("icc_profile"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            return ImageCms.profileToProfile(image, source, target, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            warnings.warn(
                f"{name}: its colour profile cannot be used, its numbers are taken as sRGB",
                stacklevel=3,
            )
    return image.convert("RGB")


def to_tensor(pixels: np.ndarray) -> Tensor:
    """uint8 (H, W, 3) -> float32 (3, H, W) in [0, 1]."""
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1).contiguous().float().div_(255)


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
