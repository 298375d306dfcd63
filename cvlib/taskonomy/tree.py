"""Tasks that transfer alike belong together: the task tree (Fig. 14) and matrices of affinities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.stats import spearmanr

from cvlib.course.errors import CourseError

Affinities = Mapping[str, Mapping[str, float]]  # target -> first-order source -> affinity


@dataclass(frozen=True)
class Tree:
    """A hierarchy of source tasks: `merges` in SciPy's format over `tasks`."""

    tasks: tuple[str, ...]
    merges: NDArray[np.float64]

    def clusters(self, count: int) -> list[frozenset[str]]:
        """The tasks cut into `count` clusters, the largest first."""
        if not 1 <= count <= len(self.tasks):
            raise CourseError(f"{len(self.tasks)} tasks cannot be cut into {count} clusters")
        labels = fcluster(self.merges, count, "maxclust")
        found = [
            frozenset(t for t, label in zip(self.tasks, labels, strict=True) if label == k)
            for k in sorted(set(labels.tolist()))
        ]
        return sorted(found, key=lambda cluster: (-len(cluster), min(cluster)))


def matrix(
    affinities: Affinities, sources: Sequence[str], targets: Sequence[str]
) -> NDArray[np.float64]:
    """log10 of the affinities, one row a source, one column a target; NaN where not measured.

    A target's own entry is its full supervision.
    """
    table = np.full((len(sources), len(targets)), np.nan)
    for j, target in enumerate(targets):
        known = affinities[target]
        for i, source in enumerate(sources):
            if source in known:
                table[i, j] = np.log10(known[source])
    return table


def task_tree(affinities: Affinities) -> Tree:
    """Average linkage of the sources by the correlation of their standardised log affinities.

    Each target's column has mean 0 and standard deviation 1 over the sources; an entry that was
    not measured counts as the column's best.
    """
    targets = sorted(affinities)
    sources = sorted({source for known in affinities.values() for source in known})
    table = matrix(affinities, sources, targets)
    if len(sources) < 3 or np.isnan(table).all(0).any():
        raise CourseError("a tree needs three sources, and an affinity in each target's column")
    table = np.where(np.isnan(table), np.nanmax(table, axis=0), table)
    spread = table.std(0)
    if not (spread > 0).all():
        raise CourseError(f"all sources of {targets[int(spread.argmin())]!r} are alike: no tree")
    standard = (table - table.mean(0)) / spread
    return Tree(tuple(sources), linkage(standard, "average", metric="correlation"))


def rank_agreement(first: Mapping[str, float], second: Mapping[str, float]) -> float:
    """Spearman's correlation of two rankings over the sources that both know (at least three)."""
    both = sorted(first.keys() & second.keys())
    if len(both) < 3:
        raise CourseError(f"two rankings share {len(both)} sources: at least three are needed")
    return float(spearmanr([first[s] for s in both], [second[s] for s in both]).statistic)
