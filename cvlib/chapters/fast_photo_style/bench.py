"""Seconds and memory of affinity and solve, each solver in a process of its own.

The yardstick is what users of the released code ran: the affinity as index-value triplets summed
into a CSR matrix, then SciPy's sparse LU with its defaults.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import scipy.sparse
import torch
from torch import Tensor

from cvlib.stylization.pairs import sample_photo
from cvlib.course.paths import ROOT
from cvlib.stylization.photos import cover, resize_to
from cvlib.stylization.smoothing import SmoothingSystem
from cvlib.stylization.solvers import direct

SIZES = ((128, 256), (256, 512), (384, 768), (512, 1024), (1024, 2048))
ALPHA = 0.9999


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


def public_way(Y: Tensor, content: Tensor) -> tuple[Tensor, int]:
    """Triplets, then SciPy's default LU of D - alpha W."""
    W = triplet_affinity(content)
    degree = np.asarray(W.sum(axis=1)).ravel()
    A = scipy.sparse.csr_array(scipy.sparse.diags_array(degree) - ALPHA * W)
    B = (1 - ALPHA) * torch.from_numpy(degree).view(Y.shape[1:]) * Y.double()
    return direct(A, B, "COLAMD").X, 1


def with_solver(solver: str, **options: float) -> Callable[[Tensor, Tensor], tuple[Tensor, int]]:
    """Our stencil with one of our solvers."""

    def run(Y: Tensor, content: Tensor) -> tuple[Tensor, int]:
        smoothed = SmoothingSystem(content, ALPHA).solve(Y, solver, **options)
        return smoothed.image, smoothed.iterations

    return run


def reference(Y: Tensor, content: Tensor) -> tuple[Tensor, int]:
    """The exact answer for every size: conjugate gradients in float64 to a residual of 1e-7."""
    smoothed = SmoothingSystem(content, ALPHA, dtype=torch.float64).solve(Y, "cg", tol=1e-7)
    return smoothed.image, smoothed.iterations


def on_gpu(Y: Tensor, content: Tensor) -> tuple[Tensor, int]:
    """Affinity and conjugate gradients on the GPU, the copies included."""
    smoothed = SmoothingSystem(content.cuda(), ALPHA).solve(Y.cuda())
    return smoothed.image.cpu(), smoothed.iterations


# name -> (function, the largest number of pixels that it is run with)
WAYS = {
    "exact (CG, float64, 1e-7)": (reference, 2**21),
    "public: triplets + default LU": (public_way, 768 * 384),
    "stencil + symmetric LU": (with_solver("direct"), 1024 * 512),
    "stencil + CG": (with_solver("cg"), 2**21),
    "stencil + Chebyshev": (with_solver("chebyshev"), 2**21),
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
    image, iterations = WAYS[name][0](Y, content)
    cost = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    if "GPU" in name:
        peak = torch.cuda.max_memory_allocated() / 2**20
    np.save(out, image.double().numpy())
    print(json.dumps({**cost, "peak": peak, "iterations": iterations}))


def measure(name: str, height: int, width: int, folder: Path) -> dict[str, float]:
    """`child` in a fresh process."""
    out = folder / f"{list(WAYS).index(name)}-{width}.npy"
    command = [
        sys.executable,
        "-m",
        "cvlib.chapters.fast_photo_style.bench",
        name,
        str(height),
        str(width),
        out,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return {**json.loads(done.stdout.splitlines()[-1]), "out": str(out)}


def bench(quick: bool = False) -> str:
    """The table of all ways and sizes; `quick` stops at 512x256."""
    lines = [
        f"alpha = {ALPHA}, 3 right-hand sides, {torch.get_num_threads()} thread(s) of "
        f"{os.cpu_count()} cores; grey: largest difference from the exact answer, of 255",
        f"{'pixels':>10} {'way':<30} {'wall s':>8} {'CPU s':>8} {'peak MB':>8} {'its':>5} "
        f"{'grey':>6} {'x public':>8}",
    ]
    with tempfile.TemporaryDirectory() as folder:
        for height, width in SIZES[:2] if quick else SIZES:
            lines += _rows(height, width, Path(folder))
    return "\n".join(lines)


def _rows(height: int, width: int, folder: Path) -> list[str]:
    rows, exact, public = [], None, None
    for name, (_, largest) in WAYS.items():
        if height * width > largest:
            continue
        cost = measure(name, height, width, folder)
        image = np.load(cost["out"])
        exact = image if exact is None else exact
        public = cost["cpu"] if name.startswith("public") else public
        factor = f"{public / cost['wall' if 'GPU' in name else 'cpu']:8.1f}" if public else ""
        rows.append(
            f"{width:>5}x{height:<4} {name:<30} {cost['wall']:8.2f} {cost['cpu']:8.2f} "
            f"{cost['peak']:8.0f} {cost['iterations']:5d} {255 * abs(image - exact).max():6.2f} "
            f"{factor:>8}"
        )
    return rows


if __name__ == "__main__":
    child(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
