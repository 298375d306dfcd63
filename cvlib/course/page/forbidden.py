"""Doors that an exercise keeps shut: autograd where a gradient is to be derived by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NoReturn
from unittest.mock import patch

import torch
from torch.autograd import forward_ad
from torch.overrides import TorchFunctionMode

# Every road of reverse mode ends in `_engine_run_backward`, every one of forward mode in
# `make_dual`; both are looked up by name in these modules when they are used.
DOORS = (
    (torch.autograd, "grad"),
    (torch.autograd, "backward"),
    (torch.autograd, "_engine_run_backward"),
    (torch.autograd.graph, "_engine_run_backward"),
    (forward_ad, "make_dual"),
)


class _NoBackwardKernels(TorchFunctionMode):
    """Refuses the kernels that autograd would call, such as `native_group_norm_backward`."""

    def __init__(self, refuse: Callable[[], NoReturn]) -> None:
        super().__init__()
        self.refuse = refuse

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if "backward" in str(func):
            self.refuse()
        return func(*args, **(kwargs or {}))


@contextmanager
def no_autograd(error: Exception) -> Iterator[None]:
    """Raise `error` where differentiation is tried inside, even if the attempt is caught."""
    tried = []

    def refuse() -> NoReturn:
        tried.append(True)
        raise error

    def shut() -> Callable[..., NoReturn]:
        # a function of its own for each door: torch keeps tables that take equal ones for an error
        return lambda *_, **__: refuse()

    with ExitStack() as stack:
        for module, name in DOORS:
            if hasattr(module, name):
                stack.enter_context(patch.object(module, name, shut()))
        stack.enter_context(_NoBackwardKernels(refuse))
        yield
    if tried:
        raise error
