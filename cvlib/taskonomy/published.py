"""The authors' own measurements: affinities, gains and qualities of some 1,700 transfers.

They lie as pickles in the repository StanfordVL/taskonomy (MIT licence). Pickles can run code, so
they are read by an unpickler that knows numbers and dictionaries and nothing else.
"""

from __future__ import annotations

import collections
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy._core import multiarray

from cvlib.course.data.formats import load_npz
from cvlib.course.data.locate import path, present
from cvlib.course.data.registry import data_file
from cvlib.course.errors import CourseError
from cvlib.taskonomy.program import Problem, Transfer

SET = "taskonomy-results"
AMOUNTS = ("16k", "1k")  # transfer images; full supervision had 120k (as recalled by a review)
ARRAYS = "taskonomy-published/arrays"  # the same numbers without pickles, where at hand
TABLES = ("affinities", "pixels", "task")  # affinity; wins against scratch, against full
DROPPED = frozenset({"class_selected"})  # an older version of object classification
SOURCE_ONLY = frozenset({"colorization", "jigsaw", "impainting_whole", "random"})
SELF_SUPERVISED = SOURCE_ONLY | {"autoencoder", "denoise"}  # their labels cost nothing
THREE_D = frozenset(
    {"curvature", "edge3d", "keypoint3d", "reshade", "rgb2depth", "rgb2mist", "rgb2sfnorm",
     "segment25d"}
)  # fmt: skip
SEMANTIC = frozenset({"class_1000", "class_places", "segmentsemantic_rb"})

_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "scalar"): multiarray.scalar,
    ("numpy._core.multiarray", "scalar"): multiarray.scalar,
    ("numpy", "dtype"): np.dtype,
    ("collections", "OrderedDict"): collections.OrderedDict,
}


@dataclass(frozen=True)
class Measurements:
    """One amount of transfer data: transfer -> affinity, gain (vs scratch), quality (vs full)."""

    affinity: Mapping[Transfer, float]
    gain: Mapping[Transfer, float]
    quality: Mapping[Transfer, float]

    def problem(
        self, order: int, importance: Mapping[str, float] | None = None,
        cost: Mapping[str, float] | None = None,
    ) -> Problem:  # fmt: skip
        """The programme of all transfers with at most `order` sources.

        Left out: a task read out from its own code (it would shadow full supervision).
        """
        if order < 1:
            raise CourseError(f"order {order} is impossible: a transfer has at least one source")
        kept = {e: p for e, p in self.affinity.items() if len(e.sources) <= order}
        return Problem(kept, importance or {}, cost or {})

    def affinities_of(self, target: str) -> dict[str, float]:
        """First-order affinities of a target by source; its own name means full supervision."""
        found = {
            next(iter(edge.sources)): p
            for edge, p in self.affinity.items()
            if edge.target == target and len(edge.sources) == 1
        }
        if not found:
            raise CourseError(f"{target!r} is no target of the published transfers")
        return found


def load(amount: str = "16k") -> Measurements:
    """The published measurements for "16k" or "1k" transfer images.

    Raises `CourseError` for another amount, `DataMissing` where the files are not at hand.
    """
    if amount not in AMOUNTS:
        raise CourseError(f"there are no transfers with {amount!r} images: choose 16k or 1k")
    if present(data_file(ARRAYS)):
        z = load_npz(path(ARRAYS))
        keys = [str(key) for key in z[f"keys_{amount}"]]
        columns = (z[f"{name}_{amount}"] for name in ("p", "gain", "quality"))
        tables = [dict(zip(keys, column.tolist(), strict=True)) for column in columns]
    else:
        tables = [read_pickle(path(f"{SET}/{name}-{amount}")) for name in TABLES]
    return measurements(*tables)


def measurements(*tables: Mapping[str, float]) -> Measurements:
    """Measurements from the authors' keys `source__source__target`, where `self` is full."""
    return Measurements(*(_parsed(table) for table in tables))


def _parsed(table: Mapping[str, float]) -> dict[Transfer, float]:
    found: dict[Transfer, float] = {}
    for key, value in table.items():
        *sources, target = key.split("__")
        if DROPPED & {*sources, target} or target in sources:
            continue
        names = [target if source == "self" else source for source in sources]
        found[Transfer(frozenset(names), target)] = float(value)
    return found


class _NumbersOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it names {module}.{name}") from None


def read_pickle(file: Path) -> dict[str, float]:
    """A pickled dictionary of numbers by key; anything else is refused, no code is run.

    Raises `CourseError` for a file that is no such pickle.
    """
    try:
        with file.open("rb") as stream:
            table = _NumbersOnly(stream, encoding="latin1").load()
        return {str(key): float(value) for key, value in table.items()}
    except (pickle.UnpicklingError, EOFError, OSError, AttributeError, TypeError, ValueError,
            IndexError, KeyError) as error:  # fmt: skip
        raise CourseError(
            f"{file.name} is no table of numbers ({error}): fetch it again, run nothing from it"
        ) from error
