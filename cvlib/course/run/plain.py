"""Values as JSON has them: what a run notes is converted or refused when it is handed in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from cvlib.course.errors import CourseError


def plain(value: Any, key: str) -> Any:
    """The value with numpy and torch scalars and arrays as numbers and lists.

    Raises `CourseError` naming `key` for what JSON cannot hold, NaN and infinity among it.
    """
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().tolist()
    elif isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {_word(k, key): plain(v, f"{key}[{k!r}]") for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v, key) for v in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    what = value if isinstance(value, float) else f"a {type(value).__name__}"
    raise CourseError(
        f"'{key}' cannot be kept: {what} is nothing that JSON holds; give finite numbers, texts, "
        "None, lists and dictionaries"
    )


def _word(name: Any, key: str) -> str:
    if isinstance(name, str | int | float):
        return str(name)
    raise CourseError(f"'{key}' cannot be kept: {name!r} is no name for an entry")
