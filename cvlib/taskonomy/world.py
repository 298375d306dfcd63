"""The rendered data set, split once: to train, to transfer, to choose a policy, to judge it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.synth.rooms import render
from cvlib.taskonomy.tasks import Task, selected, spoilt, standardized

PARTS = ("train", "transfer", "choose", "judge")


@dataclass(frozen=True)
class World:
    """Pictures and standardised labels of all splits, one after the other.

    rgb: (N, 3, H, W) in [0, 1]; labels: task name -> (N, ...). `choose` is where tournaments
    are held and `judge` where gain and quality are counted, so that a policy is never judged on
    the pictures that chose it.
    """

    tasks: Mapping[str, Task]
    rgb: Tensor
    labels: Mapping[str, Tensor]
    counts: Mapping[str, int]

    @property
    def size(self) -> int:
        """The side of a picture in pixels."""
        return self.rgb.shape[-1]

    def part(self, name: str) -> slice:
        """Where a split lies: train, transfer, choose or judge."""
        if name not in self.counts:
            raise CourseError(f"there is no split {name!r}: choose of {', '.join(PARTS)}")
        start = sum(self.counts[p] for p in PARTS[: PARTS.index(name)])
        return slice(start, start + self.counts[name])

    def inputs(self, how: str) -> Tensor:
        """All pictures as a task with this way of spoiling gets them; the noise is fixed."""
        generator = torch.Generator(self.rgb.device).manual_seed(0)
        return spoilt(self.rgb, how, generator)

    def reference(self, task: str) -> Tensor:
        """The training labels, whose statistics standardise the others."""
        return self.labels[task][self.part("train")]


def build(
    names: tuple[str, ...], size: int, counts: Mapping[str, int], seed: int = 0,
    device: torch.device | str = "cpu",
) -> World:  # fmt: skip
    """Render the splits (`counts` pictures each) and the labels of these tasks.

    Raises `CourseError` for a split that is empty or a task that is not rendered.
    """
    empty = [part for part in PARTS if counts.get(part, 0) < 1]
    if empty:
        raise CourseError(f"the split {empty[0]!r} is empty: give it at least one picture")
    tasks = selected(names)
    rendered = render(sum(counts[part] for part in PARTS), size, seed)
    labels = {}
    for name, task in tasks.items():
        raw = rendered[task.label]
        labels[name] = standardized(task, raw, raw[: counts["train"]]).to(device)
    return World(tasks, rendered["rgb"].to(device), labels, dict(counts))
