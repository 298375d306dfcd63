"""What chapter 01 measures, what the paper says, and the rules that judge it.

A claim's rule is older than the run that it judges, and each has a baseline that must not pass:
the planar network in the spherical one's place (claims 1 to 4), a planar network's layers (5),
counting atoms (6 and 7). The tests put them to it.
"""

from cvlib.course.run.experiment import Claim, Metric, PaperValue

COLUMNS = {
    "nr_nr": "trained upright, tested upright (NR/NR)",
    "r_r": "trained rotated, tested rotated (R/R)",
    "nr_r": "trained upright, tested rotated (NR/R)",
}
NETS = {
    "planar": "planar",
    "small": "small spherical (b = 16)",
    "spherical": "the paper's spherical (b = 30)",
    "deep": "deep spherical (b = 30)",
}
TESTS = "accuracy on held-out digits, one random rotation per test digit"
ENERGY = "root mean square error on held-out molecules"
DELTA = "Sec. 5.1: std(L_R net(f) - net(L_R f)) / std(net(f)), random nets and signals, 10 channels"
TABLE_1 = "60,000 digits, b = 30"
READ = "the paper's text, arXiv:1801.10130"

# Table 1: per cent correct in NR/NR, R/R, NR/R, as the paper rounds them
PLANAR = (98.0, 23.0, 11.0)
SPHERICAL = (96.0, 95.0, 94.0)


def _digits() -> dict[str, Metric]:
    metrics = {}
    for name, title in NETS.items():
        for column, meaning in COLUMNS.items():
            metrics[f"{name}_{column}"] = Metric(f"{title}: {meaning}", "%", TESTS)
        metrics[f"{name}_parameters"] = Metric(
            f"{title}: parameters", "", "trainable numbers", False
        )
    metrics["planar_r_r_shared"] = Metric(
        "planar: R/R, trained on few shared rotations", "%", f"{TESTS}; one per 500 in training"
    )
    for column in ("nr_nr", "nr_r"):
        title = f"small spherical, ReLUs on grids that are too coarse: {COLUMNS[column]}"
        metrics[f"coarse_{column}"] = Metric(title, "%", TESTS)
    return metrics


def _shapes() -> dict[str, Metric]:
    how = "accuracy on held-out shapes, turned at random or upright"
    return {
        f"{kind}_{column}": Metric(f"{title}: {meaning}", "%", how, kind == "modelnet")
        for kind, title in (("solids", "procedural solids"), ("modelnet", "ModelNet10"))
        for column, meaning in COLUMNS.items()
    }


def _energies() -> dict[str, Metric]:
    metrics = {}
    sets = {
        "toy": "toy molecules",
        "qm7": "QM7",
        "qm7xyz": "QM7 geometries, the qml project's energies",
    }
    for kind, title in sets.items():
        shown = kind != "toy"
        metrics[f"{kind}_rmse"] = Metric(f"{title}: energy error", "kcal/mol", ENERGY, shown)
        metrics[f"{kind}_rmse_counts"] = Metric(
            f"{title}: error from atom counts alone", "kcal/mol", f"{ENERGY}, least squares", shown
        )
    return metrics


METRICS = {
    **_digits(),
    "linear_error": Metric("largest equivariance error without ReLUs", "", f"{DELTA}, float32"),
    "relu_error_first": Metric("equivariance error after one ReLU layer", "", DELTA),
    "relu_error_last": Metric("equivariance error after the deepest ReLU layer", "", DELTA),
    **_shapes(),
    **_energies(),
}

PAPER = {
    **{f"planar_{c}": PaperValue(v, "Table 1", TABLE_1, True, READ)
       for c, v in zip(COLUMNS, PLANAR, strict=True)},
    **{f"spherical_{c}": PaperValue(v, "Table 1", TABLE_1, True, READ)
       for c, v in zip(COLUMNS, SPHERICAL, strict=True)},
    "planar_parameters": PaperValue(68_000, "Sec. 5.2", "rounded by the paper", True, READ),
    "spherical_parameters": PaperValue(58_000, "Sec. 5.2", "rounded by the paper", True, READ),
    "qm7_rmse": PaperValue(8.47, "Table 3", "QM7", True, READ),
    "qm7_rmse_counts": PaperValue(19.0, "Sec. 5.4", "a small network on the counts", True, READ),
}  # fmt: skip

CLAIMS = (
    Claim(
        "A spherical network trained on upright digits reads rotated ones about as well, where a "
        "planar network falls to chance (the paper's network).",
        "spherical_nr_r > 60 and spherical_nr_r > spherical_nr_nr - 3 and planar_nr_r < 25",
        "spherical_nr_r - planar_nr_r >= 30",
        "planar_nr_r >= spherical_nr_r",
    ),
    Claim(
        "The same of a small spherical network for a CPU.",
        "small_nr_r > 60 and small_nr_r > small_nr_nr - 3 and planar_nr_r < 25",
        "small_nr_r - planar_nr_r >= 30",
        "planar_nr_r >= small_nr_r",
    ),
    Claim(
        "Rotated training data do not save the planar network: with a rotation of its own for "
        "each digit it stays more than half of its loss below its upright accuracy.",
        "planar_nr_nr - planar_r_r > 0.5 * (planar_nr_nr - planar_nr_r)",
        "planar_nr_nr - planar_r_r >= 10",
        "planar_r_r >= planar_nr_nr",
    ),
    Claim(
        "The paper's accuracies of the spherical network, 0.96, 0.95 and 0.94, as rounded there.",
        "spherical_nr_nr >= 95.5 and spherical_r_r >= 94.5 and spherical_nr_r >= 93.5",
        "spherical_nr_nr >= 90 and spherical_r_r >= 90 and spherical_nr_r >= 90",
    ),
    Claim(
        "Linear layers commute with rotations to rounding; ReLUs make an error that depth does "
        "not multiply.",
        "linear_error < 1e-4 and relu_error_last < 2 * relu_error_first",
        "linear_error < 1e-4 and relu_error_last < 4 * relu_error_first",
        "linear_error > 0.1 * relu_error_first",
    ),
    Claim(
        "Spheres around atoms predict atomization energies to 8.47 kcal/mol on QM7.",
        "qm7_rmse <= 8.47",
        "qm7_rmse <= 0.8 * qm7_rmse_counts",
        "qm7_rmse >= qm7_rmse_counts",
    ),
    Claim(
        "Spheres around atoms explain what counting atoms leaves (energies of the qml project).",
        "qm7xyz_rmse <= 0.8 * qm7xyz_rmse_counts",
        "qm7xyz_rmse < qm7xyz_rmse_counts",
        "qm7xyz_rmse >= qm7xyz_rmse_counts",
    ),
    Claim(
        "First edition's rule: rotated training data do not save the planar network, judged by a "
        "lead of 10 points of the paper's network.",
        "spherical_r_r - planar_r_r >= 10",
        "spherical_r_r > planar_r_r",
        "planar_r_r >= spherical_r_r",
    ),
    Claim(
        "First edition's rule: the paper's accuracies taken as if they were not rounded.",
        "spherical_nr_nr >= 96 and spherical_r_r >= 95 and spherical_nr_r >= 94",
        "spherical_nr_nr >= 90 and spherical_r_r >= 90 and spherical_nr_r >= 90",
    ),
)
