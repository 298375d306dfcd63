"""Sets of labelled photographs, read out of the archives in which they are published."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import numpy as np

from cvlib.course.data import formats
from cvlib.course.errors import CourseError

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
TINY20 = {
    "n02099601": "golden retriever",
    "n02099712": "Labrador retriever",
    "n02106662": "German shepherd",
    "n02113799": "standard poodle",
    "n02123045": "tabby",
    "n02123394": "Persian cat",
    "n02124075": "Egyptian cat",
    "n01774384": "black widow",
    "n01774750": "tarantula",
    "n01742172": "boa constrictor",
    "n07715103": "cauliflower",
    "n07720875": "bell pepper",
    "n07734744": "mushroom",
    "n01443537": "goldfish",
    "n02056570": "king penguin",
    "n02279972": "monarch",
    "n04146614": "school bus",
    "n07749582": "lemon",
    "n04285008": "sports car",
    "n01910747": "jellyfish",
}
Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # x, y, test x, test y
Photo = tuple[str, str, bytes]  # file name, class, JPEG file


def read_imagenette(archive: Path, size: int) -> Arrays:
    """Imagenette's archive: centre crops, x uint8 (N, 3, size, size), y (N,), then validation."""
    split: dict[str, list[Photo]] = {"train": [], "val": []}
    for name, jpeg in formats.members(archive, ".JPEG"):
        part, wnid = PurePosixPath(name).parts[-3:-1]
        split[part].append((name, wnid, jpeg))
    return _labelled(split, IMAGENETTE, size)


def read_tiny20(archive: Path) -> Arrays:
    """20 classes of Tiny-ImageNet's archive: x uint8 (10000, 3, 64, 64), y, then (1000, ...)."""
    classes = _annotations(archive)
    split: dict[str, list[Photo]] = {"train": [], "val": []}
    for name, jpeg in formats.members(archive, ".JPEG"):
        parts = PurePosixPath(name).parts
        wnid = classes.get(parts[-1]) if "val" in parts else parts[-3]
        if wnid in TINY20 and "test" not in parts:
            split["val" if "val" in parts else "train"].append((name, wnid, jpeg))
    return _labelled(split, TINY20, None)


def _annotations(archive: Path) -> dict[str, str]:
    """Which class each validation photo shows: file name -> WordNet id."""
    for _, text in formats.members(archive, "val_annotations.txt"):
        return dict(line.split("\t")[:2] for line in text.decode().splitlines() if "\t" in line)
    raise CourseError(f"{archive} holds no val_annotations.txt: fetch it again")


def _labelled(split: dict[str, list[Photo]], classes: Iterable[str], size: int | None) -> Arrays:
    label = {wnid: i for i, wnid in enumerate(classes)}
    arrays = []
    for part, photos in split.items():
        if not photos:
            raise CourseError(f"the archive holds no photo of {part}: fetch it again")
        photos.sort()
        # The archive is sorted by class; a fixed shuffle makes every prefix a fair sample.
        order = np.random.RandomState(2018).permutation(len(photos))
        chosen = [photos[i] for i in order]
        arrays.append(formats.decode([jpeg for _, _, jpeg in chosen], size))
        arrays.append(np.array([label[wnid] for _, wnid, _ in chosen], np.uint8))
    return tuple(arrays)
