"""Measurements behind chapter 07's pictures, on the recorded run and its nets.

`python -m cvlib.chapters.ganimation.probes FOLDER` copies the generators of a laptop run's median
seed beside its record.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cvlib.chapters.ganimation.claims import ARMS
from cvlib.chapters.ganimation.config import CONFIG, SHOWN
from cvlib.chapters.ganimation.experiment import HELD_OUT
from cvlib.course.chapters import chapter
from cvlib.course.run import record, weights
from cvlib.faces.aus import NUMBERS
from cvlib.faces.identity import Identity, sample_identities
from cvlib.faces.own import Square, repaint
from cvlib.faces.render import render_many
from cvlib.faces.trials import Trials, held_out_trials, requests
from cvlib.gan.animation import Animator
from cvlib.gan.regularize import gradient_penalty

KEPT = ("long", "base", "half", "faint", "clean")  # arms whose nets stand beside the record
PORTRAIT = (1.7, 0.0)  # how the page frames a face: the head without its clothes


def median_seed(told: Mapping[str, Any]) -> int:
    """The seed whose longer training has the median agreement: the rule for what ships."""
    return record.median_seed(told, "fit_long")


def recorded_generators() -> dict[str, nn.Module]:
    """The averaged generators of the recorded run's median seed, frozen, by the arm's name."""
    c = CONFIG["laptop"]
    nets = {}
    for name in KEPT:
        net = Animator(len(c.numbers), c.width, c.blocks)
        net.load_state_dict(weights.beside(chapter(7), f"{name}-G"))
        nets[name] = net.eval().requires_grad_(False)
    return nets


def keep_median(run_folder: Path) -> None:
    """Copy the generators of the median seed of a finished laptop run beside its record."""
    here = chapter(7)
    seed = median_seed(record.recorded(here, "laptop"))
    for name in KEPT:
        weights.keep_beside(here, run_folder / f"seed{seed}", name, "G")


def noises() -> dict[float, str]:
    """Arms that differ in the noise on the reader alone, by its deviation."""
    among = ("clean", "faint", "half", "base")
    arms = {arm.weights.sigma: arm.name for arm in CONFIG["laptop"].arms if arm.name in among}
    return dict(sorted(arms.items()))


def portrait(face: Identity, size: int = 160) -> Tensor:
    """A stand-in for a picture of one's own: a rendered person (3, size, size) in [0, 1]."""
    return render_many(face, torch.zeros(1, len(NUMBERS)), size, CONFIG["laptop"].framing)[0]


def own_pictures(G: nn.Module, picture: Tensor, square: Square | None) -> dict[str, Tensor]:
    """A picture (3, H, W) in [0, 1] and, by the unit's name, what G makes of the face in a square.

    Raises `CourseError` for a square that leaves the picture, too small a face, or a grey one.
    """
    c = CONFIG["laptop"]
    made = repaint(G, picture, torch.eye(len(c.numbers)), c.size, square)
    names = [f"AU {number}" for number in c.numbers]
    return {"the picture": picture, **dict(zip(names, made, strict=True))}


def held_out(people: int) -> Trials:
    """The first request to each of the first held-out people of the recorded run."""
    c = CONFIG["laptop"]
    draw = torch.Generator().manual_seed(HELD_OUT)
    t = held_out_trials(
        c.people, c.each, c.numbers, c.size, c.framing, c.asked, draw, torch.device("cpu")
    )
    first = torch.arange(people) * c.each
    kept = {name: getattr(t, name)[first] for name in ("who", "before", "shown", "asked")}
    return replace(t, **kept, truth=t.truth[first], mask=t.mask[first])


def strangers(n: int, seed: int = 11) -> Identity:
    """People for the page's pictures, the first ones of a seed, before a plain grey wall."""
    face = sample_identities(n, torch.Generator().manual_seed(seed))
    wall = torch.full((n, 3), 0.82)
    return replace(face, back_0=wall, back_1=wall)


def one_request(face: Identity, strengths: Mapping[int, float]) -> Trials:
    """Every person of `face`, without expression, asked for the same strengths by number."""
    c = CONFIG["laptop"]
    asked = torch.tensor([[strengths.get(n, 0.0) for n in c.numbers]]).repeat(len(face), 1)
    who = torch.arange(len(face))
    return requests(face, torch.zeros_like(asked), who, asked, c.numbers, c.size, c.framing)


@torch.no_grad()
def triangle(G: nn.Module, t: Trials) -> tuple[Tensor, Tensor, Tensor]:
    """The three corners of the cycle, (N, 3, S, S) in [0, 1]: the face, there, and back."""
    there = G(t.before, t.asked).image
    back = G(there, t.shown).image
    return (t.before + 1) / 2, (there + 1) / 2, (back + 1) / 2


def crossfade(
    face: Identity, start: Tensor, end: Tensor, t: float, size: int
) -> tuple[Tensor, Tensor]:
    """Half-way pictures (3, S, S): the renderer at a mixed expression, and mixed pixels.

    `start` and `end` are expressions (1, 17); `t` in [0, 1] is the place between them.
    """

    mixed = render_many(face, torch.lerp(start, end, t), size, PORTRAIT)[0]
    ends = render_many(face.repeated(2), torch.cat([start, end]), size, PORTRAIT)
    return mixed, torch.lerp(ends[0], ends[1], t)


def penalty_field(weight: float, steps: int = 300, seed: int = 0) -> tuple[Tensor, Tensor]:
    """A toy critic on the plane, trained with a gradient penalty of this weight.

    Its scores and slopes' lengths on a 33 x 33 grid of [-2, 2]^2, each (33, 33).
    """
    torch.manual_seed(seed)
    draw = torch.Generator().manual_seed(seed)
    D = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1))
    opt = torch.optim.Adam(D.parameters(), 1e-2)

    def critic(x: Tensor) -> Tensor:
        return D(x.flatten(1))

    for _ in range(steps):
        real = 0.2 * torch.randn(64, 2, 1, 1, generator=draw) + torch.tensor([1.0, 0]).view(2, 1, 1)
        fake = 0.2 * torch.randn(64, 2, 1, 1, generator=draw) - torch.tensor([1.0, 0]).view(2, 1, 1)
        loss = critic(fake).mean() - critic(real).mean()
        loss = loss + weight * gradient_penalty(critic, real, fake, draw)
        opt.zero_grad()
        loss.backward()
        opt.step()

    line = torch.linspace(-2, 2, 33)
    points = torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1).flatten(0, 1)
    points.requires_grad_()
    scores = D(points)
    (slopes,) = torch.autograd.grad(scores.sum(), points)
    return scores.detach().view(33, 33), slopes.norm(dim=1).view(33, 33)


def agreement_table(told: Mapping[str, Any]) -> str:
    """Per unit: floor, base and ceiling by analysis by synthesis, means over the seeds."""
    seeds = told["seeds"]

    def mean(unit: str, key: str) -> list[float]:
        rows = [record.note(told, unit, key, seed)["fit"] for seed in seeds]
        return [sum(column) / len(column) for column in zip(*rows, strict=True)]

    floor = mean("yardsticks", "per unit, copy")
    ceiling = mean("yardsticks", "per unit, truth")
    lines = [f"{'':32s}" + "".join(f"{f'AU {n}':>8s}" for n in SHOWN)]
    rows = [("unchanged face (floor)", floor)]
    rows += [(title, mean(arm.replace("_", "-"), "per unit")) for arm, title in ARMS.items()]
    rows += [("true pictures (ceiling)", ceiling)]
    lines += [f"{title:32s}" + "".join(f"{v:8.2f}" for v in values) for title, values in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    keep_median(Path(sys.argv[1]))
