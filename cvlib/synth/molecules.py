"""Random toy molecules whose energy is known exactly: a sum over pairs of atoms.

These are no real molecules and the energy is no quantum mechanics. They let a network that should
learn energies from positions be tried out where no data set can be fetched.
"""

import numpy as np

BONDS = {6: 4, 7: 3, 8: 2, 16: 2, 1: 1}  # valence by nuclear charge
RADIUS = {1: 0.31, 6: 0.76, 7: 0.71, 8: 0.66, 16: 1.05}  # covalent radii in angstrom
DEPTH = {1: 50.0, 6: 90.0, 7: 80.0, 8: 85.0, 16: 70.0}  # of the pair potential, kcal/mol
WIDTH = 1.6  # of the Morse potential, per angstrom


def energy(positions: np.ndarray, charges: np.ndarray) -> float:
    """Energy in kcal/mol: a Morse potential for each pair of atoms (angstrom, nuclear charges)."""
    i, j = np.triu_indices(len(charges), 1)
    distance = np.linalg.norm(positions[i] - positions[j], axis=1)
    rest = np.array([RADIUS[a] + RADIUS[b] for a, b in zip(charges[i], charges[j], strict=True)])
    depth = np.sqrt([DEPTH[a] * DEPTH[b] for a, b in zip(charges[i], charges[j], strict=True)])
    return float(np.sum(depth * ((1 - np.exp(-WIDTH * (distance - rest))) ** 2 - 1)))


def molecule(heavy: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A random tree of `heavy` atoms C, N, O, S filled up with hydrogen.

    Returns positions `(A, 3)` in angstrom and nuclear charges `(A,)`. Each atom sits at the
    sum of the covalent radii from its parent, in the direction that keeps it farthest from the
    others among 24 random ones.
    """
    positions, charges = [np.zeros(3)], [6]
    free = [BONDS[6]]
    while len(charges) < heavy:
        parent = rng.choice([k for k, left in enumerate(free) if left > 0])
        kind = int(rng.choice([6, 6, 6, 7, 8, 16]))  # two bonds or more: the tree can go on
        _attach(positions, charges, free, parent, kind, rng)
    for parent in range(heavy):
        while free[parent]:
            _attach(positions, charges, free, parent, 1, rng)
    return np.array(positions), np.array(charges)


def _attach(
    positions: list[np.ndarray],
    charges: list[int],
    free: list[int],
    parent: int,
    kind: int,
    rng: np.random.Generator,
) -> None:
    direction = rng.normal(size=(24, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    length = (RADIUS[kind] + RADIUS[charges[parent]]) * rng.uniform(0.95, 1.05)
    places = positions[parent] + length * direction
    others = np.array([p for k, p in enumerate(positions) if k != parent]).reshape(-1, 3)
    gap = np.linalg.norm(places[:, None] - others, axis=-1).min(1, initial=np.inf)
    positions.append(places[gap.argmax()])
    charges.append(kind)
    free[parent] -= 1
    free.append(BONDS[kind] - 1)


def molecules(
    n: int, heavy: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`n` molecules of 2 to `heavy` heavy atoms: padded positions, charges, energies.

    Shapes `(n, A, 3)` (angstrom), `(n, A)` (0 marks an empty place), `(n,)` (kcal/mol).
    """
    drawn = [molecule(int(rng.integers(2, heavy + 1)), rng) for _ in range(n)]
    size = max(len(charges) for _, charges in drawn)
    positions, charges = np.zeros((n, size, 3)), np.zeros((n, size), dtype=np.int64)
    for k, (p, z) in enumerate(drawn):
        positions[k, : len(z)], charges[k, : len(z)] = p, z
    return positions, charges, np.array([energy(p, z) for p, z in drawn])
