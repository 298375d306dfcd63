"""A photograph of one's own, of any size and kind, for the retina."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from cvlib.course.errors import CourseError

LEAST = 16  # pixels of the shorter side


def read_photo(file: str | Path, size: int) -> Tensor:
    """The photo cropped to a square around its centre: (1, 3, size, size) in [0, 1].

    Turned as the camera says; grey, palette and transparent pictures become RGB on white. Raises
    `CourseError` for what is no picture, or one whose shorter side has fewer than 16 px.
    """
    try:
        with Image.open(Path(file).expanduser()) as opened:
            picture = ImageOps.exif_transpose(opened)
            if picture.mode in ("P", "LA", "PA") or "transparency" in picture.info:
                picture = picture.convert("RGBA")
            if picture.mode == "RGBA":
                white = Image.new("RGBA", picture.size, "white")
                picture = Image.alpha_composite(white, picture)
            picture = picture.convert("RGB")
    except FileNotFoundError:
        raise CourseError(f"there is no file {file}: give the path of a picture") from None
    except (UnidentifiedImageError, OSError, ValueError) as error:
        raise CourseError(f"{file} is no picture that can be read ({error})") from error
    if min(picture.size) < LEAST:
        raise CourseError(f"{file} has {picture.size} px: give at least {LEAST} on each side")
    square = ImageOps.fit(picture, (size, size), Image.Resampling.BICUBIC)
    pixels = torch.from_numpy(np.array(square)).permute(2, 0, 1)  # (3, size, size)
    return pixels[None].float() / 255
