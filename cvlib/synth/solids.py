"""Ten families of closed triangle meshes around the origin, drawn at random."""

from collections.abc import Callable

import numpy as np


def prism(outline: np.ndarray, height: float, top: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """A solid over a star-shaped outline `(n, 2)`; the upper face is scaled by `top`."""
    n = len(outline)
    low = np.column_stack([outline, np.full(n, -height / 2)])
    high = np.column_stack([outline * top, np.full(n, height / 2)])
    ends = np.array([[0, 0, -height / 2], [0, 0, height / 2]])
    i, j = np.arange(n), (np.arange(n) + 1) % n
    faces = np.concatenate(
        [
            np.column_stack([i, j, n + i]),
            np.column_stack([j, n + j, n + i]),
            np.column_stack([j, i, np.full(n, 2 * n)]),
            np.column_stack([n + i, n + j, np.full(n, 2 * n + 1)]),
        ]
    )
    return np.concatenate([low, high, ends]), faces


def spindle(radius: np.ndarray, z: np.ndarray, n: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """A solid of revolution about z: rings of the given radii and heights, closed by two tips.

    The first and last entry of `radius` are ignored: there the solid ends in a point.
    """
    angle = 2 * np.pi * np.arange(n) / n
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    rings = [np.column_stack([r * circle, np.full(n, h)]) for r, h in zip(radius, z, strict=True)]
    vertices = np.concatenate([*rings[1:-1], [[0, 0, z[0]], [0, 0, z[-1]]]])
    count, i, j = len(radius) - 2, np.arange(n), (np.arange(n) + 1) % n
    bottom, top = count * n, count * n + 1
    faces = [np.column_stack([j, i, np.full(n, bottom)])]
    for k in range(count - 1):
        lower, upper = k * n, (k + 1) * n
        faces.append(np.column_stack([lower + i, lower + j, upper + i]))
        faces.append(np.column_stack([lower + j, upper + j, upper + i]))
    faces.append(np.column_stack([bottom - n + i, bottom - n + j, np.full(n, top)]))
    return vertices, np.concatenate(faces)


def _polygon(n: int, inner: float = 1.0) -> np.ndarray:
    """A regular polygon, or with `inner < 1` a star whose every second corner is drawn in."""
    angle = 2 * np.pi * np.arange(n) / n
    radius = np.where(np.arange(n) % 2, inner, 1.0)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def _profile(kind: str) -> tuple[np.ndarray, np.ndarray]:
    t = np.linspace(0, np.pi, 13)
    z = -np.cos(t)
    radius = {
        "ellipsoid": np.sin(t),
        "dumbbell": np.sin(t) * (0.35 + 0.65 * z**2),
        "drop": np.sin(t) * (0.55 - 0.45 * z),
    }[kind]
    return radius, z


CLASSES: dict[str, Callable[[], tuple[np.ndarray, np.ndarray]]] = {
    "box": lambda: prism(_polygon(4), 1.4),
    "triangular prism": lambda: prism(_polygon(3), 1.4),
    "hexagonal prism": lambda: prism(_polygon(6), 1.6),
    "cylinder": lambda: prism(_polygon(24), 1.6),
    "star": lambda: prism(_polygon(10, inner=0.45), 1.0),
    "pyramid": lambda: prism(_polygon(4), 1.6, top=0.25),
    "cone": lambda: prism(_polygon(24), 1.6, top=0.15),
    "ellipsoid": lambda: spindle(*_profile("ellipsoid")),
    "dumbbell": lambda: spindle(*_profile("dumbbell")),
    "drop": lambda: spindle(*_profile("drop")),
}


def solid(kind: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A random member of a class: each axis stretched by 0.7 to 1.3, the origin a little moved.

    Returns vertices `(V, 3)` and outward faces `(F, 3)`. The mesh is closed and contains the
    origin. It stands upright: turn it to make the task harder.
    """
    vertices, faces = CLASSES[kind]()
    stretch, shift = rng.uniform(0.7, 1.3, 3), rng.uniform(-0.08, 0.08, 3)
    return vertices * stretch + shift, faces
