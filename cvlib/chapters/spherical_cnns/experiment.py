"""Chapter 01's experiment: digits, shapes and atoms on spheres; sizes, metrics, claims."""

from dataclasses import dataclass

from cvlib.chapters.spherical_cnns.atoms import Atoms, run_atoms
from cvlib.chapters.spherical_cnns.digits import Digits, run_digits
from cvlib.chapters.spherical_cnns.shapes import Shapes, run_shapes
from cvlib.course.run.experiment import Claim, Experiment, Metric, PaperValue, Unit


@dataclass(frozen=True)
class Config:
    """Sizes of the three experiments."""

    digits: Digits
    shapes: Shapes
    atoms: Atoms


CONFIG = {
    "smoke": Config(
        Digits(
            data="mnist5k", b=16, train=2000, test=1000, net="small", epochs=5, lr=1e-2, batch=32,
            planar_epochs=6, planar_lr=2e-3, digits_per_rotation=250,
        ),
        Shapes(
            data="solids", train=20, test=10, channels=(6, 12, 24), b=(8, 6, 4), epochs=10,
            batch=20, lr=1e-2,
        ),
        Atoms(
            data="toy", train=384, test=128, heavy=3, channels=(8, 16), b=(5, 3, 2),
            hidden=(64, 64), epochs=8, batch=24, lr=1e-2,
        ),
    ),
    "workshop": Config(
        Digits(
            data="mnist", b=30, train=60000, test=10000, net="paper", epochs=8, lr=5e-3, batch=128,
            planar_epochs=8, planar_lr=1e-3, digits_per_rotation=500,
        ),
        Shapes(
            data="solids", train=100, test=30, channels=(6, 32, 64), b=(16, 10, 6), epochs=10,
            batch=32, lr=5e-3,
        ),
        Atoms(
            data="toy", train=2000, test=500, heavy=7, channels=(8, 16, 32, 64),
            b=(10, 8, 6, 4, 2), hidden=(256, 512), epochs=10, batch=32, lr=1e-3,
        ),
    ),
    "full": Config(
        Digits(
            data="mnist", b=30, train=60000, test=10000, net="paper", epochs=20, lr=5e-3,
            batch=128, planar_epochs=20, planar_lr=1e-3, digits_per_rotation=500, deep_epochs=10,
            tilts=13,
        ),
        Shapes(
            data="modelnet", train=0, test=0, channels=(6, 100, 100), b=(64, 16, 10), epochs=30,
            batch=32, lr=5e-3,
        ),
        Atoms(
            data="qm7", train=0, test=0, heavy=0, channels=(8, 16, 32, 64), b=(10, 8, 6, 4, 2),
            hidden=(256, 512), epochs=30, batch=32, lr=1e-3,
        ),
    ),
}  # fmt: skip


def units(c: Config) -> tuple[Unit, ...]:
    """Digits, shapes and atoms of one seed."""
    nets = ("planar", "spherical", "deep") if c.digits.deep_epochs else ("planar", "spherical")
    digits = [f"{net}_{what}" for net in nets for what in (*COLUMNS, "parameters")]
    shapes = tuple(f"{c.shapes.data}_{key}" for key in COLUMNS)
    atoms = (f"{c.atoms.data}_rmse", f"{c.atoms.data}_rmse_counts")
    sets = {"modelnet": ("modelnet10",), "qm7": ("qm7",)}
    return (
        Unit("digits", run_digits, (*digits, "planar_r_r_shared"), c.digits.steps,
             needs=(c.digits.data,)),
        Unit("shapes", run_shapes, shapes, c.shapes.steps, needs=sets.get(c.shapes.data, ())),
        Unit("atoms", run_atoms, atoms, c.atoms.steps, needs=sets.get(c.atoms.data, ())),
    )  # fmt: skip


COLUMNS = {
    "nr_nr": "trained upright, tested upright (NR/NR)",
    "r_r": "trained rotated, tested rotated (R/R)",
    "nr_r": "trained upright, tested rotated (NR/R)",
}
TESTS = "accuracy on held-out digits, one random rotation per test digit"


def _metrics() -> dict[str, Metric]:
    metrics = {}
    for name in ("planar", "spherical", "deep"):
        for key, title in COLUMNS.items():
            metrics[f"{name}_{key}"] = Metric(f"{name}: {title}", "%", TESTS)
    metrics["planar_r_r_shared"] = Metric(
        "planar: R/R, trained on few shared rotations", "%", TESTS + "; one per 500 in training"
    )
    for name in ("planar", "spherical", "deep"):
        metrics[f"{name}_parameters"] = Metric(
            f"{name}: parameters", "", "trainable numbers", False
        )
    for kind, title in (("solids", "procedural solids"), ("modelnet", "ModelNet10")):
        for key, column in COLUMNS.items():
            metrics[f"{kind}_{key}"] = Metric(
                f"{title}: {column}", "%", "accuracy on held-out shapes", kind == "modelnet"
            )
    for kind, title in (("toy", "toy molecules"), ("qm7", "QM7")):
        how = "root mean square error on held-out molecules"
        shown = kind == "qm7"
        metrics[f"{kind}_rmse"] = Metric(f"{title}: energy error", "kcal/mol", how, shown)
        metrics[f"{kind}_rmse_counts"] = Metric(
            f"{title}: error from atom counts alone", "kcal/mol", how + ", least squares", shown
        )
    return metrics


def _paper() -> dict[str, PaperValue]:
    table = {"planar": (98.0, 23.0, 11.0), "spherical": (96.0, 95.0, 94.0)}
    values = {
        f"{name}_{key}": PaperValue(value, "Table 1", "60,000 digits, b = 30", False)
        for name, row in table.items()
        for key, value in zip(COLUMNS, row, strict=True)
    }
    values["qm7_rmse"] = PaperValue(8.47, "Table 3", "QM7, five folds", False)
    return values


CLAIMS = (
    Claim(
        "A spherical network trained on upright digits reads rotated ones about as well, where a "
        "planar network falls to chance.",
        "spherical_nr_r > 60 and spherical_nr_r > spherical_nr_nr - 3 and planar_nr_r < 25",
        "spherical_nr_r - planar_nr_r >= 30",
        "planar_nr_r >= spherical_nr_r",
    ),
    Claim(
        "Rotated training data do not save the planar network.",
        "spherical_r_r - planar_r_r >= 10",
        "spherical_r_r > planar_r_r",
        "planar_r_r >= spherical_r_r",
    ),
    Claim(
        "The spherical network's accuracies of the paper: 0.96, 0.95, 0.94.",
        "spherical_nr_nr >= 96 and spherical_r_r >= 95 and spherical_nr_r >= 94",
        "spherical_nr_nr >= 90 and spherical_r_r >= 90 and spherical_nr_r >= 90",
    ),
    Claim(
        "Spheres around atoms predict atomization energies to 8.47 kcal/mol on QM7.",
        "qm7_rmse <= 8.47",
        "qm7_rmse <= 0.8 * qm7_rmse_counts",
        "qm7_rmse >= qm7_rmse_counts",
    ),
)

EXPERIMENT = Experiment(
    chapter=1,
    config=CONFIG,
    units=units,
    metrics=_metrics(),
    paper=_paper(),
    claims=CLAIMS,
    differs=(
        "one rotation per digit instead of one per 500 (but for the row that says so), digits "
        "sampled on the grid that the network assumes, the pooled vector normalised; ModelNet10 "
        "in place of SHREC17"
    ),
)
