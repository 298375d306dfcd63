"""Leave one network out: attack the others, ask the one that nobody attacked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from cvlib.adversarial.attack import EnsembleAttack
from cvlib.adversarial.coarse import CoarseTask
from cvlib.adversarial.controls import flip_control, random_sign
from cvlib.adversarial.stimuli import Score, Stimuli, forced, perturbed, read, score

Zoo = Mapping[str, Mapping[str, nn.Module]]  # viewer -> name -> net
Row = dict[str, Any]  # held, viewer, attack, source, and the fields of `Score`


@dataclass(frozen=True)
class Shown:
    """One condition: its name, which networks were attacked, its uint8 images (N, C, S, S).

    `viewer` is the only viewer that it is meant for, or empty.
    """

    condition: str
    source: tuple[str, ...]
    viewer: str
    levels: Tensor


@dataclass(frozen=True)
class Lab:
    """Networks by viewer, the eye that stands before them, stimuli, and how to attack.

    A viewer is "plain" or "retina"; `zoo[viewer][name]` stands behind `eyes[viewer]`. `eps` and
    `step` are levels of 255.
    """

    task: CoarseTask
    zoo: Zoo
    eyes: Mapping[str, nn.Module]
    stimuli: Stimuli
    eps: int = 32
    step: float = 3.2
    steps: int = 24

    def others(self, held: str) -> list[str]:
        """The networks that may be attacked when `held` is asked."""
        return [name for name in self.zoo["plain"] if name != held]

    def attack(
        self, names: Sequence[str], viewer: str = "plain", eps: int | None = None
    ) -> EnsembleAttack:
        """The attack on some networks behind their eye; its step grows with another `eps`."""
        eps = eps or self.eps
        return EnsembleAttack(
            [self.zoo[viewer][name] for name in names], self.task,
            eps=eps, step=self.step * eps / self.eps, steps=self.steps, front=self.eyes[viewer],
        )  # fmt: skip

    def perturb(
        self, names: Sequence[str], viewer: str = "plain", eps: int | None = None
    ) -> Tensor:
        """The stimuli after that attack, uint8 (N, C, S, S)."""
        return perturbed(self.attack(names, viewer, eps), self.stimuli)

    def noise(self, seed: int, eps: int | None = None) -> Tensor:
        """The stimuli with random signs of the same size, uint8 (N, C, S, S)."""
        draw = torch.Generator(self.stimuli.levels.device).manual_seed(seed)
        return random_sign(self.stimuli.levels, eps or self.eps, draw)

    def judge(self, held: str, viewer: str) -> nn.Module:
        """The network that is asked, behind its eye."""
        return nn.Sequential(self.eyes[viewer], self.zoo[viewer][held])

    def ask(self, levels: Tensor, held: str, viewer: str = "plain") -> Score:
        """How a held-out net takes images (N, C, S, S) that were made from the stimuli."""
        return score(self.judge(held, viewer), levels, self.stimuli, self.task)

    def margin(self, held: str) -> Callable[[Tensor], Tensor]:
        """A function: what a retina lets pass, (N, C, S, S) -> log-odds (N,) against the target."""

        def margin(seen: Tensor) -> Tensor:
            logits = self.zoo["retina"][held](seen)  # (N, fine)
            return self.task.two_afc(logits, self.stimuli.rival, self.stimuli.target)

        return margin

    def ask_by_class(self, levels: Tensor, held: str) -> dict[str, tuple[int, int]]:
        """Of every coarse class shown in (N, C, S, S): forced choices for the target, and images.

        The bare held-out net is asked.
        """
        chosen = forced(read(self.judge(held, "plain"), levels), self.stimuli, self.task)  # (N,)
        found = {}
        for place, name in enumerate(self.task.names):
            shows = self.stimuli.rival == place  # (N,)
            found[name] = int((chosen & shows).sum()), int(shows.sum())
        return found


def conditions(lab: Lab, held: str, seed: int, singles: Sequence[str]) -> Iterator[Shown]:
    """Yield every condition for one held-out network; `singles` are attacked alone."""
    clean = lab.stimuli.levels
    others = tuple(lab.others(held))
    yield Shown("clean", (), "", clean)
    for name in singles:
        yield Shown("single", (name,), "", lab.perturb([name]))

    ensemble = lab.perturb(others)
    yield Shown("ensemble", others, "", ensemble)
    yield Shown("flip", others, "plain", flip_control(clean, ensemble))

    aware = lab.perturb(others, "retina")
    yield Shown("aware", others, "", aware)
    yield Shown("flip", others, "retina", flip_control(clean, aware))

    yield Shown("noise", (), "", lab.noise(seed))


def asked(lab: Lab, held: str, shown: Shown) -> Iterator[Row]:
    """Yield a row of the table for each viewer that a condition is meant for."""
    for viewer in lab.eyes:
        if shown.viewer in ("", viewer):
            found = lab.ask(shown.levels, held, viewer)
            yield {
                "held": held, "viewer": viewer, "attack": shown.condition,
                "source": "+".join(shown.source), **vars(found),
            }  # fmt: skip


def by_bound(
    lab: Lab, held: str, bounds: Sequence[int], seed: int
) -> Iterator[tuple[int, Score, Score]]:
    """Yield each bound, and how the held-out net takes the attack on all others, and noise."""
    for eps in bounds:
        attacked = lab.perturb(lab.others(held), eps=eps)
        yield eps, lab.ask(attacked, held), lab.ask(lab.noise(seed, eps), held)


def false_choices(lab: Lab, neither: Stimuli, held: str) -> dict[str, float]:
    """Per cent of forced choices for the target, held-out network behind a retina.

    The images of `neither` show neither class and are pushed towards each: `target` perturbed,
    `flip` with the perturbation upside down, `clean` without it, which is 50 by construction.
    """
    adv = perturbed(lab.attack(lab.others(held), "retina"), neither)
    shown = {"target": adv, "flip": flip_control(neither.levels, adv), "clean": neither.levels}
    judge = lab.judge(held, "retina")
    return {name: score(judge, levels, neither, lab.task).forced for name, levels in shown.items()}
