"""Rendered faces to train on, and held-out ones with what they are asked to show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cvlib.faces.aus import PLACE, sample_expressions, spread
from cvlib.faces.identity import Identity, sample_identities
from cvlib.faces.render import change_mask, render_many
from cvlib.gan.animation import Painted

Framing = tuple[float, float]


@dataclass(frozen=True)
class Faces:
    """Pictures (N, 3, S, S), uint8, and the strengths (N, n) of the units that they show."""

    pictures: Tensor
    strengths: Tensor

    def batch(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures (B, 3, S, S) in [-1, 1] and strengths (B, n) of the chosen faces (B,)."""
        return self.pictures[chosen].float() / 127.5 - 1, self.strengths[chosen]


def sample_strengths(n: int, numbers: Sequence[int], share: float, draw: torch.Generator) -> Tensor:
    """Strengths (n, units) of the units `numbers`, each active with `share`."""
    columns = [PLACE[number] for number in numbers]
    return sample_expressions(n, draw, share)[:, columns]


def training_faces(
    n: int, numbers: Sequence[int], size: int, framing: Framing, share: float,
    draw: torch.Generator, device: torch.device,
) -> Faces:  # fmt: skip
    """`n` people, each with an expression of its own, drawn from a CPU generator."""
    face = sample_identities(n, draw).to(device)
    strengths = sample_strengths(n, numbers, share, draw).to(device)
    pictures = render_many(face, spread(strengths, numbers), size, framing)
    return Faces((pictures * 255).round().to(torch.uint8), strengths)


@dataclass(frozen=True)
class Trials:
    """N requests to held-out people: who, what they show, what they are asked to show.

    Pictures are in [-1, 1]; `truth` is what the renderer draws for the request, which no net ever
    sees, and `mask` where it differs from `before`.
    """

    face: Identity
    who: Tensor  # (N,)
    before: Tensor  # (N, 3, S, S)
    shown: Tensor  # (N, n)
    asked: Tensor  # (N, n)
    truth: Tensor  # (N, 3, S, S)
    mask: Tensor  # (N, S, S)


def held_out_trials(
    people: int, each: int, numbers: Sequence[int], size: int, framing: Framing, share: float,
    draw: torch.Generator, device: torch.device,
) -> Trials:  # fmt: skip
    """`each` requests to every one of `people` new people."""
    face = sample_identities(people, draw).to(device)
    first = sample_strengths(people, numbers, share, draw).to(device)
    asked = sample_strengths(people * each, numbers, share, draw).to(device)
    who = torch.arange(people, device=device).repeat_interleave(each)
    return requests(face, first, who, asked, numbers, size, framing)


def sweeps(
    trials: Trials, people: int, units: Sequence[int], numbers: Sequence[int], steps: int,
    framing: Framing,
) -> Trials:  # fmt: skip
    """Requests that move one unit in `steps` from 0 to 1, for each of `units` and `people`.

    The other units stay as each person's picture shows them. Requests (people * units * steps,)
    come path by path.
    """
    size = trials.before.shape[-1]
    first = torch.stack([trials.shown[trials.who == p][0] for p in range(people)])  # (people, n)
    asked = first.repeat_interleave(len(units) * steps, dim=0).reshape(
        people, len(units), steps, -1
    )
    for place, unit in enumerate(units):
        ramp = torch.linspace(0, 1, steps, device=first.device)
        asked[:, place, :, list(numbers).index(unit)] = ramp
    who = torch.arange(people, device=first.device).repeat_interleave(len(units) * steps)
    return requests(trials.face, first, who, asked.flatten(0, 2), numbers, size, framing)


def requests(
    face: Identity, first: Tensor, who: Tensor, asked: Tensor, numbers: Sequence[int], size: int,
    framing: Framing,
) -> Trials:  # fmt: skip
    """Trials in which people (P,) show `first` (P, n), and those of `who` (N,) `asked` (N, n)."""
    neutral = face.take(slice(0, len(first)))
    before = render_many(neutral, spread(first, numbers), size, framing)[who]
    truth = render_many(face.take(who), spread(asked, numbers), size, framing)
    mask = change_mask(before, truth)
    return Trials(face, who, before * 2 - 1, first[who], asked, truth * 2 - 1, mask)


@torch.no_grad()
def answers(G: nn.Module, t: Trials, batch: int = 100) -> Painted:
    """What a generator makes of all requests: image, attention, colour, each (N, ..., S, S)."""
    parts = [
        G(t.before[i : i + batch], t.asked[i : i + batch]) for i in range(0, len(t.who), batch)
    ]
    return Painted(*(torch.cat(piece) for piece in zip(*parts, strict=True)))
