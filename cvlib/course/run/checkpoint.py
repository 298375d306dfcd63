"""Checkpoints of one training: the last two are kept, a damaged one is passed over and said."""

from __future__ import annotations

import contextlib
import os
import random
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cvlib.course import atomic
from cvlib.course.errors import CourseError
from cvlib.course.run import tensors

KEEP = 2


def rng_state() -> dict[str, Any]:
    """The states of python's, numpy's and torch's generators as tensors and plain scalars."""
    version, words, gauss = random.getstate()
    _, keys, position, has_gauss, cached = np.random.get_state()
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {
        "python": [version, list(words), gauss],
        "numpy": [torch.from_numpy(keys.astype(np.int64)), position, has_gauss, cached],
        "torch": torch.get_rng_state(),
        "cuda": cuda,
    }


def restore_rng(state: Mapping[str, Any]) -> None:
    """Put the generators back to what `rng_state` saw."""
    version, words, gauss = state["python"]
    random.setstate((version, tuple(words), gauss))
    keys, position, has_gauss, cached = state["numpy"]
    words32 = keys.numpy().astype(np.uint32)
    np.random.set_state(("MT19937", words32, position, has_gauss, cached))
    torch.set_rng_state(state["torch"].cpu())
    if torch.cuda.is_available() and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([s.cpu() for s in state["cuda"]])


class Checkpoints:
    """The checkpoints of one training in `folder`, written atomically, read without pickles."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.damaged: list[Path] = []
        self._proved = False

    def paths(self) -> list[Path]:
        """The checkpoints, newest first."""
        found = [p for p in self.folder.glob("step-*.pt") if re.fullmatch(r"step-\d+", p.stem)]
        return sorted(found, key=lambda p: int(p.stem[5:]), reverse=True)

    def save(self, step: int, state: Mapping[str, Any]) -> Path:
        """Write the state (tensors, lists, dicts, plain scalars) and drop all but the last two."""
        content = tensors.dump(state)
        if not self._proved:
            tensors.parse(content)  # what could not be read back is better known now
            self._proved = True
        path = atomic.write(self.folder / f"step-{step:09d}.pt", content)
        for old in self.paths()[KEEP:]:
            _drop(old)
        return path

    def load(self) -> dict[str, Any] | None:
        """The newest readable state, or None. Damaged files are set aside as `*.damaged`."""
        for path in self.paths():
            try:
                return tensors.parse(path.read_bytes())
            except FileNotFoundError:  # another process has just dropped it
                continue
            except PermissionError as error:
                raise CourseError(f"cannot read {path}: permission denied") from error
            except (tensors.Damaged, OSError):
                with contextlib.suppress(OSError):
                    path.replace(path.with_suffix(".pt.damaged"))
                self.damaged.append(path)
        return None


def _drop(path: Path) -> None:
    """Delete a file; emptied first, since a mounted Drive keeps what is deleted in its bin."""
    with contextlib.suppress(OSError):
        os.truncate(path, 0)
    path.unlink(missing_ok=True)
