"""What a training draws at random: a function of (seed, step), so a resume draws the same."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from cvlib.course.errors import CourseError

if TYPE_CHECKING:
    from cvlib.course.run.run import Run


class Draws:
    """Random numbers and batches of one training, on the run's device."""

    def __init__(self, run: Run, name: str) -> None:
        self.run = run
        self.name = name
        self._generator: torch.Generator | None = None
        self._order: tuple[tuple[int, int], Tensor] | None = None

    def generator(self, step: int) -> torch.Generator:
        """A generator on the run's device that depends on (seed, task, step) alone.

        It is one and the same, seeded anew: a later call changes what an earlier one gave.
        """
        key = f"{self.run.seed}/{self.name}/{step}".encode()
        seed = int.from_bytes(hashlib.sha256(key).digest()[:8], "little") >> 1
        if self._generator is None:
            self._generator = torch.Generator(self.run.device)
        return self._generator.manual_seed(seed)

    def batch(self, step: int, n: int, batch_size: int) -> Tensor:
        """Indices `(batch_size,)` of this step: every epoch is a permutation, short ends dropped.

        The order depends on (seed, epoch) only: all tasks of a run see the same batches. It lies on
        the run's device, so that a step copies nothing there. Under torchrun it is this rank's
        contiguous share of the same global batch.
        """
        if not 0 < batch_size <= n:
            raise CourseError(f"a batch of {batch_size} cannot be drawn from {n} examples")
        epoch, place = divmod(step, n // batch_size)
        if self._order is None or self._order[0] != (n, epoch):
            seed = torch.Generator().manual_seed(1_000_003 * self.run.seed + epoch)
            self._order = ((n, epoch), torch.randperm(n, generator=seed).to(self.run.device))
        return self.shard(self._order[1][place * batch_size : (place + 1) * batch_size])

    def shard(self, batch: Tensor) -> Tensor:
        """This rank's contiguous share of a global batch (dim 0)."""
        if len(batch) % self.run.world:
            raise CourseError(
                f"a batch of {len(batch)} does not divide over {self.run.world} processes"
            )
        return batch.chunk(self.run.world)[self.run.rank]
