"""Chapter 01's experiment: digits, shapes and atoms on spheres, each training a unit."""

from collections.abc import Callable
from functools import partial
from statistics import fmean

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.chapters.spherical_cnns.claims import CLAIMS, METRICS, PAPER
from cvlib.chapters.spherical_cnns.config import CONFIG, Config
from cvlib.chapters.spherical_cnns.train import accuracy, train
from cvlib.course.run.experiment import Experiment, Unit
from cvlib.course.run.run import Run
from cvlib.spherical import digits, energies, shapes
from cvlib.spherical.models import (
    PlanarCNN,
    SphericalClassifier,
    deep_net,
    paper_net,
    parameters,
    shape_net,
    small_net,
)
from cvlib.spherical.molecule_net import MoleculeNet
from cvlib.spherical.random_nets import error_table

COARSE = (8, 5)  # grids of the small network that are too coarse for its ReLUs
LARGE_B = 30  # bandwidth of the digits for the paper's network and the deep one
NEEDS = {"modelnet": ("modelnet10",), "qm7": ("qm7",), "qm7-xyz": ("qm7-xyz",)}
PROTOCOLS = {"nr": "nr_nr nr_r", "r": "r_r", "shared": "r_r_shared"}  # columns by training set


def units(c: Config) -> list[Unit]:
    """Everything that one seed measures in this profile."""
    d = c.digits
    main = "spherical" if c.net == "paper" else "small"
    needs = (d.data,)
    plan = []
    for protocol in ("nr", "r"):
        plan.append(_digit_unit(main, protocol, spherical, d.steps, 0, needs))
    for protocol in ("nr", "r", "shared"):
        plan.append(_digit_unit("planar", protocol, planar, d.planar_steps, 0, needs))
    plan.append(Unit("commuting", commuting, ("linear_error", "relu_error_first",
                                              "relu_error_last"), priority=1))  # fmt: skip
    if c.coarse:
        plan.append(Unit("coarse-nr", partial(spherical, name="coarse", protocol="nr"),
                         ("coarse_nr_nr", "coarse_nr_r"), d.steps, 1, needs))  # fmt: skip
    for protocol in ("nr", "r"):
        names = tuple(f"{c.shapes.data}_{k}" for k in PROTOCOLS[protocol].split())
        plan.append(Unit(f"shapes-{protocol}", partial(solid_shapes, protocol=protocol), names,
                         c.shapes.steps, 1, NEEDS.get(c.shapes.data, ())))  # fmt: skip
    kind = c.atoms.data.replace("-", "")
    plan.append(Unit("atoms", atoms, (f"{kind}_rmse", f"{kind}_rmse_counts"), c.atoms.steps, 1,
                     NEEDS.get(c.atoms.data, ())))  # fmt: skip
    if c.paper:
        plan.append(_digit_unit("spherical", "nr", spherical, c.paper.steps, 2, needs))
    if c.deep:
        for protocol in ("nr", "r"):
            plan.append(_digit_unit("deep", protocol, spherical, c.deep.steps, 2, needs))
    return plan


def _digit_unit(
    name: str, protocol: str, run: Callable, steps: int, priority: int, needs: tuple[str, ...]
) -> Unit:
    metrics = [f"{name}_{column}" for column in PROTOCOLS[protocol].split()]
    if protocol == "nr":
        metrics.append(f"{name}_parameters")
    work = partial(run, name=name, protocol=protocol)
    return Unit(f"{name}-{protocol}", work, tuple(metrics), steps, priority, needs)


# ---- digits (Sec. 5.2) ---------------------------------------------------------------------------


def network(name: str, c: Config) -> SphericalClassifier:
    """The untrained spherical network of a row of the table."""
    if name == "spherical":
        return paper_net()
    if name == "deep":
        return deep_net()
    return small_net(c.digits.b, COARSE if name == "coarse" else c.digits.grids)


def spherical(run: Run, name: str, protocol: str) -> None:
    """Train a spherical network on upright (`nr`) or turned (`r`) digits; test it on both."""
    c: Config = run.config
    large = {"spherical": c.paper, "deep": c.deep}.get(name)
    size = large or c.digits
    b = LARGE_B if name in ("spherical", "deep") else c.digits.b
    there, test = _digit_sets(run, b, size.train)
    net = network(name, c).to(run.device)
    R = _turns(run, protocol, len(there.labels))
    x = there.coefficients(net.features[0], R)

    def loss_of(model: nn.Module, i: Tensor) -> Tensor:
        return F.cross_entropy(model(x[i]), there.labels[i])

    train(run, f"{name}-{protocol}", net, loss_of, len(x), size.steps, size.batch, size.lr)
    run.weights("net", net)
    _score(run, name, protocol, net, test, lambda s, R: s.coefficients(net.features[0], R))


def planar(run: Run, name: str, protocol: str) -> None:
    """Train the planar network on upright, turned or jointly turned digits; test it alike."""
    c: Config = run.config
    there, test = _digit_sets(run, c.digits.b, c.digits.train)
    net = PlanarCNN(c.digits.b).to(run.device)
    x = there.signals(_turns(run, protocol, len(there.labels)))

    def loss_of(model: nn.Module, i: Tensor) -> Tensor:
        return F.cross_entropy(model(x[i]), there.labels[i])

    steps = c.digits.planar_steps
    train(
        run, f"planar-{protocol}", net, loss_of, len(x), steps, c.digits.batch, c.digits.planar_lr
    )
    _score(run, name, protocol, net, test, lambda s, R: s.signals(R))


def _digit_sets(run: Run, b: int, n: int) -> tuple[digits.SphericalDigits, digits.SphericalDigits]:
    d = run.config.digits
    there, test, run.data_label = run.shared(
        f"digits {b} {n}", lambda: digits.load(d.data, b, n, d.test, run.device)
    )
    return there, test


def _turns(run: Run, protocol: str, n: int) -> Tensor | None:
    """The rotations of the training digits; noted, since few of them starve a planar network."""
    group = run.config.digits.digits_per_rotation
    g = torch.Generator().manual_seed(run.seed)
    R = digits.rotations(protocol, n, group, g)
    run.note("distinct rotations", 1 if R is None else len(R.unique(dim=0)))
    return R


def _score(
    run: Run,
    name: str,
    protocol: str,
    net: nn.Module,
    test: digits.SphericalDigits,
    signals: Callable[[digits.SphericalDigits, Tensor | None], Tensor],
) -> None:
    """Accuracies on upright and turned test digits; over the tilt for a net trained upright."""
    g = torch.Generator().manual_seed(1_000_003 + run.seed)
    R = digits.rotations("r", len(test.labels), 1, g)
    turned = accuracy(net, signals(test, R), test.labels)
    if protocol != "nr":
        column = PROTOCOLS[protocol]
        run.measure(f"{name}_{column}", turned, n=len(test.labels))
        return
    upright = accuracy(net, signals(test, None), test.labels)
    run.measure(f"{name}_nr_nr", upright, n=len(test.labels))
    run.measure(f"{name}_nr_r", turned, n=len(test.labels))
    if f"{name}_parameters" in METRICS:
        run.measure(f"{name}_parameters", parameters(net))
    run.note("tilt", _tilt_curve(run, net, test, signals, g))


def _tilt_curve(
    run: Run,
    net: nn.Module,
    test: digits.SphericalDigits,
    signals: Callable[[digits.SphericalDigits, Tensor | None], Tensor],
    g: torch.Generator,
) -> dict[str, list[float]]:
    """Accuracy in per cent over the tilt of the test digits in degrees."""
    d = run.config.digits
    some = test.first(d.tilt_test)
    degrees = torch.linspace(0, 180, d.tilts).tolist()
    scores = []
    for angle in degrees:
        R = digits.tilt(angle * torch.pi / 180, len(some.labels), g)
        scores.append(round(accuracy(net, signals(some, R), some.labels), 2))
        run.tick()
    return {"degrees": degrees, "accuracy": scores}


# ---- equivariance (Sec. 5.1) ---------------------------------------------------------------------


def commuting(run: Run) -> None:
    """The error of equivariance of random networks over depth and bandwidth."""
    c = run.config.commuting
    table = error_table(c.bandwidths, c.depth, c.n, run.seed)
    run.note("errors", {"bandwidths": c.bandwidths, **table})
    run.measure("linear_error", max(max(row) for row in table["linear"]), n=c.n)
    run.measure("relu_error_first", fmean(row[0] for row in table["relu"]), n=c.n)
    run.measure("relu_error_last", fmean(row[-1] for row in table["relu"]), n=c.n)


# ---- shapes (Sec. 5.3) ---------------------------------------------------------------------------


def solid_shapes(run: Run, protocol: str) -> None:
    """Train on upright or turned shapes, test on both."""
    c = run.config.shapes
    run.data_label = "procedural solids" if c.data == "solids" else "ModelNet10"

    def cast(part: str, how: str) -> tuple[Tensor, Tensor]:
        n = c.train if part == "train" else c.test
        x, y = shapes.signals(c.data, part, how == "r", c.b[0], run.seed, n)
        run.tick()
        return x.to(run.device), y.to(run.device)

    x, y = cast("train", protocol)
    standard = shapes.standardise(x)
    x = standard(x)
    net = shape_net(c.channels, c.b, int(y.max()) + 1)

    def loss_of(model: nn.Module, i: Tensor) -> Tensor:
        return F.cross_entropy(model(x[i]), y[i])

    train(run, f"shapes-{protocol}", net, loss_of, len(x), c.steps, c.batch, c.lr)
    run.weights("net", net)
    for column in PROTOCOLS[protocol].split():
        z, labels = cast("test", column.split("_")[1])
        run.measure(f"{c.data}_{column}", accuracy(net, standard(z), labels, 50), n=len(labels))


# ---- molecules (Sec. 5.4) ------------------------------------------------------------------------


def atoms(run: Run) -> None:
    """Error of the energies: from the counts of atoms, and with the network on what is left."""
    c = run.config.atoms
    there, test = energies.load(c.data, run.seed, c.train, c.test, c.heavy)
    base = energies.Composition(there)
    targets = ((there.energy - base(there)) / base.spread).float().to(run.device)
    spheres = energies.spheres_of(there, test, c.b[0])
    net = MoleculeNet(c.channels, c.b, c.hidden)
    on_device = there.to(run.device)

    def loss_of(model: nn.Module, i: Tensor) -> Tensor:
        some = on_device[i]
        return F.mse_loss(model(spheres(some), some.charges > 0), targets[i])

    train(run, "atoms", net, loss_of, len(targets), c.steps, c.batch, c.lr)
    predicted = []
    with torch.no_grad():
        for i in torch.arange(len(test.energy)).split(c.batch):
            some = test[i].to(run.device)
            predicted.append(net(spheres(some), some.charges > 0).double().cpu())
            run.tick()
    energy = base(test) + base.spread * torch.cat(predicted)
    kind = c.data.replace("-", "")
    run.measure(f"{kind}_rmse", energies.rmse(energy, test.energy), n=len(energy))
    run.measure(f"{kind}_rmse_counts", energies.rmse(base(test), test.energy), n=len(energy))


EXPERIMENT = Experiment(
    chapter=1,
    config=CONFIG,
    units=units,
    metrics=METRICS,
    paper=PAPER,
    claims=CLAIMS,
    differs=(
        "one rotation per digit instead of one per 500 (but for the row that says so), digits "
        "sampled on the grid that the network assumes, the pooled vector normalised; ModelNet10 "
        "in place of SHREC17"
    ),
    seeds={"smoke": 1, "laptop": 3, "full": 3},
)
