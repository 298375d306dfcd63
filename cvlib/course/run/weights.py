"""Small half-precision files of nets, for later units and for the pages."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from cvlib.course import atomic
from cvlib.course.chapters import Chapter
from cvlib.course.errors import CourseError
from cvlib.course.run import tensors

FOLDER = "weights"  # below the folder of a seed


def file_of(folder: Path, unit: str, name: str) -> Path:
    """Where a unit keeps a net, below the folder of its seed."""
    return folder / FOLDER / f"{unit}-{name}.pt"


def save(folder: Path, unit: str, name: str, trained: nn.Module | Mapping[str, Tensor]) -> Path:
    """Write a state with every floating tensor in half precision."""
    state = trained.state_dict() if isinstance(trained, nn.Module) else trained
    half = {key: _half(value) for key, value in state.items()}
    return atomic.write(file_of(folder, unit, name), tensors.dump(half))


def _half(value: Tensor) -> Tensor:
    value = value.detach().cpu()
    return value.half() if value.is_floating_point() else value.clone()


def load(folder: Path, unit: str, name: str) -> dict[str, Tensor]:
    """The state in float32. Raises `CourseError` where the unit kept none of that name."""
    return read(file_of(folder, unit, name))


def keep_beside(entry: Chapter, folder: Path, unit: str, name: str) -> None:
    """Copy a net that a unit kept, below the folder of its seed, to the chapter's record."""
    kept = file_of(folder, unit, name)
    shutil.copyfile(kept, entry.recorded / kept.name)


def beside(entry: Chapter, name: str) -> dict[str, Tensor]:
    """The state `name`.pt that stands beside a chapter's record, in float32."""
    path = entry.recorded / f"{name}.pt"
    if not path.is_file():
        raise CourseError(f"{entry.recorded.name} has no {name}.pt: restore the repository")
    return read(path)


def read(path: Path) -> dict[str, Tensor]:
    """The state in a file of weights, in float32, on the CPU."""
    try:
        state = tensors.parse(path.read_bytes())
    except FileNotFoundError:
        raise CourseError(
            f"{path} is not here: run the unit that keeps it again (delete its result in units/)"
        ) from None
    except (tensors.Damaged, OSError) as error:
        raise CourseError(
            f"{path} is damaged ({error}): delete it and the unit's result in units/, and run again"
        ) from error
    return {k: v.float() if v.is_floating_point() else v for k, v in state.items()}
