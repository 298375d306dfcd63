"""Small random problems for the solver's tests."""

import itertools

import numpy as np

from cvlib.taskonomy.program import Problem, Transfer


def edge(sources: str, target: str) -> Transfer:
    return Transfer(frozenset(sources), target)


def random_problem(
    seed: int, nodes: str = "abcdefgh", targets: str = "abcde", **options
) -> Problem:
    rng = np.random.default_rng(seed)
    affinities = {}
    for target in targets:
        others = [n for n in nodes if n != target]
        affinities[edge(target, target)] = rng.random()
        for source in others:
            affinities[edge(source, target)] = rng.random()
        for pair in list(itertools.combinations(others, 2))[:6]:
            affinities[edge("".join(pair), target)] = rng.random() * 1.2
    return Problem(affinities, **options)
