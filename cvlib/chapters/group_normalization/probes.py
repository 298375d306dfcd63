"""Small measurements behind the chapter's pictures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cvlib.normalization.reference import normalize
from cvlib.normalization.resnet import plain_cnn, resnet50
from cvlib.normalization.traffic import norm_traffic

PERCENTILES = (1, 20, 80, 99)  # as in the paper's figure on VGG-16
T4 = {"bytes_per_s": 320e9, "flops_per_s": 65e12}  # datasheet: memory, fp16 tensor cores
STAGES = ("stem", "stages.0", "stages.1", "stages.2", "stages.3")


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


def activation_percentiles(
    norm: Callable[[int], nn.Module] | None, x: Tensor, y: Tensor, steps: int = 60, seed: int = 0
) -> np.ndarray:
    """Percentiles of the last convolution's normalised output over a short training: (steps, 4)."""
    torch.manual_seed(seed)
    net = plain_cnn(norm)
    relus = [i for i, layer in enumerate(net) if isinstance(layer, nn.ReLU)]
    late, head = net[: relus[-1]], net[relus[-1] :]
    optimizer = torch.optim.SGD(net.parameters(), 0.05, momentum=0.9)
    curve = []
    for step in range(steps):
        chosen = torch.arange(step * 64, (step + 1) * 64) % len(x)
        activation = late(x[chosen])
        loss = F.cross_entropy(head(activation), y[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        curve.append(np.percentile(activation.detach().numpy(), PERCENTILES))
    return np.stack(curve)


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

    Half precision, forward and backward: bytes over bandwidth, FLOPs over peak rate.
    """
    net = resnet50(nn.BatchNorm2d)
    flops = dict.fromkeys(STAGES, 0.0)

    def count(conv: nn.Conv2d, _: object, y: Tensor) -> None:
        work = 2 * y.numel() * conv.weight[0].numel()
        flops[stage_of[conv]] += 3 * work  # forward, and twice that backward

    stage_of = {m: _stage(name) for name, m in net.named_modules() if isinstance(m, nn.Conv2d)}
    for conv in stage_of:
        conv.register_forward_hook(count)
    bytes_ = dict.fromkeys(STAGES, 0.0)
    for layer in norm_traffic(net, (1, 3, size, size)):
        bytes_[_stage(layer.name)] += layer.bytes()
    norm = [1e6 * bytes_[s] / rate["bytes_per_s"] for s in STAGES]
    return norm, [1e6 * flops[s] / rate["flops_per_s"] for s in STAGES]


def _stage(name: str) -> str:
    return next(stage for stage in STAGES if name.startswith(stage))
