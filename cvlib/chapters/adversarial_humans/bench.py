"""What a step of the attack costs: one graph at a time against the joint graph, and the retina."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from cvlib.adversarial.attack import EnsembleAttack
from cvlib.adversarial.coarse import CoarseTask
from cvlib.adversarial.nets import NETS, Size
from cvlib.adversarial.retina import RetinaBlur
from cvlib.adversarial.viewing import ViewingGeometry
from cvlib.chapters.adversarial_humans.config import DIGIT_PAIRS
from cvlib.course.run.timing import median_of

BATCH = 50


def joint_gradient(attack: EnsembleAttack, x: Tensor, target: Tensor) -> Tensor:
    """The same gradient (B, C, S, S) from one graph through all models at once."""
    x = x.clone().requires_grad_()
    seen = attack.front(x)  # (B, C, S, S)
    log_p = [attack.task.log_prob(model(seen), target) for model in attack.models]
    J = -torch.stack(log_p).mean(0).sum()
    return torch.autograd.grad(J, x)[0]


def kept_bytes(work: Callable[[], object]) -> int:
    """The most bytes of tensors that autograd holds for backward at one time while `work` runs."""
    held, most = 0, 0

    class Kept:
        def __init__(self, tensor: Tensor) -> None:
            nonlocal held, most
            self.tensor = tensor
            held += tensor.nbytes
            most = max(most, held)

        def __del__(self) -> None:
            nonlocal held
            held -= self.tensor.nbytes

    with torch.autograd.graph.saved_tensors_hooks(Kept, lambda kept: kept.tensor):
        work()
    return most


def bench(quick: bool = False) -> str:
    """Images per second of a step by model, both ways through the ensemble, the retina's share."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    size = Size() if quick or device.type == "cpu" else Size(channels=3, pixels=32, width=64)
    repeats = 3 if quick else 15
    task = CoarseTask(DIGIT_PAIRS, size.classes)
    zoo = {name: frozen(make(size)).to(device) for name, make in NETS.items()}
    x = torch.rand(BATCH, size.channels, size.pixels, size.pixels, device=device)
    target = torch.zeros(BATCH, dtype=torch.long, device=device)
    retina = RetinaBlur(ViewingGeometry(size.pixels), 0.25).to(device)

    def attack(names: list[str], front: nn.Module | None = None) -> EnsembleAttack:
        return EnsembleAttack([zoo[n] for n in names], task, eps=32, step=3, steps=1, front=front)

    lines = [f"device {device}, {BATCH} images of {size.pixels} px, median of {repeats}"]
    for name in NETS:
        took = median_of(lambda name=name: attack([name]).gradient(x, target), repeats)
        lines.append(f"{name}: {BATCH / took:,.0f} images/s a step")
    everyone = attack(list(NETS))
    for what, work in (
        ("one graph at a time", lambda: everyone.gradient(x, target)),
        ("joint graph", lambda: joint_gradient(everyone, x, target)),
    ):
        took, held = median_of(work, repeats), kept_bytes(work)
        rate = BATCH / took
        lines.append(f"four nets, {what}: {rate:,.0f} images/s, {held / 1e6:.1f} MB kept")
    bare = median_of(lambda: everyone.gradient(x, target), repeats)
    seen = median_of(lambda: attack(list(NETS), retina).gradient(x, target), repeats)
    lines.append(f"retina: {max(0.0, 1 - bare / seen):.0%} of a step through it")
    return "\n".join(lines)


def frozen(net: nn.Module) -> nn.Module:
    """The net in evaluation mode, its weights without gradients."""
    return net.eval().requires_grad_(False)
