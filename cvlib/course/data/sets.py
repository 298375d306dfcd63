"""The image sets as tensors, each with the label under which its numbers may be printed."""

from __future__ import annotations

import contextlib
import hashlib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from torch import Tensor

from cvlib.course import atomic
from cvlib.course.data import folders, formats
from cvlib.course.data.locate import path, present
from cvlib.course.data.registry import DataSet, data_set, stand_in
from cvlib.course.errors import CourseError

DIGITS = tuple("0123456789")
CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
IMAGENETTE = {
    "n01440764": "tench",
    "n02102040": "English springer",
    "n02979186": "cassette player",
    "n03000684": "chain saw",
    "n03028079": "church",
    "n03394916": "French horn",
    "n03417042": "garbage truck",
    "n03425413": "gas pump",
    "n03445777": "golf ball",
    "n03888257": "parachute",
}
Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # x, y, test x, test y


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
    if entry.quality:
        files = [path("cifar10-jpeg/train"), path("cifar10-jpeg/test")]
        arrays = _decoded(entry.name, files, lambda: _from_jpegs(files))
    else:
        archive = path("cifar10/binary")
        arrays = _decoded(entry.name, [archive], lambda: formats.read_cifar(archive))
    return _images(entry.title, arrays, CIFAR10, lossy=bool(entry.quality))


def _tinyimagenet20() -> Images:
    files = [path("tinyimagenet20/train"), path("tinyimagenet20/val")]
    classes = formats.read_jpegs(files[1])[2]
    arrays = _decoded("tinyimagenet20", files, lambda: _from_jpegs(files))
    return _images(data_set("tinyimagenet20").title, arrays, classes)


def _imagenette160(size: int = 160) -> Images:
    archive = path("imagenette160/archive")
    arrays = _decoded(f"imagenette160-{size}", [archive], lambda: _read_imagenette(archive, size))
    label = f"{data_set('imagenette160').title}, centre crops {size}x{size}"
    return _images(label, arrays, tuple(IMAGENETTE.values()))


LOADERS: dict[str, Callable[..., Images]] = {
    "digits": _digits,
    "mnist5k": _mnist5k,
    "mnist": _mnist,
    "cifar10": _cifar10,
    "imagenette160": _imagenette160,
    "tinyimagenet20": _tinyimagenet20,
}


def at_hand(entry: DataSet) -> DataSet:
    """The set itself, or its lossy copy where only that lies in a data folder already."""
    copy = stand_in(entry)
    if copy and not all(map(present, entry.files)) and all(map(present, copy.files)):
        return copy
    return entry


def _images(
    label: str, arrays: Arrays, classes: tuple[str, ...] = DIGITS, lossy: bool = False
) -> Images:
    x, y, tx, ty = (torch.from_numpy(np.require(a, requirements="W")) for a in arrays)
    return Images(label, x, y.long(), tx, ty.long(), classes, lossy)


def _from_jpegs(files: list[Path]) -> Arrays:
    (train, y, _), (test, ty, _) = map(formats.read_jpegs, files)
    return formats.decode(train), y, formats.decode(test), ty


def _read_imagenette(archive: Path, size: int) -> Arrays:
    split: dict[str, list[tuple[str, bytes]]] = {"train": [], "val": []}
    for name, jpeg in formats.members(archive, ".JPEG"):
        split[PurePosixPath(name).parts[-3]].append((name, jpeg))
    arrays = []
    for found in split.values():
        found.sort()
        # The archive is sorted by class; a fixed shuffle makes every prefix a fair sample.
        order = np.random.RandomState(2018).permutation(len(found))
        wnids = [PurePosixPath(found[i][0]).parts[-2] for i in order]
        arrays.append(formats.decode([found[i][1] for i in order], size))
        arrays.append(np.array([list(IMAGENETTE).index(wnid) for wnid in wnids], np.uint8))
    return tuple(arrays)


def _decoded(name: str, sources: list[Path], build: Callable[[], Arrays]) -> Arrays:
    """What `build` makes of the sources, kept uncompressed in the user's cache folder."""
    stats = [(s.name, s.stat().st_size, s.stat().st_mtime_ns) for s in sources]
    key = hashlib.sha256(repr(stats).encode()).hexdigest()[:12]
    kept = folders.user_cache() / "decoded" / f"{name}-{key}.npz"
    with contextlib.suppress(OSError, ValueError, KeyError, zipfile.BadZipFile):
        z = formats.load_npz(kept)
        return z["x"], z["y"], z["tx"], z["ty"]
    x, y, tx, ty = build()
    try:
        atomic.write(kept, lambda file: np.savez(file, x=x, y=y, tx=tx, ty=ty))
    except CourseError as error:
        print(f"{name} will be decoded again next time: {error}")
    return x, y, tx, ty
