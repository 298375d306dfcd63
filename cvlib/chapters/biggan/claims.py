"""What chapter 10 measures, the paper's values, and the rules that judge: fixed before any run.

`MUST_NOT_PASS` names for each claim a baseline, numbers that a trivial method would give; the tests
hold every rule against its baseline.
"""

from __future__ import annotations

from cvlib.course.run.experiment import Claim, Metric, PaperValue

SCORES = "cvlib.metrics.evaluate.GenerativeEvaluator, EMA weights, standing statistics"
MARKS = {
    "b64": "the base: batch 64, width x1",
    "b16": "batch 16, equal steps",
    "b256": "batch 256, equal steps",
    "b16_images": "batch 16, equal images",
    "b256_images": "batch 256, equal images",
    "half": "width x1/2",
    "double": "width x2",
    "ortho": "orthogonal penalty",
}


def _frechet(title: str, headline: bool = True) -> Metric:
    return Metric(f"Fréchet distance, {title}", "", SCORES, headline)


def _share(title: str, headline: bool = True) -> Metric:
    return Metric(title, "%", SCORES, headline)


METRICS = {
    **{f"frechet_{mark}": _frechet(title) for mark, title in MARKS.items()},
    "is_b64": Metric("class score (IS on own classifier), the base", "", SCORES),
    "is_b256": Metric("class score, batch 256, equal steps", "", SCORES),
    "is_gain_batch": Metric("gain in class score, batch x4", "%", SCORES),
    "precision_inf": _share("precision, no truncation"),
    "precision_half": _share("precision, t = 0.5"),
    "precision_again": _share("precision, drawn again without truncation", False),
    "recall_inf": _share("recall, no truncation"),
    "recall_half": _share("recall, t = 0.5"),
    "recall_again": _share("recall, drawn again without truncation", False),
    "frechet_half_t": _frechet("the base at t = 0.5"),
    "frechet_two_t": _frechet("the base at t = 2"),
    "frechet_again": _frechet("the base, drawn again without truncation", False),
    "frechet_half_t_kept": _frechet("the base at t = 0.5, statistics of t = infinity", False),
    "frechet_ortho_half_t": _frechet("orthogonal penalty at t = 0.5"),
    "loss_at_half": Metric("Fréchet distance at t = 0.5 over that without, base", "x", SCORES),
    "loss_at_half_ortho": Metric("the same with the orthogonal penalty", "x", SCORES),
    "cosine_base": Metric("mean |cos| between G's filters, base", "", "probes.mean_cosine"),
    "cosine_ortho": Metric("mean |cos| between G's filters, penalty", "", "probes.mean_cosine"),
    "growth_g": Metric("sigma_0 of G's first linear layer, end over start", "x",
                       "cvlib.gan.spectra.singular_values of stored weights"),
    "growth_d": Metric("sigma_0 of D's convolutions, end over start, median", "x",
                       "cvlib.gan.spectra.singular_values of stored weights"),
    "train_real": _share("training images that D calls real"),
    "held_out_real": _share("held-out images that D calls real"),
    "collapse_growth": Metric("sigma_0 of G's first linear layer, driven too hard", "x",
                              "cvlib.gan.spectra.singular_values of stored weights"),
    "collapse_frechet": _frechet("driven too hard, at the end"),
    "collapse_best": _frechet("driven too hard, at its best"),
}  # fmt: skip

_PAPER = "ImageNet 128 px, batch 256 to 2048"
_NOTES = "several independent notes on the paper, arXiv 1809.11096"
PAPER = {
    "is_gain_batch": PaperValue(46.0, "text, batch x8", _PAPER, checked=True, source=_NOTES),
    "train_real": PaperValue(98.0, "Sec. 4.2, more than", "ImageNet 128 px", checked=True,
                             source=_NOTES),
    "held_out_real": PaperValue(52.5, "Sec. 4.2, 50 to 55", "ImageNet 128 px", checked=True,
                                source=_NOTES),
}  # fmt: skip

DERIVED = {
    "is_gain_batch": "100 * (is_b256 / is_b64 - 1)",
    "loss_at_half": "frechet_half_t / frechet_b64",
    "loss_at_half_ortho": "frechet_ortho_half_t / frechet_ortho",
}

CLAIMS = (
    Claim(
        "at equal steps a larger batch gives better samples",
        holds="frechet_b256 <= 0.8 * frechet_b64 and frechet_b64 <= 0.8 * frechet_b16",
        direction="frechet_b256 < frechet_b64 and frechet_b64 < frechet_b16",
        contradicted="frechet_b256 > frechet_b16",
    ),
    Claim(
        "(ours) at equal images the larger batch has no advantage",
        holds="frechet_b256_images >= frechet_b64 and frechet_b64 >= frechet_b16_images",
        direction="frechet_b256_images >= frechet_b16_images",
        contradicted="frechet_b256_images <= 0.8 * frechet_b16_images",
    ),
    Claim(
        "at equal steps a wider net gives better samples",
        holds="frechet_double <= 0.8 * frechet_b64 and frechet_b64 <= 0.8 * frechet_half",
        direction="frechet_double < frechet_b64 and frechet_b64 < frechet_half",
        contradicted="frechet_double > frechet_half",
    ),
    Claim(
        "truncation trades variety for fidelity",
        holds="precision_half >= precision_inf + 2 and recall_half <= 0.5 * recall_inf",
        direction="precision_half > precision_inf and recall_half < recall_inf",
        contradicted="precision_half < precision_inf - 1 or recall_half > recall_inf",
    ),
    Claim(
        "a mild truncation improves the Fréchet distance",
        holds="frechet_two_t <= 0.95 * frechet_b64",
        direction="frechet_two_t < frechet_b64",
        contradicted="frechet_two_t >= 1.05 * frechet_b64",
    ),
    Claim(
        "the orthogonal penalty makes a generator amenable to truncation",
        holds="loss_at_half_ortho <= 0.5 * loss_at_half",
        direction="loss_at_half_ortho <= 0.8 * loss_at_half",
        contradicted="loss_at_half_ortho > loss_at_half",
    ),
    Claim(
        "the first singular value of G's first linear layer grows all through training",
        holds="growth_g >= 1.5 and growth_d <= 1.25",
        direction="growth_g >= 1.25 * growth_d",
        contradicted="growth_g <= growth_d",
    ),
    Claim(
        "D remembers its training images",
        holds="train_real >= 95 and held_out_real <= 60",
        direction="train_real - held_out_real >= 5",
        contradicted="train_real - held_out_real < 1",
    ),
)

MUST_NOT_PASS = (
    (
        "the same training three times",
        {"frechet_b16": 20.0, "frechet_b64": 20.0, "frechet_b256": 20.0},
    ),
    (
        "the comparison at equal steps, where the larger batch wins",
        {"frechet_b16_images": 40.0, "frechet_b64": 20.0, "frechet_b256_images": 10.0},
    ),
    (
        "the same net three times",
        {"frechet_half": 20.0, "frechet_b64": 20.0, "frechet_double": 20.0},
    ),
    (
        "drawing again without truncation",
        {"precision_inf": 90.0, "precision_half": 90.4, "recall_inf": 60.0, "recall_half": 59.0},
    ),
    ("drawing again without truncation", {"frechet_b64": 10.0, "frechet_two_t": 9.9}),
    ("the base against itself", {"loss_at_half": 5.0, "loss_at_half_ortho": 5.0}),
    ("weights that grow alike in both nets", {"growth_g": 1.6, "growth_d": 1.6}),
    ("a D that calls everything real", {"train_real": 100.0, "held_out_real": 100.0}),
)
