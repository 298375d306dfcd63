"""What a spherical layer costs: three engines, forward and backward, and the machine's limits."""

import importlib.util
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from cvlib.spherical.engines import ENGINES, engine_for
from cvlib.spherical.fourier import S2Transform
from cvlib.spherical.grids import Grid
from cvlib.spherical.kernels import s2_near_identity, so3_near_identity
from cvlib.spherical.layers import S2Convolution, SO3Convolution

DENSE_POINTS = 10  # bandwidth from which the dense engine's matrix (43 MB at 10) is not tried


@dataclass(frozen=True)
class Case:
    """One layer `c_in -> c_out` on signals of bandwidth `b`, `batch` at a time."""

    layer: type[S2Convolution] | type[SO3Convolution]
    b: int
    c_in: int
    c_out: int
    batch: int

    def build(self, engine: str, kind: str, device: torch.device) -> Callable[[], None]:
        """A function that runs the layer forward and backward once."""
        grid, sphere = Grid(self.b, kind), self.layer is S2Convolution
        support = s2_near_identity() if sphere else so3_near_identity()
        net = self.layer(self.c_in, self.c_out, self.b, self.b, support, grid=kind, engine=engine)
        net = net.to(device)
        if sphere:
            x = torch.randn(self.batch, self.c_in, grid.n_beta, grid.n_alpha, device=device)
        else:
            shape = (grid.n_alpha, grid.n_alpha, grid.n_beta, self.batch, self.c_in)
            x = torch.randn(shape, device=device).permute(3, 4, 2, 0, 1)
            if engine == "fft":
                x = x.contiguous()  # each engine gets the memory order that suits it
        leaves = [net.weight, net.bias] if sphere else [x.requires_grad_(), net.weight, net.bias]

        def both() -> None:
            for leaf in leaves:
                leaf.grad = None
            y = net(x)
            y.backward(y.detach())

        return both

    def bytes(self, kind: str) -> int:
        """Least traffic in float32: the input, the output and their gradients, once each."""
        grid = Grid(self.b, kind)
        s2, so3 = grid.n_beta * grid.n_alpha, grid.n_beta * grid.n_alpha**2
        inputs = self.c_in * (s2 if self.layer is S2Convolution else 2 * so3)
        return 4 * self.batch * (inputs + 2 * self.c_out * so3)

    @property
    def name(self) -> str:
        """`SO3 20>20 b=10 x32`."""
        manifold = "S2 " if self.layer is S2Convolution else "SO3"
        return f"{manifold} {self.c_in}>{self.c_out} b={self.b} x{self.batch}"


CASES = (
    Case(S2Convolution, 4, 1, 20, 32),
    Case(SO3Convolution, 4, 20, 20, 32),
    Case(S2Convolution, 6, 1, 20, 32),
    Case(SO3Convolution, 6, 20, 20, 32),
    Case(S2Convolution, 10, 1, 20, 32),
    Case(SO3Convolution, 10, 20, 20, 32),
    Case(S2Convolution, 20, 1, 8, 8),
    Case(SO3Convolution, 20, 8, 8, 8),
    Case(S2Convolution, 30, 1, 8, 4),
    Case(SO3Convolution, 30, 8, 8, 4),
)


TRANSFORMS = ((10, 256), (16, 128), (30, 64), (64, 32), (128, 16))  # bandwidth, signals


def transform_rows(device: torch.device, quick: bool) -> list[str]:
    """The sphere's transform forward and back, beside torch-harmonics where it is installed."""
    lines = ["transform S2     forward ms  inverse ms   (torch-harmonics: forward, inverse)"]
    for b, n in TRANSFORMS[:1] if quick else TRANSFORMS:
        transform = S2Transform(Grid(b), b)
        x = torch.randn(n, 2 * b, 2 * b, device=device)
        f = transform(x)
        both = (partial(transform, x), partial(transform.inverse, f))
        times = [seconds(work, device, 8) for work in both]
        lines.append(f"b={b:<3d} x{n:<4d}    " + "".join(f"{1e3 * t:12.2f}" for t in times))
        lines[-1] += _torch_harmonics(x, b, device)
    return lines


def _torch_harmonics(x: Tensor, b: int, device: torch.device) -> str:
    if importlib.util.find_spec("torch_harmonics") is None:
        return "   (not installed)"
    from torch_harmonics import InverseRealSHT, RealSHT

    sizes = {"lmax": b, "mmax": b, "grid": "equiangular"}
    forward = RealSHT(2 * b, 2 * b, **sizes).float().to(device)
    inverse = InverseRealSHT(2 * b, 2 * b, **sizes).float().to(device)
    c = forward(x)
    times = seconds(lambda: forward(x), device, 8), seconds(lambda: inverse(c), device, 8)
    return "".join(f"{1e3 * t:12.2f}" for t in times)


def seconds(work: Callable[[], object], device: torch.device, repeats: int) -> float:
    """The shortest of some runs, after one to warm up."""
    best = math.inf
    for _ in range(repeats + 1):
        _wait(device)
        began = time.perf_counter()
        work()
        _wait(device)
        took = time.perf_counter() - began
        best = took if best == math.inf else min(best, took)
    return best


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def ceilings(device: torch.device) -> tuple[float, float]:
    """Measured limits of the machine: FLOP/s of a matrix product, bytes/s of a copy."""
    n = 4096 if device.type == "cuda" else 1024
    a, x = torch.randn(n, n, device=device), torch.randn(2**25, device=device)
    y = torch.empty_like(x)
    product, copy = seconds(lambda: a @ a, device, 5), seconds(lambda: y.copy_(x), device, 5)
    return 2 * n**3 / product, 8 * x.numel() / copy


def peak_memory(work: Callable[[], None], device: torch.device) -> int:
    """Most bytes that one run holds at a time, on top of what was there before."""
    if device.type == "cuda":
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        work()
        return torch.cuda.max_memory_allocated() - before
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True, acc_events=True) as trace:
        work()
    held = peak = 0  # each step's own allocations less what it frees
    for event in sorted(trace.events(), key=lambda e: e.time_range.start):
        held += event.self_cpu_memory_usage
        peak = max(peak, held)
    return peak


def flops(work: Callable[[], None]) -> int:
    """Operations of the matrix products of one run (FFTs and pointwise steps are not counted)."""
    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops()


def bench(quick: bool = False) -> str:
    """Time S2 and SO(3) layers with every engine; the table as text.

    `roof` is the time that the machine would need at its measured limits, for the real engine's
    products or for the least traffic, whichever is longer; `of roof` is the share that is
    reached. `quick` takes the smallest case only.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    peak, bandwidth = ceilings(device)
    where = torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
    lines = [
        f"{where}, {torch.get_num_threads()} thread(s), float32: "
        f"{peak / 1e9:.0f} GFLOP/s in a matrix product, {bandwidth / 1e9:.1f} GB/s in a copy",
        "layer                 grid  engine    ms  images/s  vs fft  peak MB  GFLOP    MB  of roof",
    ]
    for case in CASES[:2] if quick else CASES:
        lines += _rows(case, device, peak, bandwidth, 2 if quick else 4)
    lines += ["", *transform_rows(device, quick)]
    return "\n".join(lines)


def _rows(
    case: Case, device: torch.device, peak: float, bandwidth: float, repeats: int
) -> list[str]:
    rows, textbook = [], math.nan
    for kind in ("soft", "gauss"):
        work = flops(case.build("real", kind, device))
        roof = max(work / peak, case.bytes(kind) / bandwidth)
        for engine in ENGINES if kind == "soft" else ENGINES[1:]:
            if engine == "dense" and case.b > DENSE_POINTS:
                continue
            both = case.build(engine, kind, device)
            took = seconds(both, device, repeats)
            textbook = took if engine == "fft" else textbook
            chosen = "*" if engine == engine_for(Grid(case.b, kind)) else " "
            count = f"{flops(both) / 1e9:6.2f}" if engine != "fft" else "     -"
            rows.append(
                f"{case.name:21s} {kind:5s} {engine + chosen:6s} {took * 1e3:7.1f} "
                f"{case.batch / took:9.0f} {textbook / took:6.1f}x "
                f"{peak_memory(both, device) / 2**20:8.0f} {count} "
                f"{case.bytes(kind) / 2**20:5.0f} {100 * roof / took:6.0f} %"
            )
    return rows
