"""The image sets as tensors, each with the label under which its numbers may be printed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from cvlib.course.data import formats
from cvlib.course.data.kept import kept
from cvlib.course.data.locate import path, present
from cvlib.course.data.photos import IMAGENETTE, TINY20, read_imagenette, read_tiny20
from cvlib.course.data.registry import DataSet, data_set, stand_in
from cvlib.course.errors import CourseError

DIGITS = tuple("0123456789")
CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # x, y, test x, test y
PARTS = ("x", "y", "tx", "ty")


@dataclass(frozen=True)
class Images:
    """An image set: x uint8 (N, C, H, W) in 0..255, y int64 (N,).

    `label` is the name to print beside every number; it says so where the set is a subset or a
    lossy copy.
    """

    label: str
    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor
    classes: tuple[str, ...]
    lossy: bool = False


def images(name: str, size: int | None = None) -> Images:
    """The image set `name`: digits, mnist5k, mnist, cifar10, imagenette160 or tinyimagenet20.

    `size` (pixels) sets the square centre crops of imagenette160, 160 by default; the other sets
    have one size. Raises `CourseError` for an unknown name, `DataMissing` as `data.path` does.
    """
    if name not in LOADERS:
        raise CourseError(f"there is no image set {name!r}: choose of {', '.join(LOADERS)}")
    if size is None:
        return LOADERS[name]()
    if name != "imagenette160":
        raise CourseError(f"{name} has one size: only imagenette160 can be cropped to another")
    return _imagenette160(size)


def at_hand(entry: DataSet) -> DataSet:
    """The set, or what the registry lets stand in for it.

    A part that holds the same bytes is taken wherever it is here; a lossy copy only where it is
    here and the set itself is not.
    """
    copy = stand_in(entry)
    if copy is None or not all(map(present, copy.files)):
        return entry
    return entry if copy.quality and all(map(present, entry.files)) else copy


def _digits() -> Images:
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    # RandomState's stream is frozen for good, unlike default_rng's: the split never changes.
    order = np.random.RandomState(2018).permutation(len(x))
    x = np.round(x * (255 / 16)).astype(np.uint8).reshape(-1, 1, 8, 8)[order]
    return _images("scikit-learn digits", (x[:1437], y[order][:1437], x[1437:], y[order][1437:]))


def _mnist5k() -> Images:
    z = formats.load_npz(path("mnist5k/digits"))
    return _images(data_set("mnist5k").title, (z["x"][:, None], z["y"], z["tx"][:, None], z["ty"]))


def _mnist() -> Images:
    parts = ("train-images", "train-labels", "test-images", "test-labels")
    x, y, tx, ty = (formats.read_idx(path(f"mnist/{part}")) for part in parts)
    return _images(data_set("mnist").title, (x[:, None], y, tx[:, None], ty))


def _cifar10() -> Images:
    entry = at_hand(data_set("cifar10"))
    read = _from_jpegs if entry.quality else lambda files: formats.read_cifar(*files)
    arrays = _decoded(entry.name, entry, read)
    return _images(entry.title, arrays, CIFAR10, lossy=bool(entry.quality))


def _tinyimagenet20() -> Images:
    entry = at_hand(data_set("tinyimagenet"))
    part = data_set("tinyimagenet20")
    read = _from_jpegs if entry is part else lambda files: read_tiny20(*files)
    return _images(part.title, _decoded(f"{entry.name}-20", entry, read), tuple(TINY20.values()))


def _imagenette160(size: int = 160) -> Images:
    entry = data_set("imagenette160")
    arrays = _decoded(f"{entry.name}-{size}", entry, lambda files: read_imagenette(*files, size))
    label = f"{entry.title}, centre crops {size}x{size}"
    return _images(label, arrays, tuple(IMAGENETTE.values()))


LOADERS: dict[str, Callable[..., Images]] = {
    "digits": _digits,
    "mnist5k": _mnist5k,
    "mnist": _mnist,
    "cifar10": _cifar10,
    "imagenette160": _imagenette160,
    "tinyimagenet20": _tinyimagenet20,
}


def _images(
    label: str, arrays: Arrays, classes: tuple[str, ...] = DIGITS, lossy: bool = False
) -> Images:
    x, y, tx, ty = (torch.from_numpy(np.require(a, requirements="W")) for a in arrays)
    return Images(label, x, y.long(), tx, ty.long(), classes, lossy)


def _from_jpegs(files: list[Path]) -> Arrays:
    (train, y, _), (test, ty, _) = map(formats.read_jpegs, files)
    return formats.decode(train), y, formats.decode(test), ty


def _decoded(name: str, entry: DataSet, read: Callable[[list[Path]], Arrays]) -> Arrays:
    """The four arrays that `read` makes of a set's local files, kept for the next time."""
    sources = [file.name for file in entry.files]

    def build() -> dict[str, np.ndarray]:
        arrays = read([path(source) for source in sources])
        return dict(zip(PARTS, arrays, strict=True))

    found = kept(name, sources, build)
    return tuple(found[part] for part in PARTS)
