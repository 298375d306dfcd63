"""Chapter 05's experiment: networks for all tasks, transfers between them, and what follows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch

from cvlib.chapters.taskonomy.claims import CLAIMS, METRICS, PAPER, SHARE
from cvlib.chapters.taskonomy.config import CONFIG, Config
from cvlib.chapters.taskonomy.train import TWIN, network, readouts, supervised, total_steps
from cvlib.course.run.experiment import Experiment, Unit
from cvlib.course.run.run import Run
from cvlib.taskonomy import published
from cvlib.taskonomy.audit import audit_published, ledgers, mean_ledger, published_policies
from cvlib.taskonomy.league import League, apart, mean_ranks, problem, spread, win_rate
from cvlib.taskonomy.ledger import Books, noted, of_tasks, within, written
from cvlib.taskonomy.policy import beam_candidates
from cvlib.taskonomy.program import Problem, Transfer
from cvlib.taskonomy.tasks import RANDOM, task
from cvlib.taskonomy.tree import rank_agreement

RENDERED = (
    "third_quality", "third_gain", "band_quality", "band_gain", "mean_quality", "free_quality",
    "normals_rank", "rival_rank", "pixels_rank", "random_rank", "ledger_labels", "ledger_quality",
    "ledger_ratio", "scratch_quality", "spread_little", "spread_floor",
)  # fmt: skip
PUBLISHED = (
    "published_labels", "published_quality", "published_best", "published_random", "agreement",
)  # fmt: skip

CLIPS = (1e-3, 1e-2, 5e-2)  # of the win rates; the paper's is the first


# -- transfers between the rendered tasks ----------------------------------------------------------


def league_of(run: Run, target: str) -> tuple[League, np.ndarray]:
    """First- and second-order transfers to a target; and its first-order losses with the twin."""
    config: Config = run.config
    sources = [name for name in (*config.tasks, RANDOM) if name != target]
    first = readouts(run, "first", target, [[s] for s in (*sources, TWIN)])
    own = supervised(run, target, "full")
    scratch = supervised(run, target, "scratch")[0]

    players = [Transfer(frozenset([s]), target) for s in (target, *sources)]
    rows = np.concatenate([own, first[:-1]])
    league = split(target, players, rows, scratch, config.choose)

    best = league.first_order(league.affinities())
    pairs = beam_candidates(best, 2, config.beam)
    second = readouts(run, "second", target, [sorted(pair) for pair in pairs])
    players += [Transfer(pair, target) for pair in pairs]
    return split(target, players, np.concatenate([rows, second]), scratch, config.choose), first


def split(
    target: str, players: Sequence[Transfer], rows: np.ndarray, scratch: np.ndarray, choose: int
) -> League:
    """The league with its losses cut into those that choose and those that judge."""
    return League(target, tuple(players), rows[:, :choose], rows[:, choose:], scratch[choose:])


def transfers(run: Run) -> None:
    """All transfers; then affinities, policies and their judgement."""
    config: Config = run.config
    leagues, spreads, floors = [], [], []
    for target in targets_of(config):
        league, first = league_of(run, target)
        judged = first[:, config.choose :]
        leagues.append(league)
        spreads.append(spread(judged[:-1]))
        floors.append(apart(judged[-2], judged[-1]))
    run.measure("spread_little", np.mean(spreads), config.judge)
    run.measure("spread_floor", np.mean(floors), config.judge)
    if config.wide:
        narrow = [s for s, t in zip(spreads, targets_of(config), strict=True) if t in config.wide]
        run.measure("spread_narrow", np.mean(narrow), config.judge)
    rank(run, leagues)
    judge(run, leagues)


def rank(run: Run, leagues: Sequence[League]) -> None:
    """Which source teaches best: mean ranks, and the affinities themselves."""
    hard = [league.target for league in leagues if task(league.target).group != "2D"]
    ranks = mean_ranks(leagues, hard)
    normals = ranks.pop("normal")
    run.measure("normals_rank", normals, len(hard))
    run.measure("rival_rank", min(ranks.values()), len(hard))
    run.measure("pixels_rank", ranks["autoencode"], len(hard))
    run.measure("random_rank", ranks[RANDOM], len(hard))

    affinities = {}
    for league in leagues:
        p = league.affinities()
        own = {league.target: p[league.players[league.full]]}
        affinities[league.target] = {**league.first_order(p), **own}
    logs = {
        t: {s: round(float(np.log10(v)), 3) for s, v in p.items()} for t, p in affinities.items()
    }
    run.weights("affinities", {t: torch.tensor(list(p.values())[:-1]) for t, p in logs.items()})
    run.note("affinities", logs)
    run.note("ranks", {"normal": normals, **ranks})
    run.note("full losses", {x.target: float(x.judge[x.full].mean()) for x in leagues})
    run.note("tournament", next(x.table() for x in leagues if x.target == "depth"))
    run.note("losses", {league.target: league.relative_losses() for league in leagues})


def judge(run: Run, leagues: Sequence[League]) -> None:
    """Policies for all budgets, random ones beside them, and the ledger."""
    config: Config = run.config
    whole = problem(leagues)
    gain = {edge: v for league in leagues for edge, v in league.gain().items()}
    quality = {edge: v for league in leagues for edge, v in league.quality().items()}
    ratio = {edge: v for league in leagues for edge, v in league.loss_ratio().items()}
    only_sources = frozenset({RANDOM, *(n for n in config.tasks if not task(n).target)})
    books = Books(gain, quality, config.train, config.transfer, only_sources)
    budgets = range(1, len(leagues) + 1)

    best = books.lines(whole, budgets)
    third = best[config.third - 1]
    run.measure("third_quality", third.quality, config.judge)
    run.measure("third_gain", third.gain, config.judge)
    band = {b: books.band(whole, b, config.policies, run.seed) for b in budgets}
    run.measure("band_quality", band[config.third]["quality"][2], config.judge)
    run.measure("band_gain", band[config.third]["gain"][2], config.judge)
    run.measure("mean_quality", band[config.third]["quality"][1], config.judge)

    cheap = {RANDOM, *(name for name in config.tasks if task(name).free)}
    from_cheap = Problem({e: p for e, p in whole.affinities.items() if e.sources <= cheap})
    cheapest = books.line(from_cheap.solve(config.third), config.third)
    run.measure("free_quality", cheapest.quality, config.judge)

    ledger = books.lines(of_tasks(whole, whole.targets, only_sources), range(len(leagues) + 1))
    saving = within(ledger, SHARE)
    run.measure("ledger_labels", saving.labels)
    run.measure("ledger_quality", saving.quality, config.judge)
    chosen = saving.policy.chosen.values()
    run.measure("ledger_ratio", np.mean([ratio[edge] for edge in chosen]), config.judge)
    scratch = [win_rate(league.scratch, league.judge[league.full]) for league in leagues]
    run.measure("scratch_quality", np.mean(scratch), config.judge)

    singles = Problem({e: p for e, p in whole.affinities.items() if len(e.sources) == 1})
    run.note("edges", written(whole.affinities, gain, quality))
    run.note("first order", noted(books.lines(singles, budgets)))
    run.note("second order", noted(best))
    run.note("ledger", noted(ledger))
    for clip in CLIPS:
        clipped = books.lines(problem(leagues, clip), (1, 2, config.third))
        run.note(f"clip {clip}", noted(clipped))
    run.note("band", {str(b): rows for b, rows in band.items()})


def ablation(run: Run, *, label: str, metric: str, targets: Sequence[str], **change: int) -> None:
    """First-order read-outs again with one thing changed; how much the source still matters."""
    config: Config = run.config
    found = []
    for target in targets:
        sources = [[name] for name in (*config.tasks, RANDOM) if name != target]
        rows = readouts(run, label, target, sources, **change)
        found.append(spread(rows[:, config.choose :]))
    run.measure(metric, np.mean(found), config.judge)


# -- the authors' own measurements -----------------------------------------------------------------


def authors(run: Run) -> None:
    """The programme and the ledger on the published transfers; do our rooms agree with them?"""
    run.data_label = "Taskonomy's published transfers"
    measured = {amount: published.load(amount) for amount in published.AMOUNTS}
    found = audit_published(measured["16k"], SHARE, run.seed)
    for name, value in found.values.items():
        run.measure(f"published_{name}", value)
    run.note("ledger 16k", found.ledger)
    run.note("ledger 1k", mean_ledger(ledgers(measured["1k"], run.seed, "1k")))
    run.note("favourable", found.favourable)
    if run.seed == 0:  # the same for every seed but the band, and large
        run.note("policies", published_policies(measured["16k"], run.seed))

    ours = run.load_weights("transfers", "affinities")
    agreements, logs = [], {}
    for target in targets_of(run.config):
        names = [n for n in (*run.config.tasks, RANDOM) if n != target]
        theirs = measured["16k"].affinities_of(task(target).published)
        known = {n: theirs[RANDOM if n == RANDOM else task(n).published] for n in names}
        mine = dict(zip(names, ours[target].tolist(), strict=True))
        agreements.append(rank_agreement(mine, known))
        own = theirs[task(target).published]
        logs[target] = {n: round(float(np.log10(v)), 2) for n, v in {**known, target: own}.items()}
    run.measure("agreement", np.mean(agreements), len(agreements))
    run.note("affinities", logs)


# -- units -----------------------------------------------------------------------------------------


def targets_of(config: Config) -> list[str]:
    """The tasks that have to be solved; the others are only sources."""
    return [name for name in config.tasks if task(name).target]


def units(config: Config) -> list[Unit]:
    """One network a task, all transfers, the authors' own measurements, two ablations."""
    targets = targets_of(config)
    nets = [network_unit(config, name) for name in config.tasks]
    after = tuple(unit.name for unit in nets)
    steps = total_steps(config.transfer, config.transfer_epochs, config.batch)
    measured = RENDERED + (("spread_narrow",) if config.wide else ())
    found = [*nets, Unit("transfers", transfers, measured, 2 * len(targets) * steps, after=after)]
    if config.published:
        needs = (published.SET,)
        found.append(Unit("published", authors, PUBLISHED, needs=needs, after=("transfers",)))
    if config.plenty:
        change = {"pictures": config.plenty, "epochs": config.plenty_epochs}
        run = partial(ablation, label="plenty", metric="spread_plenty", targets=targets, **change)
        count = len(targets) * total_steps(config.plenty, config.plenty_epochs, config.batch)
        found.append(Unit("plenty", run, ("spread_plenty",), count, 2, after=after))
    if config.wide:
        run = partial(ablation, label="wide", metric="spread_wide", targets=config.wide, width=128)
        found.append(Unit("wide", run, ("spread_wide",), len(config.wide) * steps, 2, after=after))
    return found


def network_unit(config: Config, name: str) -> Unit:
    """The unit that trains a task's networks."""
    steps = total_steps(config.train, config.epochs, config.batch)
    if task(name).target:
        steps += total_steps(config.transfer, config.scratch_epochs, config.batch)
    return Unit(f"net-{name}", partial(network, name=name), (), steps)


EXPERIMENT = Experiment(
    chapter=5,
    config=CONFIG,
    units=units,
    metrics=METRICS,
    paper=PAPER,
    claims=CLAIMS,
    differs=(
        "rendered rooms instead of photographed buildings, 12 of 26 tasks at 32 or 64 px, an "
        "encoder of a few convolutions instead of ResNet-50, no adversarial losses, codes of 8 "
        "x 8 x 8; gain and quality are counted on pictures that did not choose the policy. The "
        "authors' data are their own measurements, programmed and audited anew; the abstract's "
        "saving has no published formula, the ledger's is ours."
    ),
    seeds={"laptop": 3},
)
