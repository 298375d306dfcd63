"""Images for the experiment: which are shown, what they are, and what they shall be taken for."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cvlib.adversarial.attack import EnsembleAttack
from cvlib.adversarial.coarse import CoarseTask
from cvlib.adversarial.controls import displayed, quantize_linf, rescale_range, to_levels
from cvlib.course.errors import CourseError

BATCH = 25  # images that are attacked together: at 160 px, more would leave a CPU's caches


@dataclass(frozen=True)
class Stimuli:
    """Squeezed uint8 images (N, C, S, S); two coarse classes (N,): `target`, and its `rival`.

    In the condition `adv` the rival is what the image shows; in `false` the image shows neither.
    """

    levels: Tensor
    target: Tensor
    rival: Tensor

    @property
    def x(self) -> Tensor:
        """The images (N, C, S, S) as displayed, in [0, 1]."""
        return displayed(self.levels)


def squeezed(pixels: Tensor) -> Tensor:
    """uint8 images (N, C, S, S) between the grey levels that leave room for a perturbation."""
    return to_levels(rescale_range(displayed(pixels)))


def of_the_groups(pixels: Tensor, fine: Tensor, task: CoarseTask, n: int) -> Stimuli:
    """The first `n` of uint8 images (N, C, S, S), of fine classes (N,), that show a coarse class.

    The target is the other class of the group: the condition `adv`.
    """
    coarse = task.of_fine(fine)  # (N,)
    rivals = task.rivals().to(coarse.device)
    shown = (coarse >= 0) & (rivals[coarse.clamp(min=0)] >= 0)
    chosen = shown.nonzero().squeeze(1)[:n]
    if len(chosen) < n:
        raise CourseError(f"{n} images of the groups are asked for, there are {len(chosen)}")
    y = coarse[chosen]
    return Stimuli(squeezed(pixels[chosen]), target=rivals[y], rival=y)


def of_neither(pixels: Tensor, fine: Tensor, task: CoarseTask, group: str, n: int) -> Stimuli:
    """The condition `false`: `n` of (N, C, S, S) that show neither class of a group, each twice.

    Once the first class is the target and once the second, so whatever the image looks like, an
    observer whom the perturbation does not move chooses the target in exactly half of them.
    """
    a, b = (task.index(name) for name in task.groups[group])
    coarse = task.of_fine(fine)
    chosen = ((coarse != a) & (coarse != b)).nonzero().squeeze(1)[:n]
    levels = squeezed(pixels[chosen])
    first = torch.full((len(chosen),), a, device=fine.device)
    second = torch.full_like(first, b)
    return Stimuli(
        torch.cat([levels, levels]),
        target=torch.cat([first, second]),
        rival=torch.cat([second, first]),
    )


def perturbed(attack: EnsembleAttack, stimuli: Stimuli) -> Tensor:
    """The stimuli, attacked towards their targets, as uint8 (N, C, S, S) within whole levels."""
    parts = []
    batches = zip(stimuli.levels.split(BATCH), stimuli.target.split(BATCH), strict=True)
    for levels, target in batches:
        x_adv = attack.run(displayed(levels), target).x_adv
        parts.append(quantize_linf(x_adv, levels, round(255 * attack.eps)))
    return torch.cat(parts)


@dataclass(frozen=True)
class Score:
    """Per cent of the images: taken for the target, forced to choose it, taken for the rival."""

    target: float
    forced: float
    correct: float


@torch.no_grad()
def read(net: nn.Module, shown: Tensor) -> Tensor:
    """The logits (N, fine) of a network for uint8 images (N, C, S, S)."""
    return torch.cat([net(displayed(part)) for part in shown.split(BATCH)])


def forced(logits: Tensor, stimuli: Stimuli, task: CoarseTask) -> Tensor:
    """Whether the target is the likelier of the two coarse classes, (N,), of logits (N, fine)."""
    return task.two_afc(logits, stimuli.target, stimuli.rival) > 0


def score(net: nn.Module, shown: Tensor, stimuli: Stimuli, task: CoarseTask) -> Score:
    """How a network takes uint8 images (N, C, S, S) made from `stimuli`.

    `target` and `correct` count the likeliest fine class, `forced` the likelier of the two coarse
    ones.
    """
    logits = read(net, shown)  # (N, fine)
    best = task.of_fine(logits.argmax(1))  # (N,), -1: in no coarse class
    return Score(
        target=percent(best == stimuli.target),
        forced=percent(forced(logits, stimuli, task)),
        correct=percent(best == stimuli.rival),
    )


def percent(which: Tensor) -> float:
    """The share, in per cent, of true values (N,)."""
    return 100 * which.float().mean().item()
