"""Group norm against the memory of this machine, and what one training step costs.

A normalisation computes little for every byte, so copying a tensor of the same size, measured in
the same run, is its limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.chapters.group_normalization.config import CONFIG
from cvlib.course.run.timing import median_over
from cvlib.normalization.functional import group_norm
from cvlib.normalization.norms import ghost, group
from cvlib.normalization.reference import normalize
from cvlib.normalization.traffic import READS_BACKWARD, READS_FORWARD

GROUPS = 32
# Of ResNet-50, beyond most caches; quick: a sixteenth of it
SHAPES = {"cuda": (64, 256, 56, 56), "cpu": (8, 256, 56, 56)}
QUICK = {"cuda": (4, 256, 56, 56), "cpu": (2, 64, 56, 56)}
IMAGES = {"laptop": (3, 32), "workshop": (3, 32)}  # channels and side of the profiles' pictures
Norm = Callable[[Tensor, Tensor, Tensor], Tensor]  # x (N, C, H, W), gamma, beta (C,)


def bench(quick: bool = False) -> str:
    """The two tables: on CUDA the norm in half precision and workshop's net, else laptop's."""
    cuda = torch.cuda.is_available()
    device = torch.device("cuda" if cuda else "cpu")
    dtype = _half() if cuda else torch.float32
    seconds = 0.2 if quick else 2.0  # of every measurement
    shapes = QUICK if quick else SHAPES
    name = torch.cuda.get_device_name() if cuda else f"CPU, {torch.get_num_threads()} thread(s)"
    table = norm_table(shapes[device.type], dtype, device, seconds)
    steps = training_table("workshop" if cuda else "laptop", device, seconds)
    return "\n\n".join([f"on {name}", table, steps])


def norm_table(
    shape: tuple[int, ...], dtype: torch.dtype, device: torch.device, seconds: float
) -> str:  # fmt: skip
    """Forward, and forward with backward, of every implementation against a copy.

    Bytes are counted as in `traffic`: forward 2 reads and 1 write of x, backward 4 and 1. What
    stores intermediate tensors moves more, and so gets fewer of them a second; what takes a
    group's second read from the cache can pass the copy.
    """
    x = torch.randn(shape, device=device, dtype=dtype)
    target = torch.empty_like(x)
    limit = 2 * _bytes(x) / median_over(lambda: target.copy_(x), seconds)
    forward, both = READS_FORWARD + 1, READS_FORWARD + READS_BACKWARD + 2
    lines = [
        f"group norm of {tuple(shape)}, {GROUPS} groups, {str(dtype).removeprefix('torch.')}; "
        f"copying it: {limit / 1e9:.1f} GB/s",
        f"{'':24}" + "".join(f"{h:>34}" for h in ("forward", "forward + backward")),
        f"{'':24}" + f"{'ms':>10}{'MB':>8}{'GB/s':>8}{'of copy':>8}" * 2,
    ]
    for name, norm in implementations(device).items():
        cells = ""
        for moves, call in zip((forward, both), calls(norm, x), strict=True):
            time, size = median_over(call, seconds), moves * _bytes(x)
            cells += f"{1e3 * time:10.3f}{size / 1e6:8.1f}{size / time / 1e9:8.1f}"
            cells += f"{size / time / limit:8.0%}"
        lines.append(f"{name:24}{cells}")
    return "\n".join(lines)


def implementations(device: torch.device) -> dict[str, Norm]:
    """The group norms to compare; Triton's where it is installed and the device is CUDA."""
    found: dict[str, Norm] = {
        "reference normalize": lambda x, w, b: normalize(x, "gn", groups=GROUPS) * _c(w) + _c(b),
        "own GroupNormFunction": lambda x, w, b: group_norm(x, GROUPS, w, b),
        "torch group_norm": lambda x, w, b: F.group_norm(x, GROUPS, w, b),
    }
    if device.type == "cuda":
        try:
            from cvlib.normalization.triton_gn import fused_group_norm
        except ImportError:
            return found
        found["Triton"] = lambda x, w, b: fused_group_norm(x, GROUPS, w, b)
        found["Triton with ReLU"] = lambda x, w, b: fused_group_norm(x, GROUPS, w, b, relu=True)
    return found


def calls(norm: Norm, x: Tensor) -> Iterator[Callable[[], object]]:
    """The two things to time: forward, and forward with the gradients of x, gamma and beta."""
    w, b = (torch.ones(x.shape[1], device=x.device, dtype=x.dtype) for _ in range(2))
    dy, leaves = torch.randn_like(x), [t.detach().requires_grad_() for t in (x, w, b)]
    yield lambda: norm(x, w, b)
    yield lambda: torch.autograd.grad(norm(*leaves), leaves, dy)


def training_table(profile: str, device: torch.device, seconds: float) -> str:
    """Images per second of one SGD step of the profile's network, batch norm against group norm.

    In float32, as the experiment trains.
    """
    study = CONFIG[profile].study
    lines = [f"one training step of profile {profile}'s network, {study.batch} images, float32"]
    for name, norm in (
        ("BN, 32 images per worker", ghost(32)),
        ("BN, 2 images per worker", ghost(2)),
        (f"GN, {study.groups} groups", group(study.groups)),
    ):
        channels, side = IMAGES[profile]
        net = study.net.build(norm, channels, 10).to(device)
        x = torch.randn(study.batch, channels, side, side, device=device)
        time = median_over(training_step(net, x), seconds)
        lines.append(f"{name:26}{1e3 * time:10.2f} ms{study.batch / time:12,.0f} images/s")
    return "\n".join(lines)


def training_step(net: nn.Module, x: Tensor) -> Callable[[], object]:
    """One step of `net` on images x (B, C, H, W): forward, backward, SGD."""
    y = torch.arange(len(x), device=x.device) % 10
    optimizer = torch.optim.SGD(net.parameters(), 0.01, momentum=0.9)
    return partial(_step, net.train(), optimizer, x, y)


def _step(net: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, y: Tensor) -> None:
    loss = F.cross_entropy(net(x), y)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def _half() -> torch.dtype:
    """bfloat16 where the GPU has it, else float16, as a run chooses."""
    if torch.cuda.is_available() and torch.cuda.get_device_capability()[0] < 8:
        return torch.float16
    return torch.bfloat16


def _bytes(x: Tensor) -> int:
    return x.numel() * x.element_size()


def _c(p: Tensor) -> Tensor:
    return p[:, None, None]
