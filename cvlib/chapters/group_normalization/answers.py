"""What learners hand in, told what was expected, whatever it is."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from cvlib.course.page.exercises import Wrong


def as_function(answer: Any, signature: str) -> Callable[..., Any]:
    """The answer, if it can be called."""
    if not callable(answer):
        raise Wrong(f"expected the function {signature}, got {described(answer)}")
    return answer


def described(value: Any) -> str:
    """What somebody handed in, in words."""
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if value is None or inspect.isroutine(value):
        return "None" if value is None else "a function"
    return f"an object of type {type(value).__name__}"


def as_tensor(value: Any, shape: tuple[int, ...], name: str = "your output") -> Tensor:
    """The value, if it is a finite floating-point tensor of this shape."""
    if not isinstance(value, Tensor) or value.shape != shape:
        raise Wrong(f"{name}: expected a tensor of shape {tuple(shape)}, got {described(value)}")
    if not value.is_floating_point():
        raise Wrong(f"{name}: expected floating-point numbers, got {value.dtype}")
    if not value.isfinite().all():
        raise Wrong(f"{name} holds nan or infinity")
    return value


def close_to(got: Tensor, expected: Tensor, tolerance: float = 1e-5) -> bool:
    """Whether two tensors agree, compared in float64."""
    return torch.allclose(got.double(), expected.double(), atol=tolerance, rtol=tolerance)


def bumped(x: Tensor, *index: int) -> Tensor:
    """A copy of x with 3 added to x[index]."""
    other = x.clone()
    other[index] += 3
    return other


def noise(*shape: int) -> Tensor:
    """Standard normal float64 values."""
    return torch.randn(*shape, dtype=torch.float64)
