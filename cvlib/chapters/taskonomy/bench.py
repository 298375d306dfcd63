"""How fast rooms are rendered, programmes solved, and read-outs trained side by side."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import torch

from cvlib.course.data.locate import present
from cvlib.course.data.registry import data_file
from cvlib.course.run.timing import median_over
from cvlib.synth.rooms import choose, furnished
from cvlib.synth.rooms_cast import cast
from cvlib.synth.rooms_labels import labels
from cvlib.synth.rooms_shade import photograph
from cvlib.taskonomy import published
from cvlib.taskonomy.nets import CODE, Readouts, gathered
from cvlib.taskonomy.program import Problem, Transfer
from cvlib.taskonomy.tasks import TASKS, image_losses

BATCH = 32


def bench(quick: bool = False) -> str:
    """Three tables, on the CPU: rendering, solving, training read-outs."""
    seconds = 0.1 if quick else 1.0  # of every measurement
    sizes = (32,) if quick else (32, 64, 128, 256)
    heads = (4,) if quick else (4, 12)
    title = f"on CPU, {torch.get_num_threads()} thread(s)"
    parts = (rendering(sizes, seconds), solving(quick), training(heads, 32, seconds))
    return "\n\n".join([title, *parts])


def rendering(sizes: tuple[int, ...], seconds: float) -> str:
    """Pictures a second: casting rays, the photograph, all labels, by size."""
    lines = [f"{'rooms/s':12}{'rays':>10}{'picture':>10}{'labels':>10}{'together':>10}"]
    for size in sizes:
        count = max(1, (1 << 16) // size**2)
        scene, view = furnished(count, torch.Generator().manual_seed(0))
        scene, view = choose(scene, slice(count)), choose(view, slice(count))
        hits = cast(scene, view, size)
        generator = torch.Generator().manual_seed(0)
        rgb = photograph(scene, hits, generator)
        calls: list[Callable[[], object]] = [
            lambda s=scene, v=view, n=size: cast(s, v, n),
            lambda s=scene, h=hits, g=generator: photograph(s, h, g),
            lambda s=scene, v=view, h=hits, r=rgb: labels(r, h, s, v),
        ]
        times = [median_over(call, seconds) for call in calls]
        rates = "".join(f"{count / t:10,.0f}" for t in (*times, sum(times)))
        lines.append(f"{size:4d} px     {rates}")
    return "\n".join(lines)


def solving(quick: bool) -> str:
    """Milliseconds for the optimum of every third budget: the median and the slowest."""
    lines = [f"{'programme':34}{'edges':>8}{'median':>10}{'slowest':>10}  ms"]
    for name, problem in problems(quick).items():
        budgets = range(1, 5) if quick else range(1, len(problem.nodes), 3)
        times = [1e3 * median_over(lambda b=b, p=problem: p.solve(b), 0.0) for b in budgets]
        lines.append(f"{name:34}{len(problem.edges):8d}{np.median(times):10.1f}{max(times):10.1f}")
    return "\n".join(lines)


def problems(quick: bool) -> dict[str, Problem]:
    """The authors' programmes where their tables are at hand, else random ones of that size."""
    if not quick and present(data_file(published.ARRAYS)):
        measured = published.load("16k")
        return {f"the authors' data, order {k}": measured.problem(k) for k in (1, 2, 4)}
    found = {"random, 8 tasks, pairs": random_problem(8, 6)}
    if not quick:
        found["random, 22 tasks, pairs"] = random_problem(22, 40)
    return found


def random_problem(tasks: int, pairs: int, seed: int = 0) -> Problem:
    """All first-order transfers between `tasks` tasks and `pairs` second-order ones a target."""
    rng = np.random.default_rng(seed)
    names = [f"t{k:02d}" for k in range(tasks)]
    affinities = {}
    for target in names:
        for source in names:
            affinities[Transfer(frozenset([source]), target)] = rng.random()
        for pair in itertools.islice(itertools.combinations(names, 2), pairs):
            affinities[Transfer(frozenset(pair), target)] = 1.2 * rng.random()
    return Problem(affinities)


def training(heads: tuple[int, ...], size: int, seconds: float) -> str:
    """One step of G read-outs of a task: one grouped network against G networks in turn."""
    lines = [f"{'read-outs of':20}{'G':>4}{'in turn':>12}{'grouped':>12}{'speed-up':>10}"]
    for name in ("depth", "vanishing"):
        for count in heads:
            turn = median_over(_step(name, size, [1] * count), seconds)
            side = median_over(_step(name, size, [count]), seconds)
            lines.append(
                f"{TASKS[name].title:20}{count:4d}{1e3 * turn:9.1f} ms{1e3 * side:9.1f} ms"
                f"{turn / side:9.1f}x"
            )
    return "\n".join(lines)


def _step(name: str, size: int, groups: list[int]) -> Callable[[], None]:
    """A training step of the networks, each with as many read-outs as its group says."""
    task = TASKS[name]
    table = [torch.randn(BATCH, CODE, 8, 8)]
    vector = task.kind == "vector"
    wanted = torch.randn(BATCH, task.channels) if vector else torch.randn(BATCH, 1, size, size)
    nets = [Readouts(task, size, heads=count) for count in groups]
    optimizers = [torch.optim.Adam(net.parameters(), 1e-3) for net in nets]
    rows = torch.arange(BATCH)

    def step() -> None:
        for net, optimizer, count in zip(nets, optimizers, groups, strict=True):
            seen = gathered(table, [[0]] * count, rows)
            loss = image_losses(task, net(seen), wanted).mean(0).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return step
