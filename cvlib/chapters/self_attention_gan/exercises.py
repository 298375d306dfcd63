"""The exercises of chapter 06: variants of what its page shows."""

from __future__ import annotations

from cvlib.chapters.self_attention_gan import checks, solutions
from cvlib.course.page.exercises import Exercise

EXERCISES = {
    e.id: e
    for e in (
        Exercise(
            "06.1", "attention that sees only some keys", 15, 2, checks.check_masked_attention,
            (
                "exp(-infinity) is 0: give a forbidden pair that score before the softmax.",
                "A row of nothing but -infinity becomes nan; torch.where(seen, beta, 0) mends it.",
            ),
            solutions.masked_attention,
        ),
        Exercise(
            "06.2", "what attention costs at 8 to 64 px", 15, 2, checks.check_cost,
            (
                "Write N = size^2 queries and N/4 pooled keys; a 1x1 convolution from a to b "
                "channels has a b weights and costs 2 N a b FLOPs.",
                "q and k map C to C/8, v maps C to C/2, the last one C/2 to C; the products cost "
                "2 N (N/4) C/8 and 2 N (N/4) C/2.",
            ),
            solutions.attention_cost,
        ),
        Exercise(
            "06.3", "sigma of a transposed convolution", 10, 1, checks.check_transposed_sigma,
            (
                "nn.ConvTranspose2d keeps its kernel as (C_in, C_out, k, k): which axis are rows?",
                "weight.transpose(0, 1).flatten(1), then the iteration of section 6.3.",
            ),
            solutions.transposed_sigma,
        ),
        Exercise(
            "06.4", "the logistic loss and its slopes", 20, 2, checks.check_logistic,
            (
                "Real scores cost log(1 + exp(-D)), fake ones log(1 + exp(D)): softplus.",
                "The slope of softplus is the sigmoid; each mean divides by its own count.",
            ),
            solutions.logistic_loss,
        ),
        Exercise(
            "06.5", "which run diverged, and when", 20, 3, checks.check_diverged,
            (
                "Keep the best value so far; one above twice the best is suspicious.",
                "Suspicious is not enough: it must stay so until the log ends. NaN compares false "
                "with everything, so test `not distance <= 2 * best`.",
            ),
            solutions.diverged,
        ),
    )
}  # fmt: skip
