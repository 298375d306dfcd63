"""What is measured, the paper's values, and the rules that judge: all older than the first run."""

from __future__ import annotations

from cvlib.course.run.experiment import Claim, Metric, PaperValue

IMPLEMENTATION = "cvlib.chapters.everybody_dance_now.train.error_rate"

METRICS = {
    "error": Metric("test error", "%", IMPLEMENTATION),
    "baseline_error": Metric("test error of the baseline", "%", IMPLEMENTATION),
}

# TODO: "error": PaperValue(value, "Table 1", "network, data", checked=..., source="where read")
PAPER: dict[str, PaperValue] = {}

CLAIMS = (
    Claim(
        "TODO: the paper's claim in one sentence",
        holds="error <= 0.5 * baseline_error",  # the baseline must fail this rule
        direction="error < baseline_error",
        contradicted="error >= baseline_error",
    ),
)
