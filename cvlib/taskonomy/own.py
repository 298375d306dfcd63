"""A folder of one's own: pictures with a label map each, as a new target; which code teaches it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.taskonomy.nets import Encoder, Readouts, codes, gathered
from cvlib.taskonomy.tasks import image_losses, standardized, task

PICTURES, LABELS = "rgb", "label"
KINDS = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"}
LEAST = 24  # pairs; fewer leave nothing to judge on


def read_folder(folder: str | Path, size: int) -> tuple[Tensor, Tensor]:
    """Pictures (N, 3, size, size) and grey label maps (N, 1, size, size), both in [0, 1].

    The folder holds `rgb/NAME.png` and `label/NAME.png` with the same names (any picture format;
    a 16-bit map counts by its own range). Both are cropped to a square and scaled down.
    Raises `CourseError` for a folder without pairs, an odd name, or a file that is no picture.
    """
    folder = Path(folder).expanduser()
    pictures, labels = _files(folder / PICTURES), _files(folder / LABELS)
    odd = sorted(pictures.keys() ^ labels.keys())
    if odd:
        raise CourseError(f"{odd[0]} is in only one of {PICTURES}/ and {LABELS}/: give both")
    if len(pictures) < LEAST:
        raise CourseError(f"{folder} holds {len(pictures)} pairs: at least {LEAST} are needed")
    names = sorted(pictures)
    rgb = torch.stack([_read(pictures[name], size, colour=True) for name in names])
    label = torch.stack([_read(labels[name], size, colour=False) for name in names])
    if float(label.std()) == 0:
        raise CourseError(f"all maps in {folder / LABELS} are the same constant: nothing to learn")
    return rgb, label


def write_folder(folder: Path, rgb: Tensor, label: Tensor) -> Path:
    """Write pictures and maps, both in [0, 1], as `read_folder` reads them."""
    for name, pictures in ((PICTURES, rgb), (LABELS, label)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for i, picture in enumerate(pictures):
            pixels = (picture.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()
            Image.fromarray(pixels.squeeze()).save(folder / name / f"{i:04d}.png")
    return folder


def teachers_of(
    rgb: Tensor, label: Tensor, encoders: Mapping[str, Encoder], steps: int = 150, seed: int = 0
) -> dict[str, float]:
    """Which code teaches a new label map (N, 1, H, W) best: loss by source, lowest first.

    Three quarters of the pairs train one small read-out a source, the rest judges; the losses
    are relative to the best constant guess.
    """
    goal = task("reshade")  # any task of one map: only its shape counts here
    size, count = rgb.shape[-1], 3 * len(rgb) // 4
    wanted = standardized(goal, label, label[:count])
    table = [codes(encoder, rgb, count) for encoder in encoders.values()]
    which = [[k] for k in range(len(table))]

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        heads = Readouts(goal, size, heads=len(table))
        optimizer = torch.optim.Adam(heads.parameters(), 3e-3)
        for _ in range(steps):
            rows = torch.randint(0, count, (min(16, count),))
            loss = (
                image_losses(goal, heads(gathered(table, which, rows)), wanted[rows]).mean(0).sum()
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    rest = torch.arange(count, len(rgb))
    with torch.no_grad():
        found = image_losses(goal, heads(gathered(table, which, rest)), wanted[rest]).mean(0)
    guess = (wanted[rest] - wanted[:count].median()).abs().mean()
    losses = dict(zip(encoders, (found / guess).tolist(), strict=True))
    return dict(sorted(losses.items(), key=lambda pair: pair[1]))


def _files(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise CourseError(f"there is no folder {folder}: put pictures in rgb/, maps in label/")
    return {f.stem: f for f in folder.iterdir() if f.suffix.lower() in KINDS}


def _read(file: Path, size: int, *, colour: bool) -> Tensor:
    try:
        with Image.open(file) as opened:
            picture = opened.convert("RGB") if colour else opened
            side = min(picture.size)
            left, top = (picture.width - side) // 2, (picture.height - side) // 2
            square = picture.crop((left, top, left + side, top + side))
            whole = 255.0 if square.mode in ("L", "RGB", "RGBA", "P", "LA") else 65535.0
            grey = square if colour else square.convert("F" if whole > 255 else "L")
            pixels = np.asarray(grey.resize((size, size), Image.Resampling.BOX), np.float32)
    except (OSError, UnidentifiedImageError) as error:
        raise CourseError(f"{file.name} is no picture that can be read: remove it") from error
    channels = pixels if pixels.ndim == 3 else pixels[..., None]
    return torch.from_numpy(channels.copy()).permute(2, 0, 1) / whole
