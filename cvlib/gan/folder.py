"""A reader's own pictures: a folder becomes a training set, and nets that fit it."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.gan.sizes import GANConfig

KINDS = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
LEAST = 64  # pictures: one batch


def read_folder(folder: str | Path, size: int) -> tuple[Tensor, Tensor, list[str]]:
    """Pictures of a folder as uint8 (N, 3, size, size), their classes (N,), and the class names.

    Each subfolder is a class; pictures in the folder itself are one class. Each is cut to a square
    around its middle. CourseError where the folder, pictures or a readable file are missing.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise CourseError(f"{folder} is no folder: give the folder that holds your pictures")
    names = sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    places = [folder / name for name in names] or [folder]
    found = [(path, c) for c, place in enumerate(places) for path in _pictures(place)]
    if len(found) < LEAST:
        raise CourseError(
            f"{folder} holds {len(found)} pictures ({', '.join(sorted(KINDS))}): at least {LEAST} "
            "are needed, thousands are better"
        )
    x = torch.stack([_square(path, size) for path, _ in found])
    y = torch.tensor([c for _, c in found])
    return x, y, names or [folder.name]


def _pictures(place: Path) -> list[Path]:
    return sorted(p for p in place.iterdir() if p.suffix.lower() in KINDS and p.is_file())


def _square(path: Path, size: int) -> Tensor:
    """The middle square of a picture, uint8 (3, size, size)."""
    try:
        with Image.open(path) as picture:
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except OSError as error:
        raise CourseError(f"{path.name} cannot be read as a picture: take it out") from error
    fitted = ImageOps.fit(upright, (size, size), Image.Resampling.BOX)
    return torch.from_numpy(np.array(fitted)).permute(2, 0, 1)


def nets_for(size: int, classes: int, width: int = 32) -> GANConfig:
    """Nets for colour images of 16, 32, 64 or 128 px, with attention at half the height.

    One class makes them unconditional.
    """
    doublings = size.bit_length() - 2
    wide = (4, 4, 4, 4, 2, 1) if doublings > 4 else (4,) * doublings
    return GANConfig(
        resolution=size, g_mult=wide[:doublings], d_mult=wide[:doublings][::-1], g_width=width,
        d_width=width, classes=classes, attention_g=(size // 2,), attention_d=(size // 2,),
    )  # fmt: skip
