"""Seconds and memory of affinity and solve, each way in a process of its own.

The yardstick is what users of the released code ran: the affinity as index-value triplets summed
into a CSR matrix, then SciPy's sparse LU with its defaults. Every row shows the residual that was
computed from its answer, in float64, and the distance to the exact answer.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
import scipy.sparse
import scipy.sparse.linalg
import torch
from torch import Tensor

from cvlib.course.paths import ROOT
from cvlib.stylization.pairs import sample_photo
from cvlib.stylization.photos import cover, resize_to
from cvlib.stylization.smoothing import SmoothingSystem
from cvlib.stylization.solvers import relative_residual

SIZES = ((128, 256), (256, 512), (384, 768), (512, 1024), (1024, 2048))
ALPHA = 0.9999
REPEATS = 3  # of everything up to 512x256; the median counts


class Answer(NamedTuple):
    """A smoothed image (3, H, W), iterations, and what it cost where not the whole call counts."""

    image: Tensor
    iterations: int
    cost: dict[str, float] | None = None


def triplet_affinity(image: Tensor, eps: float = 1e-7) -> scipy.sparse.csr_array:
    """W the public way: 81 (row, column, value) triplets a window, summed by SciPy; float64."""
    channels, height, width = image.shape
    index = np.arange(height * width).reshape(height, width)
    windows = np.lib.stride_tricks.sliding_window_view(index, (3, 3)).reshape(-1, 9)
    X = image.double().numpy().reshape(channels, -1).T[windows]
    X = X - X.mean(1, keepdims=True)
    cov = np.einsum("kia,kib->kab", X, X) / 9 + eps / 9 * np.eye(channels)
    values = (1 + np.einsum("kia,kab,kjb->kij", X, np.linalg.inv(cov), X, optimize=True)) / 9
    rows, columns = np.repeat(windows, 9, axis=1), np.tile(windows, (1, 9))
    triplets = (values.ravel(), (rows.ravel(), columns.ravel()))
    return scipy.sparse.coo_array(triplets, shape=(index.size, index.size)).tocsr()


def public_way(Y: Tensor, content: Tensor) -> Answer:
    """Triplets, then SciPy's default LU of D - alpha W."""
    W = triplet_affinity(content)
    degree = np.asarray(W.sum(axis=1)).ravel()
    A = scipy.sparse.csr_array(scipy.sparse.diags_array(degree) - ALPHA * W).tocsc()
    right = (1 - ALPHA) * degree[:, None] * Y.double().flatten(1).T.numpy()
    X = scipy.sparse.linalg.splu(A).solve(right)
    return Answer(torch.from_numpy(X.T.copy()).view(Y.shape), 1)


def with_solver(solver: str) -> Callable[[Tensor, Tensor], Answer]:
    """Our stencil with one of our solvers."""

    def run(Y: Tensor, content: Tensor) -> Answer:
        smoothed = SmoothingSystem(content, ALPHA).solve(Y, solver)
        return Answer(smoothed.image, smoothed.iterations)

    return run


def once_more(Y: Tensor, content: Tensor) -> Answer:
    """A further result on a photo whose factorisation is there: its seconds alone."""
    system = SmoothingSystem(content, ALPHA)
    system.solve(Y.flip(-1), "direct")
    wall, cpu = time.perf_counter(), time.process_time()
    smoothed = system.solve(Y, "direct")
    cost = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    return Answer(smoothed.image, smoothed.iterations, cost)


def reference(Y: Tensor, content: Tensor) -> Answer:
    """The exact answer: a true residual of 1e-9, by the factorisation where it fits."""
    system = SmoothingSystem(content, ALPHA, dtype=torch.float64)
    solver = "direct" if content[0].numel() <= 1024 * 512 else "cg"
    smoothed = system.solve(Y, solver, tol=1e-9)
    return Answer(smoothed.image, smoothed.iterations)


def on_gpu(Y: Tensor, content: Tensor) -> Answer:
    """Affinity and conjugate gradients on the GPU, the copies included."""
    smoothed = SmoothingSystem(content.cuda(), ALPHA).solve(Y.cuda())
    return Answer(smoothed.image.cpu(), smoothed.iterations)


# name -> (function, the largest number of pixels that it is run with)
WAYS = {
    "exact (float64, 1e-9)": (reference, 2**21),
    "public: triplets + default LU": (public_way, 768 * 384),
    "stencil + CG": (with_solver("cg"), 2**21),
    "stencil + Chebyshev": (with_solver("chebyshev"), 2**21),
    "stencil + nested dissection LU": (with_solver("direct"), 1024 * 512),
    "  each further result": (once_more, 1024 * 512),
    "stencil + CG on the GPU": (on_gpu, 2**21 if torch.cuda.is_available() else 0),
}


def problem(height: int, width: int) -> tuple[Tensor, Tensor]:
    """A stylised-looking Y and the content photo, (3, height, width) each.

    Y has the content's layout at a quarter of the detail, flower's colours, and some grain.
    """
    content = cover(sample_photo("china"), height, width)
    coarse = resize_to(resize_to(content, height // 8, width // 8), height, width)
    flower = cover(sample_photo("flower"), height, width)
    grain = torch.randn(content.shape, generator=torch.Generator().manual_seed(0))
    return (0.6 * coarse.flip(0) + 0.4 * flower + 0.05 * grain).clamp(0, 1), content


def child(name: str, height: int, width: int, out: str) -> None:
    """Run one way once, write its answer to `out` and its cost to stdout as JSON."""
    Y, content = problem(height, width)
    if "GPU" in name:
        on_gpu(*problem(64, 64))  # start the device before the clock
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, cpu = time.perf_counter(), time.process_time()
    answer = WAYS[name][0](Y, content)
    cost = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    cost = answer.cost or cost
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    if "GPU" in name:
        peak = torch.cuda.max_memory_allocated() / 2**20
    np.save(out, answer.image.double().numpy())
    print(json.dumps({**cost, "peak": peak, "iterations": answer.iterations}))


def measure(name: str, height: int, width: int, folder: Path) -> dict[str, float]:
    """`child` in fresh processes, the median of their seconds."""
    out = folder / f"{list(WAYS).index(name)}-{width}.npy"
    module = "cvlib.chapters.fast_photo_style.bench"
    command = [sys.executable, "-m", module, name, str(height), str(width), str(out)]
    costs = []
    for _ in range(REPEATS if height * width <= 512 * 256 else 1):
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        costs.append(json.loads(done.stdout.splitlines()[-1]))
    middle = {key: median(cost[key] for cost in costs) for key in ("wall", "cpu")}
    return {**costs[-1], **middle, "out": str(out)}


def bench(quick: bool = False) -> str:
    """The table of all ways and sizes; `quick` stops at 512x256. Rows appear as they are done."""
    lines = [
        f"alpha = {ALPHA}, 3 right-hand sides, {torch.get_num_threads()} thread(s) of "
        f"{os.cpu_count()} cores; residual: computed from the answer; grey: largest difference "
        "from the exact answer, of 255",
        f"{'pixels':>10} {'way':<31} {'wall s':>7} {'CPU s':>7} {'peak MB':>8} {'its':>5} "
        f"{'residual':>9} {'grey':>6} {'x public':>8}",
    ]
    with tempfile.TemporaryDirectory() as folder:
        for height, width in SIZES[:2] if quick else SIZES:
            for row in _rows(height, width, Path(folder)):
                print(row, file=sys.stderr, flush=True)
                lines.append(row)
    return "\n".join(lines)


def _rows(height: int, width: int, folder: Path) -> Iterator[str]:
    Y, content = problem(height, width)
    system = SmoothingSystem(content, ALPHA)
    B = (1 - ALPHA) * system.root * Y
    exact, public = None, None
    for name, (_, largest) in WAYS.items():
        if height * width > largest:
            continue
        cost = measure(name, height, width, folder)
        image = torch.from_numpy(np.load(cost["out"]))
        exact = image if exact is None else exact
        public = cost["cpu"] if name.startswith("public") else public
        residual = relative_residual(B - system.apply_exactly(system.root * image), B)
        factor = f"{public / cost['wall' if 'GPU' in name else 'cpu']:8.1f}" if public else ""
        yield (
            f"{width:>5}x{height:<4} {name:<31} {cost['wall']:7.2f} {cost['cpu']:7.2f} "
            f"{cost['peak']:8.0f} {cost['iterations']:5d} {residual:9.1e} "
            f"{255 * float((image - exact).abs().max()):6.2f} {factor:>8}"
        )


if __name__ == "__main__":
    child(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
