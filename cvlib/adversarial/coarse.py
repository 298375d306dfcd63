"""Few coarse classes over many fine ones: what a choice between two answers asks of a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import torch
from torch import Tensor

from cvlib.course.errors import CourseError

Groups = Mapping[str, Mapping[str, Sequence[int]]]  # group -> coarse class -> fine classes

# Six coarse classes in three groups over ImageNet's 1000 (0-based, in the order of ILSVRC12).
IMAGENET_GROUPS: Groups = {
    "pets": {"dog": range(151, 269), "cat": range(281, 286)},
    "hazard": {"snake": range(52, 69), "spider": range(72, 78)},
    "vegetables": {"broccoli": [937], "cabbage": [936]},
}


class CoarseTask:
    """Coarse classes as sets of fine ones; a coarse class is a place in `names`.

    `groups` maps a group to its coarse classes, and each of these to its fine classes among the
    `fine` of the network. Raises `CourseError` for sets that overlap, are empty or reach beyond
    `fine`.
    """

    def __init__(self, groups: Groups, fine: int) -> None:
        sets = {name: list(ids) for group in groups.values() for name, ids in group.items()}
        for name, ids in sets.items():
            if not ids or min(ids) < 0 or max(ids) >= fine:
                raise CourseError(f"{name} needs fine classes between 0 and {fine - 1}")
        for a, b in combinations(sets, 2):
            if both := set(sets[a]) & set(sets[b]):
                raise CourseError(
                    f"{a} and {b} share the fine class {min(both)}: give disjoint sets"
                )
        self.fine = fine
        self.groups = {group: tuple(classes) for group, classes in groups.items()}
        self.names = tuple(sets)
        self.sets = tuple(sets.values())
        self._placed: dict[torch.device, list[Tensor]] = {}

    def index(self, name: str) -> int:
        """The place of a coarse class."""
        if name not in self.names:
            raise CourseError(f"there is no coarse class {name!r}: choose of {list(self.names)}")
        return self.names.index(name)

    def places(self, device: torch.device) -> list[Tensor]:
        """The fine classes (n,) of every coarse one, as an index that a device holds already.

        An index from the CPU, six for every network and step, would keep a GPU waiting.
        """
        if device not in self._placed:
            self._placed[device] = [torch.tensor(ids, device=device) for ids in self.sets]
        return self._placed[device]

    def of_fine(self, fine: Tensor) -> Tensor:
        """The coarse classes (B,) of fine ones (B,); -1 where a fine class is in none."""
        table = torch.full((self.fine,), -1, device=fine.device)
        for place, ids in enumerate(self.places(fine.device)):
            table[ids] = place
        return table[fine]

    def rivals(self) -> Tensor:
        """For every coarse class (K,) the other one of its group, if the group has two; else -1."""
        other = torch.full((len(self.names),), -1)
        for a, *rest in self.groups.values():
            if len(rest) == 1:
                other[self.index(a)] = self.index(rest[0])
                other[self.index(rest[0])] = self.index(a)
        return other

    def log_probs(self, logits: Tensor) -> Tensor:
        """log P(y|x) of every coarse class, (B, K), of fine logits (B, fine).

        P sums the fine classes' softmax; it is taken in the logarithm throughout, so that it stays
        finite where the softmax itself is 0.
        """
        if logits.ndim != 2 or logits.shape[1] != self.fine:
            raise CourseError(f"expected logits (B, {self.fine}), got {tuple(logits.shape)}")
        whole = logits.logsumexp(1)  # (B,)
        parts = [logits[:, ids].logsumexp(1) - whole for ids in self.places(logits.device)]
        return torch.stack(parts, dim=1)  # (B, K)

    def log_prob(self, logits: Tensor, y: Tensor) -> Tensor:
        """log P(y|x), (B,), of coarse classes y (B,)."""
        return self.log_probs(logits).gather(1, y[:, None]).squeeze(1)

    def log_odds(self, logits: Tensor, y: Tensor) -> Tensor:
        """F_y = log P / (1 - P), (B,): inside y's set against outside; sigmoid gives P back."""
        odds = []
        for ids in self.places(logits.device):
            outside = torch.ones(self.fine, dtype=torch.bool, device=logits.device)
            outside[ids] = False
            odds.append(logits[:, ids].logsumexp(1) - logits[:, outside].logsumexp(1))  # (B,)
        return torch.stack(odds, dim=1).gather(1, y[:, None]).squeeze(1)  # (B,)

    def two_afc(self, logits: Tensor, a: Tensor, b: Tensor) -> Tensor:
        """How far the forced choice between a (B,) and b (B,) leans to a: log P(a) / P(b), (B,)."""
        return self.log_prob(logits, a) - self.log_prob(logits, b)
