"""One right answer to every exercise of chapter 05."""

from __future__ import annotations

import torch


def tournament_with_margin(losses, margin):
    """Win rates W (n, n) where a lead of at most `margin` is a tie."""
    lead = losses[None, :, :] - losses[:, None, :]  # (i, j, pictures): how much more j loses
    wins = (lead > margin).double() + 0.5 * (lead.abs() <= margin).double()
    return wins.mean(-1)


def inconsistency(matrix):
    """Saaty's index (λ - n) / (n - 1) of a reciprocal matrix (n, n)."""
    n = len(matrix)
    v = torch.full((n,), 1 / n, dtype=torch.float64)
    for _ in range(500):
        image = matrix.double() @ v
        v = image / image.sum()
    largest = float((matrix.double() @ v).sum())
    return (largest - n) / (n - 1)


def allowed(edges, chosen, supervised, cost, budget):
    """Whether a policy keeps all constraints: needs, one transfer a target, budget."""
    targets = {target for _, target in edges}
    solved = [edges[i][1] for i in chosen]
    needs = all(set(edges[i][0]) <= set(supervised) for i in chosen)
    once = sorted(solved) == sorted(targets)
    paid = sum(cost[task] for task in supervised) <= budget
    return needs and once and paid


SMALLEST_BUDGET = 9

HALF = 1 / 27  # odds of 26 to 1 against 26 others: (1 - ε) / ε = 26

COUNTEREXAMPLE = {
    (("a",), "x"): 0.6,
    (("a",), "y"): 0.6,
    (("b",), "x"): 1.0,
    (("c",), "y"): 1.0,
}


def largest_budget(targets, ratio, share):
    """The most tasks with all labels that a ledger of `share` allows, the rest read out."""
    # γ + (n - γ) r <= s n, solved for γ
    return int((share - ratio) * targets / (1 - ratio) + 1e-9)
