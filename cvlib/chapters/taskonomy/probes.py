"""What stands behind the chapter's pictures: rooms, records read back, a small training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor

from cvlib.chapters.taskonomy.train import TWIN, codes_of, trained, world_of
from cvlib.course.run.record import note
from cvlib.course.run.run import Run
from cvlib.synth.rooms import choose, furnished, render
from cvlib.synth.rooms_cast import Scene, View
from cvlib.taskonomy.audit import read
from cvlib.taskonomy.ledger import Books, read_back
from cvlib.taskonomy.nets import Encoder, Readouts, gathered, random_encoder
from cvlib.taskonomy.ordinal import odds
from cvlib.taskonomy.policy import restricted
from cvlib.taskonomy.program import Problem
from cvlib.taskonomy.tasks import RANDOM, spoilt, task

Record = Mapping[str, Any]
ROOM = 9  # the seed of the page's room


# -- one room --------------------------------------------------------------------------------------


def room(size: int = 144, seed: int = ROOM) -> tuple[dict[str, Tensor], Scene, View]:
    """One rendered room with all labels, and the scene and view behind it."""
    scene, view = furnished(1, torch.Generator().manual_seed(seed))
    return render(1, size, seed), scene, view


def photo(rendered: Mapping[str, Tensor]) -> np.ndarray:
    """The first picture as an image (H, W, 3)."""
    return _picture(rendered["rgb"][0])


def label_maps(rendered: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """Sixteen label maps of the first picture as images (H, W) or (H, W, 3)."""
    rgb = rendered["rgb"][:1]
    inputs = {"denoising": "noise", "in-painting": "hole", "colorization": "grey"}
    generator = torch.Generator().manual_seed(0)
    maps = {
        "z-depth": rendered["depth"], "distance": rendered["distance"],
        "surface normals": (rendered["normal"] + 1) / 2, "reshading": rendered["reshade"],
        "curvature": rendered["curvature"], "occlusion edges": rendered["edge3d"],
        "3D keypoints": rendered["keypoint3d"].sqrt(), "2.5D segments": rendered["segment"],
        "semantic classes": rendered["semantic"], "2D edges": rendered["edge2d"],
        "2D keypoints": rendered["keypoint2d"].sqrt(),
        **{name: spoilt(rgb, how, generator) for name, how in inputs.items()},
        "jigsaw": jigsaw(rgb),
    }  # fmt: skip
    return {name: _picture(values[0]) for name, values in maps.items()}


def jigsaw(rgb: Tensor, seed: int = 0) -> Tensor:
    """The picture (1, 3, H, W) cut into nine tiles and put together in a random order."""
    side = rgb.shape[-1] // 3
    bands = rgb[..., : 3 * side, : 3 * side].split(side, dim=-2)
    tiles = [tile for band in bands for tile in band.split(side, dim=-1)]
    order = torch.randperm(9, generator=torch.Generator().manual_seed(seed)).tolist()
    rows = [torch.cat([tiles[k] for k in order[3 * i : 3 * i + 3]], -1) for i in range(3)]
    return torch.cat(rows, -2)


def room_edges(scene: Scene, view: View, steps: int = 60) -> list[tuple[int, np.ndarray]]:
    """The twelve edges of the first room in the picture: axis, and points (n, 2) in [0, 1]².

    What lies behind the camera is left out. Edges of one axis meet in its vanishing point.
    """
    size = scene.size[0]
    found = []
    for axis in range(3):
        for corner in ((0, 0), (0, 1), (1, 0), (1, 1)):
            line = torch.zeros(steps, 3)
            line[:, axis] = torch.linspace(0, 1, steps) * size[axis]
            for other, on in zip([a for a in range(3) if a != axis], corner, strict=True):
                line[:, other] = on * size[other]
            found.append((axis, _projected(line, choose(view, slice(1)))))
    return found


def _projected(points: Tensor, view: View) -> np.ndarray:
    """World points (n, 3) in the picture: (n, 2) to the right and down, NaN behind the camera."""
    local = (points - view.position[0]) @ view.rotation[0]  # forward, left, up
    forward = local[:, 0].masked_fill(local[:, 0] < 0.05, torch.nan)
    reach = torch.tan(view.fov[0] / 2)
    right, down = -local[:, 1] / (forward * reach), -local[:, 2] / (forward * reach)
    return torch.stack([(right + 1) / 2, (down + 1) / 2], -1).numpy()


def _picture(values: Tensor) -> np.ndarray:
    if values.ndim == 3 and values.shape[0] == 3:
        return values.permute(1, 2, 0).clamp(0, 1).numpy()
    return values.squeeze(0).numpy() if values.ndim == 3 else values.numpy()


# -- records read back -----------------------------------------------------------------------------


class Curve(NamedTuple):
    """Shares of tasks with all labels (n,), gain and quality (seeds, n), and 95 % bands."""

    share: np.ndarray
    gain: np.ndarray
    quality: np.ndarray
    gain_band: np.ndarray  # (n, 2): the 5th and 95th percentile of random policies
    quality_band: np.ndarray


def rooms_curve(record: Record, order: str = "second order") -> Curve:
    """Gain and quality against the budget, of every seed of a record."""
    seeds = record["seeds"]
    lines = [note(record, "transfers", order, seed) for seed in seeds]
    bands = [note(record, "transfers", "band", seed) for seed in seeds]
    budgets = [line["budget"] for line in lines[0]]
    values = {k: np.array([[x[k] for x in found] for found in lines]) for k in ("gain", "quality")}
    band = {
        k: np.mean([[b[str(n)][k][::2] for n in budgets] for b in bands], 0)
        for k in ("gain", "quality")
    }
    share = np.array(budgets) / len(lines[0][0]["policy"])
    return Curve(share, values["gain"], values["quality"], band["gain"], band["quality"])


def published_curve(record: Record | None, setting: str = "order 4") -> Curve | None:
    """The same of the authors' measurements, up to one task a target; None without a record."""
    kept = note(record, "published", "policies", 0) if record else None
    if not kept:
        return None
    targets = len(kept["targets"])
    lines = kept["settings"][setting][:targets]
    band = np.array(kept["band"])[:targets]
    table = np.array([line[:4] for line in lines])
    return Curve(
        table[:, 0] / targets, table[None, :, 2], table[None, :, 3], band[:, [0, 2]],
        band[:, [3, 5]],
    )  # fmt: skip


def published_policy(record: Record, setting: str, budget: int) -> dict[str, list[str]]:
    """The sources of every target at this budget, from the record."""
    kept = note(record, "published", "policies", 0)
    return read(kept["settings"][setting][budget - 1][4], kept["nodes"], kept["targets"])


def odds_against_full(record: Record, unit: str = "transfers") -> dict[tuple[str, str], np.ndarray]:
    """log10 of affinity over the target's own, (seeds,), by (source, target)."""
    found: dict[tuple[str, str], list[float]] = {}
    for seed in record["seeds"]:
        logs = note(record, unit, "affinities", seed)
        for target, by_source in logs.items():
            for source, log in by_source.items():
                if source != target:
                    found.setdefault((source, target), []).append(log - by_source[target])
    return {pair: np.array(values) for pair, values in found.items()}


def asymmetries(table: Mapping[tuple[str, str], np.ndarray], count: int) -> list[tuple[str, str]]:
    """The pairs (a, b) where a teaches b most better than b teaches a, each pair once."""
    gaps = {
        (a, b): float(np.mean(values - table[b, a]))
        for (a, b), values in table.items()
        if (b, a) in table
    }
    return sorted((p for p in gaps if gaps[p] > 0), key=lambda p: -gaps[p])[:count]


def power_iterates(record: Record, steps: int) -> tuple[list[str], np.ndarray]:
    """The players of the depth tournament, and their weights after 0 to `steps` iterations."""
    kept = note(record, "transfers", "tournament")
    matrix = odds(kept["wins"])
    weights = [np.full(len(matrix), 1 / len(matrix))]
    for _ in range(steps):
        image = matrix @ weights[-1]
        weights.append(image / image.sum())
    return kept["players"], np.array(weights)


def stability(record: Record) -> np.ndarray:
    """Spearman's correlation of all first-order odds between every two seeds of a record."""
    table = np.array(list(odds_against_full(record).values()))  # (pairs, seeds)
    seeds = table.shape[1]
    found = [spearmanr(table[:, i], table[:, j]).statistic
             for i in range(seeds) for j in range(i)]  # fmt: skip
    return np.array(found)


def rooms_problem(
    record: Record, targets: Sequence[str] | None = None, *,
    importance: Mapping[str, float] | None = None, cost: Mapping[str, float] | None = None,
) -> tuple[Problem, Books]:  # fmt: skip
    """The programme of a record's first seed and its books; free sources with `targets` alone."""
    affinity, gain, quality = read_back(note(record, "transfers", "edges"))
    sizes = record["provenance"]["config"]
    only_sources = {RANDOM, *(n for n in sizes["tasks"] if not task(n).target)}
    free = dict.fromkeys(only_sources, 0.0) if targets is not None else {}
    problem = Problem(affinity, importance or {}, {**free, **(cost or {})})
    if targets is not None:
        problem = restricted(problem, targets, sorted(only_sources))
    return problem, Books(gain, quality, sizes["train"], sizes["transfer"], frozenset(only_sources))


def own_policy(
    record: Record, targets: Sequence[str], budget: float, order: int,
    importance: Mapping[str, float], cost: Mapping[str, float],
) -> tuple[dict[str, list[str]], dict[str, float]]:  # fmt: skip
    """The best policy for these targets with at most `order` sources, solved now; its ledger."""
    problem, books = rooms_problem(record, targets, importance=importance, cost=cost)
    few = {e: p for e, p in problem.affinities.items() if len(e.sources) <= order}
    line = books.line(Problem(few, problem.importance, problem.cost).solve(budget), budget)
    policy = {t: sorted(edge.sources) for t, edge in line.policy.chosen.items()}
    return policy, {"labels": line.labels, "gain": line.gain, "quality": line.quality}


# -- what a run has trained ------------------------------------------------------------------------


@torch.no_grad()
def readings(
    run: Run, target: str, names: Sequence[str], count: int = 3
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Judged rooms (N, H, W, 3), their standardised maps (N, H, W), and those read from codes."""
    world = world_of(run)
    sources = [s for s in (*run.config.tasks, RANDOM) if s != target] + [TWIN]
    heads = Readouts(task(target), world.size, heads=len(sources)).to(run.device)
    heads.load_state_dict(run.load_weights("transfers", f"first-{target}"))
    start = world.part("judge").start
    rows = torch.arange(start, start + count, device=run.device)

    table = codes_of(run, task(target).spoil)
    seen = gathered([table[s] for s in sources], [[k] for k in range(len(sources))], rows)
    maps = heads(seen)[:, :, 0].cpu().numpy()  # (N, G, H, W)
    read = {name: maps[:, sources.index(name)] for name in names}
    rgb = world.rgb[rows].permute(0, 2, 3, 1).cpu().numpy()
    return rgb, world.labels[target][rows][:, 0].cpu().numpy(), read


def encoders(run: Run) -> dict[str, Encoder]:
    """All encoders of a run, on the CPU, and one that was never trained."""
    found = {name: trained(run, name, "full").encoder.cpu() for name in run.config.tasks}
    known = world_of(run).rgb[: run.config.train].cpu()
    untrained = random_encoder(known, run.config.size, run.config.widths, run.seed)
    return {**found, RANDOM: untrained}
