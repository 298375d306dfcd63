"""Small files in the formats of the real data sets, for the tests of the data layer."""

import hashlib
import io
import tarfile

import numpy as np
from PIL import Image

from cvlib.course.data import formats

GOOD, BAD = b"the real bytes", b"something else"
SHA = hashlib.sha256(GOOD).hexdigest()
ONE, TWO = "https://one.example/part.bin", "https://two.example/part.bin"
REGISTRY = f"""
[toy]
title = "Toy"
who = "us"
licence = "CC0"
people = "none"
page = "https://example.org"
by_hand = "ask us"
chapters = {{ "04" = ["workshop"] }}
[toy.files.part]
path = "toy/part.bin"
CHECKSUM
mirrors = ["{ONE}", "{TWO}"]
"""


def put(folder, content=GOOD):
    file = folder / "toy" / "part.bin"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    return file


def jpeg(colour, size=(8, 8), mode="RGB"):
    file = io.BytesIO()
    Image.new(mode, size, colour).save(file, "JPEG", quality=95)
    return file.getvalue()


def tar(path, files):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def cifar(folder, n=6):
    def rows(seed):
        random = np.random.RandomState(seed)
        return b"".join(bytes([i % 10]) + random.bytes(3072) for i in range(n))

    files = {f"cifar-10-batches-bin/data_batch_{i}.bin": rows(i) for i in range(1, 6)}
    files["cifar-10-batches-bin/test_batch.bin"] = rows(9)
    return tar(folder / "cifar-10-binary.tar.gz", files)


def cifar_copy(folder):
    x = np.random.RandomState(0).randint(0, 255, (4, 3, 32, 32)).astype(np.uint8)
    for part in ("train", "test"):
        formats.write_jpegs(folder / f"cifar10_{part}_jpegq75.npz", x, np.arange(4), 75)
