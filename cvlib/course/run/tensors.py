"""Tensors and plain values in a file that carries its own digest: damage is seen, never used."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from cvlib.course.errors import CourseError

_MARK = b"\nsha256:"
_TAIL = len(_MARK) + 64  # bytes at the end: the mark and the digest of all before it


class Damaged(Exception):
    """The bytes are not what was written."""


def dump(value: Any) -> bytes:
    """Bytes of tensors, lists, dictionaries and plain scalars; numpy's become Python's.

    Raises `CourseError` naming the first thing that could not be read back.
    """
    buffer = io.BytesIO()
    torch.save(_plain(value, "state"), buffer)
    content = buffer.getvalue()
    return content + _MARK + hashlib.sha256(content).hexdigest().encode()


def parse(content: bytes) -> Any:
    """What `dump` was given, on the CPU. Raises `Damaged`."""
    body, tail = content[:-_TAIL], content[-_TAIL:]
    if tail != _MARK + hashlib.sha256(body).hexdigest().encode():
        raise Damaged("the digest does not fit")
    try:
        return torch.load(io.BytesIO(body), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises a dozen kinds
        raise Damaged(f"{type(error).__name__}: {error}") from error


def _plain(value: Any, where: str) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return torch.from_numpy(np.ascontiguousarray(value))
    if isinstance(value, Mapping):
        return {_plain(k, where): _plain(v, f"{where}.{k}") for k, v in value.items()}
    if isinstance(value, list | tuple):
        kind = tuple if isinstance(value, tuple) else list
        return kind(_plain(v, f"{where}[{i}]") for i, v in enumerate(value))
    if isinstance(value, bool | None | bytes | torch.dtype | torch.device):
        return value
    for kind in (int, float, str, complex):
        if isinstance(value, kind):
            return kind(value)  # a subclass would not be read back
    raise CourseError(
        f"{where} is a {type(value).__name__}, which a checkpoint does not hold: keep tensors, "
        "numbers, texts, lists and dictionaries"
    )
