"""Images per second of one D and one G step, against the same step without its speed-ups."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrizations
from torch.utils.flop_counter import FlopCounterMode

from cvlib.gan.blocks import DBlock, GBlock, upsample
from cvlib.gan.losses import hinge_d, hinge_g
from cvlib.gan.nets import ProjectionDiscriminator, ResGenerator
from cvlib.gan.sizes import PRESETS, GANConfig
from cvlib.gan.train import EMA, d_step, descend, g_step


class PlainGBlock(GBlock):
    """The block as defined: every convolution at the high resolution."""

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Same values as `GBlock`."""
        h = self.conv1(upsample(F.relu(self.bn1(x, y))))
        return self.conv2(F.relu(self.bn2(h, y))) + self.shortcut(upsample(x))


class PlainDBlock(DBlock):
    """The block as defined: every convolution at the high resolution."""

    def forward(self, x: Tensor) -> Tensor:
        """Same values as `DBlock`."""
        h = self.conv2(F.relu(self.conv1(x if self.first else F.relu(x))))
        h = h + self.shortcut(x)
        return F.avg_pool2d(h, 2) if self.down else h


@dataclass
class Setup:
    """Two nets, their optimisers and one fixed batch."""

    G: nn.Module
    D: nn.Module
    opt_g: torch.optim.Optimizer
    opt_d: torch.optim.Optimizer
    real: tuple[Tensor, Tensor]
    fake: tuple[Tensor, Tensor]


def _setup(config: GANConfig, batch: int, device: torch.device, fast: bool) -> Setup:
    torch.manual_seed(0)
    nets = ResGenerator(config).to(device), ProjectionDiscriminator(config).to(device)
    x = torch.rand(batch, config.channels, config.resolution, config.resolution, device=device)
    if fast:
        nets = tuple(net.to(memory_format=torch.channels_last) for net in nets)
        x = x.contiguous(memory_format=torch.channels_last)
    adam = {"lr": 1e-4, "betas": (0.0, 0.999), "eps": 1e-6, "fused": fast or None}
    opts = [torch.optim.Adam(net.parameters(), **adam) for net in nets]
    y = torch.arange(batch, device=device) % config.classes
    z = torch.randn(batch, config.z_dim, device=device)
    return Setup(*nets, *opts, (x * 2 - 1, y), (z, y))


def plain_setup(config: GANConfig, batch: int, device: torch.device) -> Setup:
    """Nets of the definition's cost: PyTorch's spectral norm, plain blocks, NCHW, plain Adam."""
    made = _setup(replace(config, sn_g=False, sn_d=False), batch, device, fast=False)
    for net in (made.G, made.D):
        for module in list(net.modules()):
            if isinstance(module, nn.Conv2d | nn.Linear):
                parametrizations.spectral_norm(module)
            if isinstance(module, GBlock):
                module.__class__ = PlainGBlock
            if isinstance(module, DBlock):
                module.__class__ = PlainDBlock
    parametrizations.spectral_norm(made.D.table)
    return made


def plain_step(s: Setup, ema: EMA) -> None:
    """A step as first written: G's graph built for D, two D passes, D's gradients in G's step."""
    (x, y), (z, y_fake) = s.real, s.fake
    s.opt_d.zero_grad()
    scores = s.D(x, y), s.D(s.G(z, y_fake).detach(), y_fake)
    hinge_d(*scores).backward()
    s.opt_d.step()
    s.opt_g.zero_grad()
    hinge_g(s.D(s.G(z, y_fake), y_fake)).backward()
    s.opt_g.step()
    with torch.no_grad():
        for mine, theirs in zip(ema.net.parameters(), s.G.parameters(), strict=True):
            mine.lerp_(theirs, 0.001)


def fast_step(s: Setup, ema: EMA) -> None:
    """The course's step."""
    d_step(s.G, s.D, s.opt_d, s.real, s.fake, descend)
    g_step(s.G, s.D, s.opt_g, s.fake, descend)
    ema.update(s.G)


def _timer(device: torch.device) -> Callable[[], float]:
    if device.type == "cuda":

        def now() -> float:
            torch.cuda.synchronize()
            return time.perf_counter()

        return now
    return time.process_time  # CPU seconds: other programs do not count


def _measure(steps: dict[str, Callable[[], None]], repeats: int, device: torch.device):
    """The fastest of `repeats` for every step, taken in turns, in seconds."""
    now, best = _timer(device), dict.fromkeys(steps, float("inf"))
    for step in steps.values():
        step()
        step()
    for _ in range(repeats):
        for name, step in steps.items():
            began = now()
            step()
            best[name] = min(best[name], now() - began)
    return best


def _flops(step: Callable[[], None]) -> int:
    with FlopCounterMode(display=False) as counter:
        step()
    return counter.get_total_flops()


def _peak(device: torch.device, repeats: int = 5) -> float:
    """FLOP/s of a large matrix product on this device, in the precision of the steps."""
    n, dtype = (8192, torch.bfloat16) if device.type == "cuda" else (1024, torch.float32)
    a = torch.randn(n, n, device=device, dtype=dtype)
    best = _measure({"product": lambda: a @ a}, repeats, device)["product"]
    return 2 * n**3 / best


def bench(quick: bool = False) -> str:
    """Measure and return the table; `quick` takes the smoke profile's nets only."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    cuda = device.type == "cuda"
    cases = [("tiny16", 64)] if quick or not cuda else []
    cases += [("sagan32", 64), ("sagan32", 256)] if cuda else []
    cases += [("sagan32_narrow", 16)] if not (quick or cuda) else []
    peak, repeats = _peak(device), 4 if quick else 8
    unit = "GPU seconds" if cuda else f"CPU seconds, {torch.get_num_threads()} thread(s)"
    lines = [
        f"one D and one G step, best of {repeats}, {unit}; "
        f"a large matrix product reaches {peak / 1e9:,.0f} GFLOP/s here",
        f"{'nets, batch':22s}{'step':>8s}{'ms':>9s}{'images/s':>10s}{'MFLOP/image':>13s}"
        f"{'of peak':>9s}",
    ]
    for preset, batch in cases:
        lines += _case(preset, batch, device, repeats, peak)
    return "\n".join(lines)


def _case(preset: str, batch: int, device: torch.device, repeats: int, peak: float) -> list[str]:
    config = PRESETS[preset]
    slow, fast = plain_setup(config, batch, device), _setup(config, batch, device, fast=True)
    emas = EMA(slow.G, 0.999), EMA(fast.G, 0.999)
    steps = {"plain": lambda: plain_step(slow, emas[0]), "ours": lambda: fast_step(fast, emas[1])}

    def mixed(step: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
                step()

        return run

    steps = {name: mixed(step) for name, step in steps.items()}
    flops = {name: _flops(step) for name, step in steps.items()}
    seconds = _measure(steps, repeats, device)
    lines = [
        f"{f'{preset}, {batch}':22s}{name:>8s}{1e3 * s:9.1f}{batch / s:10,.0f}"
        f"{flops[name] / batch / 1e6:13,.0f}{flops[name] / s / peak:9.0%}"
        for name, s in seconds.items()
    ]
    return [*lines, f"{'':22s}ours is {seconds['plain'] / seconds['ours']:.2f} times as fast"]
