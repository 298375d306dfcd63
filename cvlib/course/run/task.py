"""One training inside a run: a plain loop that resumes bit for bit after a disconnect."""

from __future__ import annotations

import contextlib
import json
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from cvlib.course.errors import CourseError, Diverged, OutOfBudget
from cvlib.course.run.checkpoint import Checkpoints, restore_rng, rng_state
from cvlib.course.run.draws import Draws
from cvlib.course.run.interrupts import Stopped
from cvlib.course.run.units import plain_config

if TYPE_CHECKING:
    from cvlib.course.run.run import Run

LOG_BUFFER = 64  # logged values that may wait on the device before they are read
RECENT = 1001  # steps whose times tell the pace


class Task(Draws):
    """A resumable training; `objects` are what has `state_dict` and `load_state_dict`.

    Everything random is a function of (seed, step), so nothing of the data order needs saving.
    """

    def __init__(self, run: Run, name: str, objects: dict[str, Any]) -> None:
        super().__init__(run, name)
        self.objects = objects
        self.step = 0
        self.total: int | None = None
        self.seconds = 0.0  # of training, over all resumes
        self.history: list[dict[str, float]] = []
        self._waiting: list[tuple[int, dict[str, Any]]] = []
        self._saved = time.monotonic()
        self._micro = 1
        self._took: deque[float] = deque(maxlen=RECENT)  # seconds of the last steps
        self._paused = 0.0  # seconds of this step that were no training
        self.scaler = torch.amp.GradScaler("cuda", enabled=run.precision == "fp16")
        self.checkpoints = Checkpoints(run.checkpoint_folder / name)

    def __enter__(self) -> Task:
        state = self.checkpoints.load()
        for path in self.checkpoints.damaged:
            self.run.say(f"{path.name} of {self.name} is damaged and was set aside")
        if state is not None:
            self._restore(state)
        return self

    def __exit__(self, *_: object) -> None:
        self._waiting.clear()

    def steps(self, total: int) -> Iterator[int]:
        """The steps still to do; saves every minute and at the end.

        Raises `Diverged` at the first non-finite logged loss, `OutOfBudget` when time is up.
        """
        if self.total is not None and self.total != total and self.step > 0:
            raise CourseError(
                f"{self.name} was planned with {self.total} steps, now {total}: start anew (fresh)"
            )
        self.total = total
        first = self.step
        if first == 0 and total > 0:
            self.save()  # whatever happens, there is a state to go back to
        self.run.progress.skip(first)
        for step in self._ahead(total):
            began = time.monotonic()
            with self.run.interrupts.holding():
                yield step
                self.step = step + 1
                self._read_losses()
                self._took.append(time.monotonic() - began - self._paused)
                self._paused = 0.0
                self.seconds += self._took[-1]
                self._after_step()
        if total > first:
            self.save()
        self.run.progress.end(self.name, total)

    def _ahead(self, total: int) -> Sequence[int]:
        return range(self.step, total)

    @property
    def step_seconds(self) -> float:
        """The median time of a step: one that also tested the net, or read losses, is no pace.

        A GPU's queue is full after a few steps, so that the CPU then waits for every step's work.
        """
        return median(self._took) if self._took else 0.0

    def _read_losses(self) -> None:
        if self._waiting and (self.run.device.type == "cpu" or len(self._waiting) >= LOG_BUFFER):
            self._flush()

    def _after_step(self) -> None:
        loss = self.history[-1].get("loss") if self.history else None
        self.run.progress.step(self.name, self.step, self.total or 0, loss, self._took[-1])
        if self.run.out_of_time() or self.run.interrupts.wish:
            self.save()
            raise self._stop()
        if time.monotonic() - self._saved >= self.run.save_seconds:
            self.save()

    def _stop(self) -> OutOfBudget | Stopped:
        wish = self.run.interrupts.wish
        text = (
            f"{wish or 'the time is up'} at step {self.step}/{self.total} of {self.name}; "
            "all is saved: run it again to go on"
        )
        return Stopped(text) if wish else OutOfBudget(text)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """What happens in this block, such as an evaluation, does not count as training time."""
        self._wait_for_device()
        began = time.monotonic()
        try:
            yield
        finally:
            self._wait_for_device()
            self._paused += time.monotonic() - began

    def _wait_for_device(self) -> None:
        if self.run.device.type == "cuda":
            torch.cuda.synchronize(self.run.device)

    def descend(
        self, optimizer: torch.optim.Optimizer, loss_of: Callable[[Tensor], Tensor], batch: Tensor,
        *, multiple: int = 1, after_backward: Callable[[], None] | None = None,
    ) -> Tensor:  # fmt: skip
        """One optimiser step on the mean loss over `batch`; returns that loss, detached.

        Out of memory halves the micro-batch (down to `multiple` items) and accumulates.
        `after_backward` may change the gradients, of true size, before the step: clip them, add to
        them.
        """
        while True:
            try:
                loss = self._accumulate(optimizer, loss_of, batch)
                break
            except torch.cuda.OutOfMemoryError:
                self._halve(len(batch), multiple)
        if after_backward is not None:
            self.scaler.unscale_(optimizer)
            after_backward()
        self.scaler.step(optimizer)
        self.scaler.update()
        return self.run.mean_over_ranks(loss)

    def _accumulate(
        self, optimizer: torch.optim.Optimizer, loss_of: Callable[[Tensor], Tensor], batch: Tensor
    ) -> Tensor:
        optimizer.zero_grad(set_to_none=True)
        total = torch.zeros((), device=self.run.device)
        for micro in batch.chunk(self._micro):
            with self.run.autocast():
                loss = loss_of(micro) * (len(micro) / len(batch))
            self.scaler.scale(loss).backward()
            total += loss.detach()
        return total

    def _halve(self, size: int, multiple: int) -> None:
        micro = size // (2 * self._micro)
        if micro < multiple or size % (2 * self._micro) or micro % multiple:
            raise CourseError(
                f"out of memory at a micro-batch of {size // self._micro}, which cannot be halved: "
                "use a smaller profile or a larger GPU"
            )
        self._micro *= 2
        self.run.memo(f"micro-batch of {self.name}", micro)
        torch.cuda.empty_cache()

    def log(self, step: int, **values: float | Tensor) -> None:
        """Add a line to the history; device tensors are read later, in bulk."""
        self._waiting.append((step, values))

    def _flush(self) -> None:
        for step, values in self._waiting:
            numbers = {k: float(v) for k, v in values.items()}
            bad = [k for k, v in numbers.items() if v != v or v in (float("inf"), -float("inf"))]
            if bad:
                self._waiting.clear()
                kept = self.checkpoints.paths()
                last = f"step {int(kept[0].stem[5:])} is kept" if kept else "it is not saved here"
                raise Diverged(
                    f"{bad[0]} of {self.name} is {numbers[bad[0]]} at step {step}; "
                    f"the last good checkpoint ({last}); try a smaller learning rate"
                )
            self.history.append({"step": step, **numbers})
        self._waiting.clear()

    def save(self) -> None:
        """Write a checkpoint now (rank 0 only)."""
        self._flush()
        self._saved = time.monotonic()
        if self.run.rank:
            return
        state = {
            "config": json.dumps(plain_config(self.run.config)),
            "code": self.run.code,
            "step": self.step,
            "total": self.total,
            "seconds": self.seconds,
            "micro": self._micro,
            "history": self.history,
            "scaler": self.scaler.state_dict(),
            "rng": rng_state(),
            "objects": {k: v.state_dict() for k, v in self.objects.items()},
        }
        self.checkpoints.save(self.step, state)

    def _load(self, name: str, thing: Any, saved: dict[str, Any]) -> None:
        try:
            thing.load_state_dict(saved[name])
        except (RuntimeError, ValueError, KeyError) as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            raise CourseError(
                f"the {name} that {self.name} saved has other shapes or parts than this code's "
                f"({lines[-1].rstrip('.')}): start anew (fresh) or choose another folder (out)"
            ) from error

    def _restore(self, state: dict[str, Any]) -> None:
        self.run.guard(json.loads(state["config"]), state["code"], f"the training {self.name}")
        self.step, self.total = state["step"], state["total"]
        self.seconds, self.history = state["seconds"], state["history"]
        self._micro = state["micro"]
        self.run.earlier_seconds += self.seconds
        for name, thing in self.objects.items():
            self._load(name, thing, state["objects"])
        if self.scaler.is_enabled():
            self.scaler.load_state_dict(state["scaler"])
        restore_rng(state["rng"])
        self.run.resumed(self)
