"""Measurements behind the pictures of chapter 02, and its stimuli for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cvlib.adversarial import shipped
from cvlib.adversarial.coarse import IMAGENET_GROUPS, CoarseTask
from cvlib.adversarial.controls import displayed, flip_control
from cvlib.adversarial.nets import NETS
from cvlib.adversarial.photos import photo_lab, read_photos
from cvlib.adversarial.retina import RetinaBlur
from cvlib.adversarial.stimuli import Stimuli, of_neither, of_the_groups, perturbed
from cvlib.adversarial.transfer import Lab
from cvlib.adversarial.viewing import ViewingGeometry
from cvlib.chapters.adversarial_humans.config import CONFIG, DIGIT_PAIRS, VIEWERS
from cvlib.course import data
from cvlib.course.errors import CourseError
from cvlib.course.run.record import note
from cvlib.psychophysics.design import Picture

SEEN_BY = "pooling"  # asked in the page's live pictures; residual and depthwise are attacked


def shipped_lab(shown: int) -> Lab:
    """The three shipped builds, plain and behind a retina, and the first `shown` test digits."""
    config = CONFIG["smoke"]
    task = CoarseTask(DIGIT_PAIRS, config.net.classes)
    digits = data.images("mnist5k")
    retina = RetinaBlur(ViewingGeometry(config.net.pixels), config.alpha)
    return Lab(
        task=task,
        zoo={v: {n: shipped.digit_net(n, v) for n in shipped.SHIPPED} for v in VIEWERS},
        eyes={"plain": nn.Identity(), "retina": retina},
        stimuli=of_the_groups(digits.test_x, digits.test_y, task, shown),
    )


def one_of_each(lab: Lab) -> Lab:
    """The lab with the first stimulus of every coarse class only."""
    s = lab.stimuli
    first = torch.stack(
        [(s.rival == k).nonzero()[0, 0] for k in range(len(lab.task.names))]
    )  # (K,)
    few = Stimuli(s.levels[first], s.target[first], s.rival[first])
    return Lab(lab.task, lab.zoo, lab.eyes, few)


def conditions_of(lab: Lab, held: str) -> dict[str, Tensor]:
    """`image`, `adv` (all other nets attacked), `flip` and `noise`, uint8 (N, C, S, S) each."""
    clean = lab.stimuli.levels
    adv = lab.perturb(lab.others(held))
    flip = flip_control(clean, adv)
    return {"image": clean, "adv": adv, "flip": flip, "noise": lab.noise(seed=0)}


@torch.no_grad()
def verdicts(net: nn.Module, levels: Tensor) -> list[tuple[int, float]]:
    """What a net takes uint8 images (N, C, S, S) for: the class and its probability."""
    p = net(displayed(levels)).softmax(1)  # (N, fine)
    best = p.max(1)
    return list(zip(best.indices.tolist(), best.values.tolist(), strict=True))


def perturbations(lab: Lab, held: str) -> dict[str, Tensor]:
    """What is added, in levels, float (N, C, S, S): by one net, by all others, through a retina."""
    others = lab.others(held)
    made = {
        "one net": lab.perturb(others[:1]),
        "two nets": lab.perturb(others),
        "two, retina": lab.perturb(others, "retina"),
        "noise": lab.noise(seed=0),
    }
    clean = lab.stimuli.levels.float()
    return {name: levels.float() - clean for name, levels in made.items()}


def radial_power(delta: Tensor) -> tuple[Tensor, Tensor]:
    """Mean power of images (N, C, S, S) on rings of frequency: cycles an image (R,), power (R,)."""
    size = delta.shape[-1]
    power = torch.fft.fft2(delta).abs().square().mean((0, 1)) / size**2  # (S, S)
    f = torch.fft.fftfreq(size, d=1 / size)
    ring = torch.hypot(f[:, None], f[None, :]).round().long()  # (S, S)
    rings = torch.arange(1, size // 2 + 1)
    return rings, torch.stack([power[ring == r].mean() for r in rings])


def outer_power(lab: Lab, delta: Tensor) -> float:
    """The share, in per cent, of a perturbation's energy (N, C, S, S) that the retina lets pass."""
    seen = lab.eyes["retina"](delta)
    return 100 * float(seen.square().sum() / delta.square().sum())


def matrix(record: Mapping[str, Any], viewer: str = "plain") -> tuple[list[str], Tensor]:
    """Rows' names and success (5, 4): one net attacked, then all three; column: who is asked.

    Means over the recorded seeds; nan where a net would be asked that was attacked.
    """
    names = list(NETS)
    rows = [
        row
        for seed in record["seeds"]
        for row in note(record, "transfer", "table", seed)
        if row["viewer"] == viewer
    ]
    out = torch.full((len(names) + 1, len(names)), torch.nan)
    for column, held in enumerate(names):
        for place, source in enumerate(names):
            found = [r["target"] for r in rows if (r["held"], r["source"]) == (held, source)]
            if found:
                out[place, column] = fmean(found)
        all_others = [r["target"] for r in rows if (r["held"], r["attack"]) == (held, "ensemble")]
        out[-1, column] = fmean(all_others)
    return [*names, "the three others"], out


def by_class(record: Mapping[str, Any], held: str, attacks: Mapping[str, str]) -> str:
    """What photographs of every coarse class were taken for: a line a class, all seeds together.

    `held` is "cousin" or "stranger", `attacks` maps attacks to their titles. A cell counts forced
    choices for the target; the last two lines are the shares of all photographs, and the means of
    the classes' shares.
    """
    notes = [note(record, "photos", "by_class", seed) for seed in record["seeds"]]
    classes = list(notes[0][f"{held}_clean"])
    counts = np.array(
        [[[found[f"{held}_{a}"][c] for a in attacks] for c in classes] for found in notes]
    ).sum(0)  # (classes, attacks, 2): chosen, and photographs
    chosen, n = counts[..., 0], counts[..., 1]
    by_photo = chosen.sum(0) / n.sum(0)  # (attacks,)
    by_class = (chosen / n).mean(0)  # (attacks,)

    lines = ["shown      photos" + "".join(f"{title:>14s}" for title in attacks.values())]
    for name, row, (of, *_) in zip(classes, chosen, n, strict=True):
        lines.append(f"{name:10s} {of:6d}" + "".join(f"{k:>14d}" for k in row))
    lines.append(f"all        {n[:, 0].sum():6d}" + "".join(f"{p:>14.0%}" for p in by_photo))
    lines.append("mean of classes  " + "".join(f"{p:>14.0%}" for p in by_class))
    return "\n".join(lines)


@dataclass(frozen=True)
class Source:
    """Where a session's pictures come from; counts of pictures of each option and of neither.

    `pool` are uint8 images (N, C, S, S) and fine classes (N,), of which some show neither option.
    """

    lab: Lab
    pool: tuple[Tensor, Tensor]
    each: int
    neither: int
    practice: int = 2


def source_of(group: str) -> Source:
    """Digits, or photographs where their data and their networks' packages are at hand."""
    if group in DIGIT_PAIRS:
        digits = data.images("mnist5k")
        return Source(shipped_lab(300), (digits.test_x, digits.test_y), each=12, neither=12)
    if group not in IMAGENET_GROUPS:
        raise CourseError(
            f"there is no group {group!r}: choose of {[*DIGIT_PAIRS, *IMAGENET_GROUPS]}"
        )
    c = CONFIG["laptop"].photos
    lab = replace(photo_lab(c.size, c.alpha, seed=0), **vars(c.attack))
    fine = [i for ids in reversed(lab.task.sets) for i in ids]  # the many dogs last
    pool = read_photos(fine, c.size)
    lab = replace(lab, stimuli=of_the_groups(*pool, lab.task, len(fine)))
    return Source(lab, pool, each=3, neither=24)


def chosen_of(lab: Lab, name: str, places: slice) -> Stimuli:
    """The stimuli that show one coarse class, some of them."""
    s = lab.stimuli
    found = (s.rival == lab.task.index(name)).nonzero().squeeze(1)
    if len(found) < places.stop:
        raise CourseError(
            f"a session needs {places.stop} pictures of {name}, there are {len(found)}: "
            "choose another group"
        )
    chosen = found[places]
    return Stimuli(s.levels[chosen], s.target[chosen], s.rival[chosen])


def for_people(
    group: str, source: Source | None = None
) -> tuple[Any, list[Picture], list[Picture]]:
    """The two options of a group, a session's pictures, and others to practise with.

    The source's networks are attacked through the retina: the person is the one that is held out.
    """
    source = source or source_of(group)
    options = source.lab.task.groups[group]
    return options, test_pictures(source, group), practice_pictures(source, options)


def test_pictures(source: Source, group: str) -> list[Picture]:
    """Pictures of both classes of a group, each as `image`, `adv` and `flip`; and of neither."""
    lab = source.lab
    a, b = lab.task.groups[group]
    attack = lab.attack(list(lab.zoo["retina"]), "retina")
    found = []
    for name in (a, b):
        few = chosen_of(lab, name, slice(source.each))
        adv = perturbed(attack, few)
        for x, y, z in zip(few.levels, adv, flip_control(few.levels, adv), strict=True):
            found.append(Picture(name, {"image": plane(x), "adv": plane(y), "flip": plane(z)}))
    neither = of_neither(*source.pool, lab.task, group, source.neither)
    towards_a, towards_b = perturbed(attack, neither).chunk(2)  # (neither, C, S, S)
    for x, y in zip(towards_a, towards_b, strict=True):
        found.append(Picture(None, {a: plane(x), b: plane(y)}))
    return found


def practice_pictures(source: Source, options: Sequence[str]) -> list[Picture]:
    """Some pictures of both classes, as they are, that the test does not show."""
    found = []
    for name in options:
        few = chosen_of(source.lab, name, slice(source.each, source.each + source.practice))
        found += [Picture(name, {"image": plane(x)}) for x in few.levels]
    return found


def plane(image: Tensor) -> Any:
    """One uint8 image (C, S, S) as an array (S, S) or (S, S, 3)."""
    return image.permute(1, 2, 0).squeeze(-1).contiguous().numpy()


def reading(record: Mapping[str, Any], names: Sequence[str]) -> str:
    """The recorded mean and range over seeds of some metrics, a line each."""
    lines = []
    for name in names:
        metric = record["metrics"][name]
        low, high = min(metric["values"]), max(metric["values"])
        shown = f"{metric['mean']:5.1f} {metric['unit']} ({low:.1f} to {high:.1f})"
        lines.append(f"{shown:26s} {metric['title']}")
    return "\n".join(lines)
