"""What chapter 07 measures, and the rules that judge: fixed before any recorded run.

The paper has no table of numbers, so no row has a value of its own. `MUST_NOT_PASS` names for each
claim what a trivial method would give; the tests hold every rule against it.
"""

from __future__ import annotations

from cvlib.course.run.experiment import Claim, Metric, PaperValue

FIT = "cvlib.metrics.agreement.icc of cvlib.faces.fit on the generator's moving average"
NET = "cvlib.metrics.agreement.icc of cvlib.faces.estimator, which never met the generator"
OWN = "cvlib.metrics.agreement.icc of the judge that the generator was trained against"
PIXELS = "cvlib.faces.scores, against the renderer's true picture"

ARMS = {
    "long": "a longer training",
    "base": "base",
    "clean": "no noise on the reader",
    "faint": "a quarter of the noise",
    "half": "half of the noise",
    "no_attention": "no attention",
    "free": "repainting is free",
    "eager": "price high from the start",
    "cold": "no warm-up",
}
UNITS = {"04": "AU 4, brows lowered", "12": "AU 12, smile", "26": "AU 26, jaw dropped"}


FOLDED = ("faint", "half")  # the scoreboard folds their pixels: steps between two arms


def _of_arms() -> dict[str, Metric]:
    """The rows that every arm has."""
    rows = {}
    for arm, title in ARMS.items():
        shown = arm not in FOLDED
        rows[f"fit_{arm}"] = Metric(f"ICC by analysis by synthesis, {title}", "", FIT)
        rows[f"estimator_{arm}"] = Metric(f"ICC by a noise-trained net, {title}", "", NET, shown)
        rows[f"judge_{arm}"] = Metric(f"ICC by its own judge, {title}", "", OWN)
        rows[f"drift_{arm}"] = Metric(f"drift outside the true change, {title}", "%", PIXELS, shown)
        rows[f"error_{arm}"] = Metric(
            f"error inside the true change over that of copying, {title}", "x", PIXELS, shown
        )
        rows[f"repainted_{arm}"] = Metric(f"mean attention, {title}", "%", PIXELS, False)
    return rows


METRICS = {
    **{f"gain_{n}": Metric(f"gain in ICC over copying, {t}", "", FIT) for n, t in UNITS.items()},
    **{
        f"fit_{n}": Metric(f"ICC, {t}, a longer training", "", FIT, False) for n, t in UNITS.items()
    },
    **{f"copy_{n}": Metric(f"ICC, {t}, unchanged face", "", FIT, False) for n, t in UNITS.items()},
    **_of_arms(),
    "fit_copy": Metric("ICC by analysis by synthesis, unchanged face (floor)", "", FIT),
    "fit_truth": Metric("ICC by analysis by synthesis, true pictures (ceiling)", "", FIT),
    "estimator_copy": Metric("ICC by a noise-trained net, unchanged face (floor)", "", NET),
    "estimator_truth": Metric("ICC by a noise-trained net, true pictures (ceiling)", "", NET),
    "overlap": Metric("attention against the true change, IoU", "", PIXELS),
    "overlap_other": Metric("the same with the attention of another request", "", PIXELS),
    "slope": Metric("shown strength per requested one, sweeps from 0 to 1", "", FIT),
    "largest_step": Metric("largest of ten steps, share of the whole change", "%", PIXELS),
    "cycle": Metric("mean change after there and back", "%", PIXELS, False),
    "noise_gain": Metric("what noise on the reader gains in ICC", "", FIT),
    "length_gain": Metric("what a longer training gains in ICC", "", FIT),
    "warm_up_gain": Metric("what a warm-up of the judge gains in ICC", "", FIT),
    "judge_excess": Metric("what the own judge reports too much, no noise", "", FIT),
    "faint_excess": Metric("the same, a quarter of the noise", "", FIT),
    "half_excess": Metric("the same, half of the noise", "", FIT),
    "base_excess": Metric("the same, base", "", FIT),
}

PAPER: dict[str, PaperValue] = {}

DERIVED = {
    **{f"gain_{n}": f"fit_{n} - copy_{n}" for n in UNITS},
    "noise_gain": "fit_base - fit_clean",
    "warm_up_gain": "fit_base - fit_cold",
    "length_gain": "fit_long - fit_base",
    "judge_excess": "judge_clean - fit_clean",
    "faint_excess": "judge_faint - fit_faint",
    "half_excess": "judge_half - fit_half",
    "base_excess": "judge_base - fit_base",
}

CLAIMS = (
    Claim(
        "each requested action unit appears in the picture",
        holds="min(gain_04, gain_12, gain_26) >= 0.3 and error_long <= 0.9",
        direction="min(gain_04, gain_12, gain_26) >= 0.1 and error_long < 1",
        contradicted="max(gain_04, gain_12, gain_26) < 0.1",
    ),
    Claim(
        "only the pixels that matter are repainted",
        holds="overlap >= 0.35 and overlap >= overlap_other + 0.05 and drift_long <= 2",
        direction="overlap >= overlap_other + 0.02 and drift_long <= 5",
        contradicted="overlap <= overlap_other",
    ),
    Claim(
        "attention is what keeps the rest of the picture",
        holds="drift_no_attention >= 5 * drift_base and fit_base >= fit_copy + 0.3",
        direction="drift_no_attention >= 2 * drift_base and fit_base >= fit_copy + 0.1",
        contradicted="drift_no_attention <= drift_base",
    ),
    Claim(
        "in-between expressions come smoothly",
        holds="slope >= 0.4 and largest_step <= 20",
        direction="slope >= 0.2 and largest_step <= 40",
        contradicted="slope < 0.05 or largest_step >= 80",
    ),
    Claim(
        "(ours) noise on what the reader sees makes expressions real",
        holds="noise_gain >= 0.15 and fit_base >= fit_copy + 0.3",
        direction="noise_gain >= 0.05",
        contradicted="noise_gain <= -0.05",
    ),
    Claim(
        "(ours) the judge that was trained against reports too much",
        holds="judge_excess >= 0.3",
        direction="judge_excess >= 0.1",
        contradicted="judge_excess <= 0",
    ),
    Claim(
        "(ours) each doubling of the noise makes that judge more honest",
        holds="faint_excess <= judge_excess - 0.1 and half_excess <= faint_excess - 0.1 "
        "and base_excess <= half_excess - 0.1",
        direction="base_excess <= judge_excess - 0.2",
        contradicted="base_excess >= judge_excess",
    ),
    Claim(
        "(ours) a longer training paints better, by the fit and by the pixels",
        holds="length_gain >= 0.05 and error_long <= error_base - 0.05",
        direction="length_gain >= 0.02 and error_long < error_base",
        contradicted="length_gain <= -0.02",
    ),
    Claim(
        "(ours) a high price on repainting from the start leads to copying",
        holds="repainted_eager <= 2 and fit_eager <= fit_copy + 0.1",
        direction="fit_eager - fit_copy <= 0.5 * (fit_base - fit_copy)",
        contradicted="fit_eager >= fit_base",
    ),
    Claim(
        "(ours) a warm-up of the judge helps",
        holds="warm_up_gain >= 0.1",
        direction="warm_up_gain >= 0.03",
        contradicted="warm_up_gain <= -0.03",
    ),
)

COPY = "the unchanged face"
NOISE = "a generator of coloured noise that its judge believes"
MUST_NOT_PASS = (
    (
        (COPY, {"gain_04": 0.0, "gain_12": 0.0, "gain_26": 0.0, "error_long": 1.0}),
        (NOISE, {"gain_04": 0.6, "gain_12": 0.5, "gain_26": 0.4, "error_long": 2.2}),
    ),
    (
        (COPY, {"overlap": 0.1, "overlap_other": 0.1, "drift_long": 0.0}),
        ("one map for everybody", {"overlap": 0.5, "overlap_other": 0.5, "drift_long": 1.0}),
        (NOISE, {"overlap": 0.1, "overlap_other": 0.1, "drift_long": 21.0}),
    ),
    (
        (COPY, {"drift_no_attention": 0.0, "drift_base": 0.0, "fit_base": 0.0, "fit_copy": 0.0}),
        (NOISE, {"drift_no_attention": 21.0, "drift_base": 21.0, "fit_base": 0.5,
                 "fit_copy": 0.0}),
    ),
    (
        (COPY, {"slope": 0.0, "largest_step": 100.0}),
        ("a switch", {"slope": 1.2, "largest_step": 100.0}),
    ),
    (
        ("the same training twice", {"noise_gain": 0.0, "fit_base": 0.6, "fit_copy": 0.0}),
        ("a clean arm that failed altogether",
         {"noise_gain": 0.2, "fit_base": 0.1, "fit_copy": 0.0}),
    ),
    (("an honest judge", {"judge_excess": 0.02}),),
    (
        ("noise that does nothing",
         {"judge_excess": 0.7, "faint_excess": 0.7, "half_excess": 0.7, "base_excess": 0.7}),
        ("noise that helps once, not at every doubling",
         {"judge_excess": 0.7, "faint_excess": 0.15, "half_excess": 0.15, "base_excess": 0.15}),
    ),
    (
        ("the same training twice",
         {"length_gain": 0.0, "error_long": 0.9, "error_base": 0.9}),
        ("expressions without better pixels",
         {"length_gain": 0.1, "error_long": 0.9, "error_base": 0.9}),
    ),
    (("the base", {"repainted_eager": 8.0, "fit_eager": 0.5, "fit_copy": 0.0, "fit_base": 0.5}),),
    (("the same training twice", {"warm_up_gain": 0.0}),),
)  # fmt: skip
