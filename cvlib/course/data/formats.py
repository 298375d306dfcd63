"""Readers and writers of the file formats in which data comes. None of them runs a pickle."""

from __future__ import annotations

import gzip
import io
import math
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image, ImageOps

from cvlib.course import atomic
from cvlib.course.errors import CourseError

SYSTEM_FILES = {"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"}
LARGEST_MEMBER = 512_000_000  # bytes: no file of the course's sets comes near


def read_idx(path: Path) -> np.ndarray:
    """A gzipped IDX file of bytes (MNIST): uint8 of the shape that its header gives."""
    try:
        with gzip.open(path) as file:
            content = file.read(LARGEST_MEMBER)
    except (OSError, EOFError, zlib.error) as error:
        raise CourseError(f"{path} is not a gzip file ({error}): fetch it again") from error
    rank = content[3] if len(content) > 3 else 0
    start = 4 + 4 * rank
    sizes = [int.from_bytes(content[i : i + 4]) for i in range(4, start, 4)]
    whole = len(content) >= start and len(content) - start == math.prod(sizes)
    if content[:3] != b"\0\0\x08" or not 1 <= rank <= 4 or not whole:
        raise CourseError(f"{path} is not an IDX file of bytes: fetch it again")
    return np.frombuffer(content, np.uint8, offset=start).reshape(sizes)


def read_cifar(archive: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """CIFAR-10's binary version: train x uint8 (50000, 3, 32, 32), train y, test x, test y."""
    batches = {PurePosixPath(name).name: data for name, data in members(archive, ".bin")}
    try:
        train = b"".join(batches[f"data_batch_{i}.bin"] for i in range(1, 6))
        test = batches["test_batch.bin"]
        rows = [np.frombuffer(part, np.uint8).reshape(-1, 1 + 3072) for part in (train, test)]
    except (KeyError, ValueError) as error:
        raise CourseError(f"{archive} is not CIFAR-10's binary version ({error})") from error
    (x, y), (tx, ty) = ((r[:, 1:].reshape(-1, 3, 32, 32), r[:, 0]) for r in rows)
    return x, y, tx, ty


def members(archive: Path, suffix: str) -> Iterator[tuple[str, bytes]]:
    """The regular files in a tar or zip archive whose names end with `suffix`: (name, content).

    What macOS and Windows add of their own is left out. Nothing is unpacked to disk. A name that
    would lead out of a folder is refused all the same, since a caller may make a path of it, and
    so is a file beyond `LARGEST_MEMBER`: `CourseError`.
    """
    try:
        yield from (_zip if zipfile.is_zipfile(archive) else _tar)(archive, suffix)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, zlib.error) as error:
        raise CourseError(f"{archive} cannot be read ({error}): fetch it again") from error
    except (NotImplementedError, RuntimeError) as error:  # another packing method, a password
        raise CourseError(f"{archive} cannot be unpacked here ({error})") from error


def _tar(archive: Path, suffix: str) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isfile() and _wanted(archive, member.name, member.size, suffix):
                yield member.name, tar.extractfile(member).read()


def _zip(archive: Path, suffix: str) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(archive) as file:
        for member in file.infolist():
            if _wanted(archive, member.filename, member.file_size, suffix):
                yield member.filename, file.read(member)


def _wanted(archive: Path, name: str, size: int, suffix: str) -> bool:
    """Whether a member ends with the suffix and was packed by a person, not by a system."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if name.startswith(("/", "\\")) or ".." in parts or ":" in (parts or [""])[0]:
        raise CourseError(f"{archive} holds the unsafe name {name!r}: do not use this archive")
    systems = any(part in SYSTEM_FILES or part.startswith("._") for part in parts)
    if systems or not name.endswith(suffix):
        return False
    if size > LARGEST_MEMBER:
        raise CourseError(
            f"{archive} holds {name!r} of {size / 1e9:.1f} GB: do not use this archive"
        )
    return True


def decode(jpegs: Sequence[bytes], size: int | None = None) -> np.ndarray:
    """Decode N image files to uint8 (N, 3, H, W); grey ones become RGB.

    All must have one size, unless `size` (pixels) is given: then each is scaled and cropped
    around its centre to (size, size).
    """
    first = _pixels(jpegs[0], size)
    x = np.empty((len(jpegs), *first.shape), np.uint8)
    for i, jpeg in enumerate(jpegs):
        pixels = _pixels(jpeg, size)
        if pixels.shape != first.shape:
            raise CourseError(f"image {i} is {pixels.shape}, the first {first.shape}: give a size")
        x[i] = pixels
    return x


def _pixels(jpeg: bytes, size: int | None) -> np.ndarray:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(jpeg)) as image:
                rgb = image.convert("RGB")
    except (OSError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise CourseError(f"an image of {len(jpeg)} bytes cannot be decoded ({error})") from error
    if size:
        rgb = ImageOps.fit(rgb, (size, size), Image.Resampling.BICUBIC)
    return np.asarray(rgb).transpose(2, 0, 1)


def load_npz(path: Path) -> dict[str, np.ndarray]:
    """All arrays of an npz file. One that holds a pickled object is refused (`ValueError`)."""
    with open(path, "rb") as file, np.load(file, allow_pickle=False) as z:
        return dict(z)


def read_jpegs(path: Path) -> tuple[list[bytes], np.ndarray, tuple[str, ...]]:
    """A bundle of JPEG files: the files, their labels (N,), the class names where it has them.

    The npz holds `jpeg` (all files back to back), `offset` (N + 1,) and `label` (N,).
    """
    try:
        z = load_npz(path)
        jpeg, label = z["jpeg"].tobytes(), z["label"]
        offset = np.asarray(z["offset"]).astype(np.int64, casting="safe").tolist()
        names = tuple(z["name"].tolist()) if "name" in z else ()
    except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise CourseError(f"{path} is not a bundle of JPEG files ({error})") from error
    spans = list(pairwise(offset))
    if (
        not spans
        or len(spans) != len(label)
        or offset[-1] != len(jpeg)
        or any(a >= b for a, b in spans)
    ):
        raise CourseError(f"{path} is damaged: its offsets do not fit its {len(jpeg)} bytes")
    return [jpeg[start:end] for start, end in spans], label, names


def write_jpegs(path: Path, x: np.ndarray, label: np.ndarray, quality: int) -> Path:
    """Write uint8 images (N, 3, H, W) as such a bundle. JPEG loses: the copy is not the set."""
    files = [_encoded(image, quality) for image in x]
    offset = np.cumsum([0, *map(len, files)], dtype=np.int64)
    jpeg = np.frombuffer(b"".join(files), np.uint8)
    return atomic.write(
        path, lambda f: np.savez(f, jpeg=jpeg, offset=offset, label=label.astype(np.uint8))
    )


def _encoded(image: np.ndarray, quality: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image.transpose(1, 2, 0))).save(
        file, "JPEG", quality=quality, subsampling="4:2:0"
    )
    return file.getvalue()
