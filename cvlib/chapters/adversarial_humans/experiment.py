"""Chapter 02: perturbations for a network that nobody attacked, bare or behind a retina."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations
from statistics import fmean

import torch
from torch import Tensor, nn

from cvlib.adversarial import shipped
from cvlib.adversarial.coarse import CoarseTask
from cvlib.adversarial.controls import displayed, flip_control
from cvlib.adversarial.imagenet_nets import PACKAGES
from cvlib.adversarial.nets import NETS
from cvlib.adversarial.observers import Accumulator, Glimpses
from cvlib.adversarial.photos import LABEL, photo_lab
from cvlib.adversarial.retina import RetinaBlur
from cvlib.adversarial.stimuli import of_neither, of_the_groups, percent
from cvlib.adversarial.transfer import Lab, Row, asked, by_bound, conditions, false_choices
from cvlib.adversarial.viewing import ViewingGeometry
from cvlib.chapters.adversarial_humans import claims
from cvlib.chapters.adversarial_humans.claims import ATTACKS
from cvlib.chapters.adversarial_humans.config import CONFIG, VIEWERS, Config
from cvlib.chapters.adversarial_humans.train import accuracy, train
from cvlib.course import data
from cvlib.course.run.experiment import Experiment, Unit
from cvlib.course.run.run import Run

Pictures = tuple[Tensor, Tensor]  # uint8 (N, C, S, S) and fine classes (N,)


def pictures(run: Run) -> tuple[Pictures, Pictures]:
    """Training and test images of this run's profile."""
    loaded = run.shared("images", lambda: data.images(run.config.images))
    run.data_label = loaded.label
    seen = loaded.train_x.to(run.device), loaded.train_y.to(run.device)
    return seen, (loaded.test_x.to(run.device), loaded.test_y.to(run.device))


# -- the networks ----------------------------------------------------------------------------------


def eye_of(run: Run, viewer: str) -> nn.Module:
    """What stands before a digit net: nothing for "plain", a retina for "retina"."""
    if viewer == "plain":
        return nn.Identity()
    return RetinaBlur(ViewingGeometry(run.config.net.pixels), run.config.alpha).to(run.device)


def run_net(run: Run, name: str) -> None:
    """Train one build of net twice: plain, and behind a retina."""
    seen, unseen = pictures(run)
    for viewer in VIEWERS:
        eye = eye_of(run, viewer)
        net = NETS[name](run.config.net).to(run.device)
        trained = train(run, f"{name}-{viewer}", net, eye, seen)
        right = accuracy(nn.Sequential(eye, trained), unseen)
        run.measure(f"accuracy_{name}_{viewer}", right, len(unseen[1]))
        run.weights(viewer, trained)


def net_of(run: Run, name: str, viewer: str) -> nn.Module:
    """A frozen net: of this run where it trains this build, else one that ships."""
    if name not in run.config.trained:
        return shipped.digit_net(name, viewer).to(run.device)
    net = NETS[name](run.config.net)
    net.load_state_dict(run.load_weights(f"net-{name}", viewer))
    return net.to(run.device).eval().requires_grad_(False)


def make_lab(run: Run) -> Lab:
    """The four builds, plain and behind a retina, and the test images that are attacked."""
    c: Config = run.config
    task = CoarseTask(c.groups, c.net.classes)
    return Lab(
        task=task,
        zoo={viewer: {name: net_of(run, name, viewer) for name in NETS} for viewer in VIEWERS},
        eyes={viewer: eye_of(run, viewer) for viewer in VIEWERS},
        stimuli=of_the_groups(*pictures(run)[1], task, c.shown),
        **vars(c.attack),
    )


def lab_of(run: Run) -> Lab:
    """The lab, made once in a process."""
    pictures(run)  # tells the unit's record which data it saw
    return run.shared(f"lab-{run.seed}", lambda: make_lab(run))


# -- attacks on digits -----------------------------------------------------------------------------


def run_transfer(run: Run) -> None:
    """Leave one build out: attack the others, ask it, plain and behind a retina."""
    lab = lab_of(run)
    table: list[Row] = []
    for held in run.config.held_out:
        for shown in conditions(lab, held, run.seed, lab.others(held)):
            table += asked(lab, held, shown)
            run.tick()
    run.note("table", table)
    for viewer in VIEWERS:
        for attack in ATTACKS:
            rows = [r for r in table if (r["attack"], r["viewer"]) == (attack, viewer)]
            n = len(lab.stimuli.levels) * len(run.config.held_out)
            run.measure(f"{attack}_{viewer}", fmean(r["target"] for r in rows), n)


def run_further(run: Run) -> None:
    """Success on the plain held-out net against the number of nets attacked and the bound."""
    lab = lab_of(run)
    found: dict[str, list[float]] = {name: [] for name in claims.FURTHER}
    for held in run.config.held_out:
        for two in combinations(lab.others(held), 2):
            found["pairs_plain"].append(lab.ask(lab.perturb(two), held).target)
        for eps, attacked, noisy in by_bound(lab, held, claims.EPSILONS, run.seed):
            run.tick()
            found[f"eps{eps}_plain"].append(attacked.target)
            found[f"noise{eps}_plain"].append(noisy.target)
    for name, values in found.items():
        run.measure(name, fmean(values), len(lab.stimuli.levels) * len(values))


# -- stand-ins for an observer ---------------------------------------------------------------------


def run_false(run: Run) -> None:
    """The condition `false` on every held-out net behind a retina."""
    lab, c = lab_of(run), run.config
    found: dict[str, list[float]] = {name: [] for name in claims.FALSE}
    for held in c.held_out:
        for group in lab.task.groups:
            run.tick()
            neither = of_neither(*pictures(run)[1], lab.task, group, c.neither)
            for name, value in false_choices(lab, neither, held).items():
                found[f"false_{name}"].append(value)
    for name, values in found.items():
        run.measure(name, fmean(values), 2 * c.neither * len(values))


def run_looks(run: Run) -> None:
    """What more looks, or more time, change for a held-out net behind a retina."""
    lab, c = lab_of(run), run.config
    clean = lab.stimuli.levels
    look = Glimpses(ViewingGeometry(c.net.pixels), c.alpha, c.looks, run.seed).to(run.device)
    margins: dict[str, list[Tensor]] = {"image": [], "flip": [], "adv": []}
    for held in c.held_out:
        run.tick()
        adv = lab.perturb(lab.others(held), "retina")
        shown = {"image": clean, "flip": flip_control(clean, adv), "adv": adv}
        for name, levels in shown.items():
            margins[name].append(look.margins(displayed(levels), lab.margin(held)))

    seen = {name: torch.cat(parts, dim=1) for name, parts in margins.items()}  # (looks, N)
    run.note("right", {name: [percent(row > 0) for row in curve] for name, curve in seen.items()})
    for name, curve in seen.items():
        for looks in claims.LOOKS:
            run.measure(f"look{looks}_{name}", percent(curve[looks - 1] > 0), curve.shape[1])
    for name, milliseconds in (("brief", 63), ("long", 1000)):
        right = Accumulator().chooses_first(seen["adv"][0], milliseconds)  # (N,)
        run.measure(f"{name}_adv", 100 * float(right.mean()), len(right))


# -- photographs -----------------------------------------------------------------------------------


def photos_of(run: Run) -> Lab:
    """This seed's third of the photographs, and the networks that others trained on ImageNet."""
    c = run.config.photos
    run.data_label = LABEL
    return replace(photo_lab(c.size, c.alpha, run.seed, run.device), **vars(c.attack))


def run_photos(run: Run) -> None:
    """Three cousins and a stranger: each of lite2 and SqueezeNet is held out once."""
    lab = photos_of(run)
    table, by_class = [], {}
    for held, short in claims.HELD_PHOTOS.items():
        for shown in conditions(lab, held, run.seed, lab.others(held)[:1]):
            run.tick()
            table += asked(lab, held, shown)
            if shown.viewer in ("", "plain"):
                by_class[f"{short}_{shown.condition}"] = lab.ask_by_class(shown.levels, held)
    run.note("table", table)
    run.note("by_class", by_class)
    for row in table:
        if name := claims.PHOTO_ROWS.get((row["held"], row["viewer"], row["attack"])):
            run.measure(name, row["forced"], len(lab.stimuli.levels))


def run_photo_curves(run: Run) -> None:
    """Forced choices on photographs against the number of nets attacked and the bound."""
    lab = photos_of(run)
    n = len(lab.stimuli.levels)
    pair = lab.perturb(claims.PAIR)
    for held, short in claims.HELD_PHOTOS.items():
        run.measure(f"{short}_pair", lab.ask(pair, held).forced, n)
        for eps, attacked, noisy in by_bound(lab, held, claims.EPSILONS, run.seed):
            run.tick()
            run.measure(f"{short}_eps{eps}", attacked.forced, n)
            run.measure(f"{short}_noise{eps}", noisy.forced, n)


def units(config: Config) -> Sequence[Unit]:
    """The nets, then what is asked of them, then the photographs."""
    needs = () if config.images == "mnist5k" else (config.images,)
    nets = [
        Unit(
            f"net-{name}", partial(run_net, name=name),
            tuple(f"accuracy_{name}_{viewer}" for viewer in VIEWERS),
            2 * config.steps, needs=needs,
        )
        for name in config.trained
    ]  # fmt: skip
    after = tuple(net.name for net in nets)
    asks = Unit("", run_transfer, (), needs=needs, after=after)
    offered = [
        *nets,
        replace(asks, name="transfer", metrics=claims.TRANSFER),
        replace(asks, name="false", run=run_false, metrics=claims.FALSE),
        replace(asks, name="looks", run=run_looks, metrics=claims.GLIMPSED),
    ]
    if config.further:
        offered.append(
            replace(asks, name="further", run=run_further, metrics=claims.FURTHER, priority=2)
        )
    if config.photos:
        named = ("imagenet1000", "squeezenet", *(f"package:{name}" for name in PACKAGES))
        asks = Unit("photos", run_photos, tuple(claims.PHOTO_ROWS.values()), 0, 1, named)
        curves = {"run": run_photo_curves, "metrics": claims.PHOTO_CURVES, "priority": 2}
        offered += [asks, replace(asks, name="photo-curves", **curves)]
    return offered


EXPERIMENT = Experiment(
    chapter=2,
    config=CONFIG,
    units=units,
    metrics=claims.METRICS,
    paper=claims.PAPER,
    claims=claims.CLAIMS,
    derived=claims.DERIVED,
    seeds={"laptop": 3, "workshop": 1, "full": 3},
    precision="fp32",
    differs=claims.DIFFERS,
)
