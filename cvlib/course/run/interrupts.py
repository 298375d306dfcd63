"""Ctrl-C, SIGTERM and SIGHUP: save at the end of the step, then stop, saying how to go on."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
NAMES = {"SIGINT": "Ctrl-C"}


class Stopped(KeyboardInterrupt):
    """Somebody asked the run to stop; what it did so far is saved."""


class Interrupts:
    """Remembers a wish to stop until the run can follow it; the second one is not held back."""

    def __init__(self) -> None:
        self.wish = ""  # "Ctrl-C", "SIGTERM" or "SIGHUP" once somebody asked
        self.held = False  # within a training step: it is finished and saved first

    @contextlib.contextmanager
    def holding(self) -> Iterator[None]:
        """Within this block a first wish waits until somebody looks at `wish`."""
        self.held = True
        try:
            yield
        finally:
            self.held = False

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Hold the signals back within this block (in the main thread; elsewhere do nothing)."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
        before = {number: signal.getsignal(number) for number in numbers}

        def remember(number: int, frame: object) -> None:
            name = signal.Signals(number).name
            again, self.wish = bool(self.wish), NAMES.get(name, name)
            if again or not self.held:
                raise Stopped(f"{self.wish}: what was finished is saved; run it again to go on")

        for number in numbers:
            signal.signal(number, remember)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
