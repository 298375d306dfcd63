"""The targeted attack on an ensemble of networks, one network's graph in memory at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cvlib.adversarial.coarse import CoarseTask
from cvlib.course.errors import CourseError

LEVELS = 255  # eps and step are counted in levels of 8-bit pixels


@dataclass(frozen=True)
class AttackResult:
    """Perturbed images (B, C, S, S), the loss at every step, and which network each image fools.

    `fooled` (k, B): the target is the likeliest coarse class of the k-th network.
    """

    x_adv: Tensor
    loss: list[float]
    fooled: Tensor


class EnsembleAttack:
    """Raise the mean log-probability of a coarse target over all `models` within +-eps levels.

    `models` map images in [0, 1] to logits; `front`, such as a retina, is applied to the image
    once for all of them. `eps` and `step` are levels of 255.
    """

    def __init__(
        self, models: Sequence[nn.Module], task: CoarseTask, *, eps: float, step: float,
        steps: int, front: nn.Module | None = None,
    ) -> None:  # fmt: skip
        if not models:
            raise CourseError("an ensemble needs at least one model")
        if not 0 < eps <= LEVELS or step <= 0 or steps < 1:
            raise CourseError(
                f"eps {eps:g}, step {step:g}, steps {steps}: give 0 < eps <= {LEVELS} levels, "
                "a positive step and at least 1 step"
            )
        self.models, self.task, self.front = list(models), task, front or nn.Identity()
        self.eps, self.step, self.steps = eps / LEVELS, step / LEVELS, steps

    def run(self, x: Tensor, target: Tensor) -> AttackResult:
        """Attack images x (B, C, S, S) in [0, 1] towards the coarse classes `target` (B,)."""
        self._check(x)
        x_adv = x.detach()
        history = []
        for _ in range(self.steps):
            loss, gradient = self.gradient(x_adv, target)
            x_adv = x_adv - self.step * gradient.sign()
            x_adv = torch.clamp(x_adv, x - self.eps, x + self.eps)  # the box first,
            x_adv = x_adv.clamp(0, 1)  # then what a screen can show
            history.append(loss)
        losses = torch.stack(history).tolist()  # read once: a step never waits for a GPU
        return AttackResult(x_adv, losses, self.fooled(x_adv, target))

    def gradient(self, x: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """J = -mean_k log P_k(target | x), the mean () over images, and the gradient (B, C, S, S).

        The gradient is that of the sum over images: each image is attacked for itself. What each
        network says about the image behind `front` is collected there and sent back through
        `front` once; the sum of gradients is the gradient of the sum.
        """
        x = x.detach().requires_grad_()
        seen = self.front(x)  # (B, C, S, S)
        leaf = seen.detach().requires_grad_()

        loss = leaf.new_zeros(())
        collected = torch.zeros_like(leaf)
        for model in self.models:
            J = -self.task.log_prob(model(leaf), target) / len(self.models)  # (B,)
            collected += torch.autograd.grad(J.sum(), leaf)[0]  # frees this model's graph
            loss += J.detach().mean()

        (gradient,) = torch.autograd.grad(seen, x, collected)
        return loss, gradient

    @torch.no_grad()
    def fooled(self, x: Tensor, target: Tensor) -> Tensor:
        """Which network (k, B) takes `target` (B,) for the likeliest coarse class of x."""
        seen = self.front(x)
        chosen = [self.task.log_probs(model(seen)).argmax(1) for model in self.models]
        return torch.stack(chosen) == target

    @torch.no_grad()
    def _check(self, x: Tensor) -> None:
        if float(x.min()) < 0 or float(x.max()) > 1:
            raise CourseError("images to attack are displayed pixels in [0, 1]: divide by 255")
        seen = self.front(x[:1])
        for place, model in enumerate(self.models, 1):
            out = model(seen)  # (1, fine)
            if out.ndim == 2 and float(out.min()) >= 0 and abs(float(out.sum()) - 1) < 1e-4:
                raise CourseError(
                    f"model {place} seems to return probabilities: give its logits, whose "
                    "gradient does not vanish where it is sure"
                )
