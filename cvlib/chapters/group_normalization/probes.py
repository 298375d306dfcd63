"""Small measurements behind the chapter's pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from cvlib.normalization.reference import normalize
from cvlib.normalization.resnet import resnet50
from cvlib.normalization.traffic import norm_traffic

T4 = {"bytes_per_s": 320e9, "flops_per_s": 65e12}  # datasheet: memory, fp16 tensor cores
STAGES = ("stem", "stages.0", "stages.1", "stages.2", "stages.3")
NAMES = ("stem", "C2", "C3", "C4", "C5")


def partners(count: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """One image's 8 channels on a 1x1 map, normalised together with `count` other images.

    Returns the partners' first channel (count,), and the same image's first channel after batch
    norm and after group norm with 2 groups (count,).
    """
    generator = torch.Generator().manual_seed(seed)
    image = torch.randn(1, 8, 1, 1, generator=generator)
    image[0, 0] = 0.3  # an ordinary value: a little over a third of the partners are larger
    others = torch.randn(count, 8, 1, 1, generator=generator)
    pairs = [torch.cat([image, other[None]]) for other in others]
    bn = torch.stack([normalize(pair, "bn")[0, 0, 0, 0] for pair in pairs])
    gn = torch.stack([normalize(pair, "gn", groups=2)[0, 0, 0, 0] for pair in pairs])
    return others[:, 0, 0, 0], bn, gn


def variance_estimates(m: int, draws: int = 4000, seed: int = 0) -> np.ndarray:
    """Unbiased variance estimates from m standard normal values each: (draws,)."""
    generator = torch.Generator().manual_seed(seed)
    chunks = [torch.randn(draws // 8, m, generator=generator).var(1) for _ in range(8)]
    return torch.cat(chunks).numpy()


@torch.no_grad()
def logits_in_batches(
    net: nn.Module, x: Tensor, batches: int = 20, size: int = 64, seed: int = 0
) -> Tensor:
    """The logits of image x[0] in training mode, in `batches` random batches: (batches, classes).

    The mode and the running statistics are put back.
    """
    generator = torch.Generator().manual_seed(seed)
    state = {k: v.clone() for k, v in net.state_dict().items()}
    net.train()
    rows = []
    for _ in range(batches):
        others = 1 + torch.randperm(len(x) - 1, generator=generator)[: size - 1]
        rows.append(net(torch.cat([x[:1], x[others]]))[0])
    net.load_state_dict(state)
    net.eval()
    return torch.stack(rows)


def stage_times(size: int = 224, rate: dict[str, float] = T4) -> tuple[list[float], list[float]]:
    """The least µs per image of normalisation and convolution in each stage of ResNet-50.

    Half precision, forward and backward. Both have two limits, bytes over bandwidth and FLOPs
    over peak rate, and the larger one counts; a normalisation's is always the first. Weights are
    left out: a batch shares them.
    """
    net = resnet50(nn.BatchNorm2d)
    norm = dict.fromkeys(STAGES, 0.0)
    conv = dict.fromkeys(STAGES, 0.0)

    def count(layer: nn.Conv2d, inputs: tuple[Tensor, ...], y: Tensor) -> None:
        work = 3 * 2 * y.numel() * layer.weight[0].numel()  # forward, and twice that backward
        moved = 2 * 3 * (inputs[0].numel() + y.numel())  # each read twice and written once
        least = max(moved / rate["bytes_per_s"], work / rate["flops_per_s"])
        conv[_stage(stage_of[layer])] += 1e6 * least

    stage_of = {m: name for name, m in net.named_modules() if isinstance(m, nn.Conv2d)}
    for layer in stage_of:
        layer.register_forward_hook(count)
    for layer in norm_traffic(net, (1, 3, size, size)):
        norm[_stage(layer.name)] += 1e6 * layer.bytes() / rate["bytes_per_s"]
    return list(norm.values()), list(conv.values())


def _stage(name: str) -> str:
    return next(stage for stage in STAGES if name.startswith(stage))


@dataclass(frozen=True)
class Part:
    """One part of a network: what it is, its output (C, H, W), parameters, and m of its norms."""

    name: str
    blocks: int
    shape: tuple[int, ...]
    parameters: int
    m: int


@torch.no_grad()
def parts(net: nn.Module, size: tuple[int, int, int, int]) -> list[Part]:
    """The stem and the stages of a residual network for an input of `size` (N, C, H, W).

    `m` counts the values behind one mean of batch norm in the part's last norm.
    """
    last = {}
    for layer in norm_traffic(net, size):
        name = layer.name.split(".")
        last[".".join(name[:2] if name[0] == "stages" else name[:1])] = layer
    found = []
    for name, layer in last.items():
        part = net.get_submodule(name)
        count = sum(p.numel() for p in part.parameters())
        blocks = len(part) if name.startswith("stages") else 1
        found.append(Part(name, blocks, layer.shape[1:], count, layer.m))
    return found
