"""3-D shapes (Sec. 5.3): six channels that rays measure from all around, two protocols.

NR: shapes stand upright. R: each is turned at random. Procedural solids where nothing can be
fetched; ModelNet10 (Wu et al. 2015) in the full run, in place of the paper's SHREC17.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.chapters.spherical_cnns.training import accuracy, fit, steps
from cvlib.course import data
from cvlib.course.run.run import Run
from cvlib.spherical.meshes import Mesh, mesh_to_sphere, parse_off
from cvlib.spherical.models import shape_net
from cvlib.spherical.rotations import random_rotations
from cvlib.synth import solids

Labelled = Iterator[tuple[Mesh, int]]


@dataclass(frozen=True)
class Shapes:
    """Sizes of the experiment; ``data`` is ``solids`` or ``modelnet``."""

    data: str
    train: int  # per class (solids only: ModelNet10 has its own split)
    test: int
    channels: tuple[int, ...]
    b: tuple[int, ...]
    epochs: int
    batch: int
    lr: float

    @property
    def steps(self) -> int:
        """Optimiser steps of both trainings."""
        n = 3991 if self.data == "modelnet" else self.train * len(solids.CLASSES)
        return 2 * steps(n, self.epochs, self.batch)


def _solids(c: Shapes, part: str, seed: int) -> Labelled:
    rng = np.random.default_rng((seed, part == "test"))
    for label, kind in enumerate(solids.CLASSES):
        for _ in range(c.train if part == "train" else c.test):
            vertices, faces = solids.solid(kind, rng)
            yield Mesh(torch.as_tensor(vertices), torch.as_tensor(faces)), label


def _modelnet(c: Shapes, part: str, seed: int) -> Labelled:
    files = data.members(data.path("modelnet10/archive"), ".off")
    found = {name: text for name, text in files if PurePosixPath(name).parts[-2:-1] == (part,)}
    classes = sorted({PurePosixPath(name).parts[-3] for name in found})
    for name in sorted(found):
        yield parse_off(found[name].decode(), name), classes.index(PurePosixPath(name).parts[-3])


SOURCES: dict[str, tuple[str, bool, Callable[[Shapes, str, int], Labelled]]] = {
    "solids": ("procedural solids", True, _solids),
    "modelnet": ("ModelNet10", False, _modelnet),  # many of its meshes are open
}


def signals(c: Shapes, part: str, turned: bool, seed: int) -> tuple[Tensor, Tensor]:
    """Signals ``(N, 6, 2b, 2b)`` of a part of the data, and the classes ``(N,)``."""
    _, closed, source = SOURCES[c.data]
    g = torch.Generator().manual_seed(2 * seed + (part == "test"))
    x, y = [], []
    for mesh, label in source(c, part, seed):
        R = random_rotations(1, g)[0]
        x.append(mesh_to_sphere(mesh.turned(R) if turned else mesh, c.b[0], checked=closed))
        y.append(label)
    return torch.stack(x), torch.tensor(y)


def _kept(c: Shapes, part: str, turned: bool, seed: int) -> tuple[Tensor, Tensor]:
    """The signals of ModelNet10, cast once and kept as float16 in the user's cache."""
    if c.data != "modelnet":
        return signals(c, part, turned, seed)

    def build() -> dict[str, np.ndarray]:
        x, y = signals(c, part, turned, seed)
        return {"x": x.half().numpy(), "y": y.numpy()}

    kind = f"r{seed}" if turned else "nr"
    name = f"modelnet10-b{c.b[0]}-{part}-{kind}"
    z = data.kept(name, ["modelnet10/archive"], build)
    return torch.from_numpy(z["x"]).float(), torch.from_numpy(z["y"])


def run_shapes(run: Run) -> None:
    """Measure NR/NR, NR/R and R/R of a spherical network on 3-D shapes."""
    c: Shapes = run.config.shapes
    tests = {how: _kept(c, "test", how == "r", run.seed) for how in ("nr", "r")}
    classes = int(tests["nr"][1].max()) + 1
    for how in ("nr", "r"):
        x, y = (v.to(run.device) for v in _kept(c, "train", how == "r", run.seed))
        mean, std = x.mean((0, 2, 3), keepdim=True), x.std((0, 2, 3), keepdim=True) + 1e-6
        net = shape_net(c.channels, c.b, classes)
        _train(run, f"shapes-{how}", net, (x - mean) / std, y)
        for other in ("nr", "r") if how == "nr" else ("r",):
            z, labels = (v.to(run.device) for v in tests[other])
            score = accuracy(net, (z - mean) / std, labels, batch=50)
            run.measure(f"{c.data}_{how}_{other}", score, n=len(labels))


def _train(run: Run, name: str, net: nn.Module, x: Tensor, y: Tensor) -> None:
    c: Shapes = run.config.shapes

    def loss_of(model: nn.Module, i: Tensor) -> Tensor:
        return F.cross_entropy(model(x[i]), y[i])

    fit(run, name, net, loss_of, len(x), c.epochs, c.batch, c.lr)
