"""Two ways to make the number of images per worker small (Sec. 4.1 and ours)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cvlib.course.errors import CourseError


@dataclass(frozen=True)
class Protocol:
    """One setting of a training: images per SGD step, per worker, and the learning rate."""

    batch: int
    images_per_worker: int
    lr: float

    def __post_init__(self) -> None:
        if self.images_per_worker < 1 or self.batch % self.images_per_worker:
            raise CourseError(
                f"an SGD batch of {self.batch} does not divide over workers with "
                f"{self.images_per_worker} images each"
            )

    @property
    def workers(self) -> int:
        """K, the number of simulated GPUs."""
        return self.batch // self.images_per_worker


def fixed(images_per_worker: int, batch: int, lr: float) -> Protocol:
    """SGD batch and learning rate stay; only the chunk of the statistics shrinks.

    Isolates the paper's cause. Group norm is then the very same run for every N.
    """
    return Protocol(batch, images_per_worker, lr)


def paper(images_per_worker: int, workers: int = 8, lr_at_256: float = 0.1) -> Protocol:
    """The paper's: K = 8 workers, SGD batch K N, learning rate 0.1 K N / 256 (Sec. 4.1)."""
    batch = workers * images_per_worker
    return Protocol(batch, images_per_worker, lr_at_256 * batch / 256)


def cosine(step: int, total: int, warmup: int = 10) -> float:
    """The learning rate's factor: linear warm-up, then half a cosine down to 0."""
    return min(1.0, (step + 1) / warmup) * 0.5 * (1 + math.cos(math.pi * step / total))


def steps_of_ten(step: int, total: int) -> float:
    """The paper's schedule: a tenth at 30 %, 60 % and 90 % of the training (Sec. 4.1)."""
    return 0.1 ** sum(step >= share * total for share in (0.3, 0.6, 0.9))
