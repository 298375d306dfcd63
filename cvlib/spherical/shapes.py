"""3-D shapes (Sec. 5.3): six channels that rays measure from all around.

NR: shapes stand upright. R: each is turned at random. Procedural solids, or ModelNet10 (Wu et al.
2015) in place of the paper's SHREC17.
"""

from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

import numpy as np
import torch
from torch import Tensor

from cvlib.course import data
from cvlib.spherical.mesh_files import parse_off
from cvlib.spherical.meshes import Mesh
from cvlib.spherical.rays import mesh_to_sphere
from cvlib.spherical.rotations import random_rotations
from cvlib.synth import solids

Labelled = Iterator[tuple[Mesh, int]]
Signals = tuple[Tensor, Tensor]
ARCHIVE = "modelnet10/archive"


def signals(source: str, part: str, turned: bool, b: int, seed: int, per_class: int) -> Signals:
    """Signals `(N, 6, 2b, 2b)` of a part (`train`, `test`) of the data, the classes `(N,)`.

    `source` is `solids` (`per_class` drawn of each class) or `modelnet` (its own split, cast once
    and kept as float16 in the cache folder).
    """
    if source == "solids":
        return _cast(_solids(part, seed, per_class), True, _turns(part, turned, seed), b)

    def build() -> dict[str, np.ndarray]:
        x, y = _cast(_modelnet(part), False, _turns(part, turned, seed), b)
        return {"x": x.half().numpy(), "y": y.numpy()}

    how = f"r{seed}" if turned else "nr"
    z = data.kept(f"modelnet10-b{b}-{part}-{how}", [ARCHIVE], build)
    return torch.from_numpy(z["x"]).float(), torch.from_numpy(z["y"])


def standardise(train: Tensor) -> Callable[[Tensor], Tensor]:
    """The shift and scale per channel that gives `train` mean 0 and deviation 1."""
    mean = train.mean((0, 2, 3), keepdim=True)
    std = train.std((0, 2, 3), keepdim=True) + 1e-6
    return lambda x: (x - mean) / std


def _turns(part: str, turned: bool, seed: int) -> Iterator[Tensor]:
    g = torch.Generator().manual_seed(2 * seed + (part == "test"))
    while True:
        R = random_rotations(1, g)[0]
        yield R if turned else torch.eye(3, dtype=R.dtype)


def _cast(meshes: Labelled, closed: bool, turns: Iterator[Tensor], b: int) -> Signals:
    x, y = [], []
    for (mesh, label), R in zip(meshes, turns, strict=False):
        x.append(mesh_to_sphere(mesh.turned(R), b, checked=closed))
        y.append(label)
    return torch.stack(x), torch.tensor(y)


def _solids(part: str, seed: int, per_class: int) -> Labelled:
    rng = np.random.default_rng((seed, part == "test"))
    for label, kind in enumerate(solids.CLASSES):
        for _ in range(per_class):
            vertices, faces = solids.solid(kind, rng)
            yield Mesh(torch.as_tensor(vertices), torch.as_tensor(faces)), label


def _modelnet(part: str) -> Labelled:
    """The meshes of a part; many of them are open."""
    found = {}
    for name, text in data.members(data.path(ARCHIVE), ".off"):
        path = PurePosixPath(name)
        hidden = "__MACOSX" in path.parts or path.name.startswith("._")
        if not hidden and path.parts[-2:-1] == (part,):
            found[name] = text
    classes = sorted({PurePosixPath(name).parts[-3] for name in found})
    for name in sorted(found):
        yield parse_off(found[name].decode(), name), classes.index(PurePosixPath(name).parts[-3])
