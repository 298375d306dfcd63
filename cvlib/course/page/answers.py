"""What learners hand in, brought to one form before a check compares it.

Lists, numpy arrays, tensors of any dtype, Python numbers and 0-d arrays are all answers. They are
compared in float64, with a tolerance that the answer's own dtype can reach. Whatever cannot be
read raises `Wrong` with a sentence that says what was expected and what came.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import torch
from torch import Tensor

TOLERANCE = 1e-5  # what a careful computation in float32 reaches
COARSEST = 1e-2  # half precision is not a licence for a wrong formula


class Wrong(Exception):
    """Raised by a check: the property that the answer lacks ("your output changes with ...")."""


# -- reading an answer -----------------------------------------------------------------------------


def function(answer: Any, signature: str) -> Callable[..., Any]:
    """The answer as a function that gets copies of its tensors and must leave them as they are.

    Raises `Wrong` if it cannot be called, or, later, if a call changes an argument in place.
    """
    if not callable(answer):
        raise Wrong(f"expected the function {signature}, got {described(answer)}")

    def guarded(*args: Any, **kwargs: Any) -> Any:
        copies = [a.clone() if isinstance(a, Tensor) else a for a in args]
        value = answer(*copies, **kwargs)
        for mine, theirs in zip(args, copies, strict=True):
            if isinstance(mine, Tensor) and not _same(mine, theirs):
                raise Wrong("your function changes its input in place: work on a copy")
        return value

    return guarded


def tensor(value: Any, shape: Sequence[int], name: str = "your output") -> Tensor:
    """The value as a finite tensor of this shape, in the answer's own floating-point dtype.

    Whole numbers and lists become float64; complex numbers stay complex.
    """
    shape = tuple(shape)
    array = _as_tensor(value, f"{name}: expected an array of shape {shape}")
    if tuple(array.shape) != shape:
        raise Wrong(f"{name}: expected the shape {shape}, got {tuple(array.shape)}")
    return _finite(array, name)


def array(value: Any, name: str = "your output") -> Tensor:
    """The value as a finite tensor of whatever shape it has, as `tensor` reads it."""
    return _finite(_as_tensor(value, f"{name}: expected an array of numbers"), name)


def number(value: Any, name: str = "your answer") -> float:
    """The value as a finite real number: Python's, numpy's, or an array or tensor of one."""
    read = _as_tensor(value, f"{name}: expected a number")
    if read.numel() != 1:
        raise Wrong(f"{name}: expected one number, got {described(value)}")
    if read.is_complex():
        raise Wrong(f"{name}: expected a real number, got a complex one")
    return float(_finite(read, name).reshape(()))


def whole(value: Any, name: str = "your answer") -> int:
    """The value as a whole number: an `int`, or a float or 0-d array that is one."""
    read = number(value, name)
    if read != math.floor(read):
        raise Wrong(f"{name}: expected a whole number, got {read:.6g}")
    return int(read)


def several(value: Any, count: int, what: str) -> tuple[Any, ...]:
    """The value as a tuple of `count` things; `what` says which ("the root and its inverse")."""
    if isinstance(value, np.ndarray | Tensor) and value.ndim > 0:
        value = tuple(value)
    if not isinstance(value, tuple | list) or len(value) != count:
        raise Wrong(f"expected {count} things, {what}; got {described(value)}")
    return tuple(value)


def sequence(value: Any, what: str) -> list[Any]:
    """The value as a list: a list, tuple, range, set, array or tensor of any length."""
    if isinstance(value, Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray) and value.ndim > 0:
        return list(value)
    if not isinstance(value, list | tuple | range | set | frozenset):
        raise Wrong(f"expected {what}, got {described(value)}")
    return list(value)


def described(value: Any) -> str:
    """What somebody handed in, in words."""
    if value is None:
        return "None"
    if isinstance(value, Tensor | np.ndarray):
        kind = "a tensor" if isinstance(value, Tensor) else "an array"
        return f"{kind} of shape {tuple(value.shape)}"
    if inspect.isroutine(value):
        return "a function"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    return f"an object of type {type(value).__name__}"


# -- comparing -------------------------------------------------------------------------------------


def close(got: Tensor | float, expected: Tensor | float, tolerance: float = TOLERANCE) -> bool:
    """Whether two values agree, compared in float64 (or complex128).

    The tolerance, absolute and relative to the largest expected entry, is never finer than what
    the coarser dtype of the two can hold; half precision gets at most `COARSEST`.
    """
    a, b = torch.as_tensor(got), torch.as_tensor(expected)
    if a.shape != b.shape and a.numel() != 1 and b.numel() != 1:
        return False
    allowed = max(tolerance, _precision(a, tolerance), _precision(b, tolerance))
    off = difference(a, b)
    scale = max(1.0, float(_exact(b).abs().max())) if b.numel() else 1.0
    return off <= allowed * scale


def difference(got: Tensor | float, expected: Tensor | float) -> float:
    """The largest absolute difference of two arrays, in float64."""
    a, b = _exact(torch.as_tensor(got)), _exact(torch.as_tensor(expected))
    return float((a - b).abs().max()) if a.numel() else 0.0


def apart(got: float, expected: float) -> tuple[str, str]:
    """Two numbers in the fewest digits, at least three, that show that they differ."""
    for digits in range(3, 17):
        pair = f"{got:.{digits}g}", f"{expected:.{digits}g}"
        if pair[0] != pair[1]:
            return pair
    return repr(got), repr(expected)


# -- properties -----------------------------------------------------------------------------------


def noise(*shape: int) -> Tensor:
    """Standard normal float64 values of this shape."""
    return torch.randn(*shape, dtype=torch.float64)


def expect(holds: bool, otherwise: str) -> None:
    """Raise `Wrong` with the sentence unless the property holds."""
    if not holds:
        raise Wrong(otherwise)


def must_flow(
    function: Callable[..., Any], inputs: tuple[Tensor, ...], right: Callable[..., Tensor],
    where: Tensor,
) -> None:  # fmt: skip
    """Where it matters, the gradients of the output, if it has any, must be those of `right`."""
    gradients = []
    for norm in (function, right):
        leaves = [t.clone().requires_grad_() for t in inputs]
        y = norm(*leaves)
        if not isinstance(y, Tensor) or not y.requires_grad:
            return  # lists and numpy arrays carry no gradient, and are right all the same
        upstream = torch.linspace(-1, 1, y.numel(), dtype=y.dtype).reshape(y.shape)
        gradients.append(torch.autograd.grad(y, leaves, upstream * where, materialize_grads=True))
    flows = all(map(close, *gradients))
    expect(flows, "the output is right and its gradient is not: mean and variance depend on x")


# -- forbidden routes ------------------------------------------------------------------------------


@contextmanager
def by_hand(what: str) -> Iterator[None]:
    """Refuse automatic differentiation inside, by whatever door it is entered.

    `what` ends the sentence "autograd computes ...: derive it and write it out".
    """
    from cvlib.course.page.forbidden import no_autograd

    with no_autograd(Wrong(f"autograd computes {what} here: derive it and write it out")):
        yield


# -- inside ----------------------------------------------------------------------------------------


def _as_tensor(value: Any, expected: str) -> Tensor:
    if value is None or isinstance(value, str | bytes | dict) or callable(value):
        raise Wrong(f"{expected}, got {described(value)}")
    try:
        read = value if isinstance(value, Tensor) else _from_python(value)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        raise Wrong(f"{expected}, got {described(value)}") from None
    read = read.detach().cpu()
    if read.layout != torch.strided:
        read = read.to_dense()
    return read if read.is_floating_point() or read.is_complex() else read.double()


def _from_python(value: Any) -> Tensor:
    """Lists of numbers, of arrays or of tensors become float64, numpy arrays keep their dtype."""
    if isinstance(value, list | tuple) and any(isinstance(v, Tensor) for v in value):
        return torch.stack([torch.as_tensor(v).detach().cpu() for v in value])
    if isinstance(value, Fraction | Decimal):
        return torch.tensor(float(value), dtype=torch.float64)
    whole_array = np.asarray(value)
    if whole_array.dtype.kind not in "biufc":
        raise TypeError("not numbers")
    return torch.from_numpy(np.array(whole_array))


def _finite(read: Tensor, name: str) -> Tensor:
    if not read.isfinite().all():
        raise Wrong(f"{name} holds nan or infinity")
    return read


def _exact(value: Tensor) -> Tensor:
    return value.detach().to(torch.complex128 if value.is_complex() else torch.float64)


def _precision(value: Tensor, tolerance: float) -> float:
    if not (value.is_floating_point() or value.is_complex()):
        return tolerance
    return min(COARSEST, 32 * torch.finfo(value.dtype).eps)


def _same(a: Tensor, b: Tensor) -> bool:
    same_place = a.shape == b.shape and a.dtype == b.dtype
    return same_place and torch.equal(a.nan_to_num(), b.nan_to_num())
