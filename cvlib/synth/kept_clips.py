"""Clips that took long to cast, kept in the user's cache as small numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from cvlib.course.data.kept import kept
from cvlib.synth.clip import Clip, stacked

SMALL = {
    "rgb": np.uint8,
    "labels": np.uint8,
    "instances": np.int16,
    "flow": np.float16,  # to 1/256 pixel where it is below 8
    "visible": np.bool_,
    "depth": np.float16,
}
LARGE = {
    "labels": torch.int64,
    "instances": torch.int64,
    "flow": torch.float32,
    "depth": torch.float32,
}


def kept_clips(name: str, seeds: Sequence[int], make: Callable[[int], Clip]) -> Clip:
    """The clips that `make` films for each seed, as a batch (B, T, ...).

    `name` says all that they depend on but the seeds and the code, which are part of the key too:
    whoever changes the renderer gets new clips. Kept or not, the numbers are the same.
    """
    key = hashlib.sha256(repr(list(seeds)).encode() + _code()).hexdigest()[:12]
    arrays = kept(f"{name}-{key}", (), lambda: _small(stacked([make(seed) for seed in seeds])))
    return _large(arrays)


def _code() -> bytes:
    """The source of everything that draws: other code, other clips."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return b"".join(file.read_bytes() for file in files)


def _small(clips: Clip) -> dict[str, np.ndarray]:
    values = dict(vars(clips))
    values["rgb"] = ((clips.rgb + 1) * 127.5).round()
    return {name: values[name].cpu().numpy().astype(kind) for name, kind in SMALL.items()}


def _large(arrays: dict[str, np.ndarray]) -> Clip:
    values: dict[str, Tensor] = {name: torch.from_numpy(arrays[name]) for name in SMALL}
    for name, kind in LARGE.items():
        values[name] = values[name].to(kind)
    values["rgb"] = values["rgb"].float() / 127.5 - 1
    return Clip(**values)
