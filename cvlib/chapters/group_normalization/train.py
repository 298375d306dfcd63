"""The two loops of the chapter: a classifier from scratch, and street scenes from a classifier."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.chapters.group_normalization.config import ResNet50, SmallNet, Study, Transfer
from cvlib.course.run.run import Run
from cvlib.course.run.task import Task
from cvlib.metrics.segmentation import confusion, mean_iou
from cvlib.normalization import protocols
from cvlib.normalization.evaluate import error_rate, predict
from cvlib.normalization.images import Sets, crop_and_flip
from cvlib.normalization.protocols import Protocol
from cvlib.normalization.resnet import Norm
from cvlib.normalization.segmentation import FCN, VOID, Scenes

SCHEDULES = {"cosine": protocols.cosine, "steps_of_ten": protocols.steps_of_ten}
MOMENTUM = 0.9


@dataclass(frozen=True)
class Arm:
    """One training of a study: its test error is the value of `metric`."""

    name: str
    metric: str
    study: Study
    net: SmallNet | ResNet50
    norm: Norm  # channels -> layer
    protocol: Protocol
    by_class: bool = False  # the images of a batch come sorted, so that workers see few classes

    @property
    def steps_per_epoch(self) -> int:
        """SGD steps of one epoch; the last short batch is dropped."""
        return self.study.train_images // self.protocol.batch

    @property
    def steps(self) -> int:
        """SGD steps of the training: epochs are equal, so a smaller batch takes more steps."""
        return self.study.epochs * self.steps_per_epoch


def train(run: Run, arm: Arm, sets: Sets) -> tuple[nn.Module, float]:
    """Train the arm; returns its network and its test error in %, a median over the last epochs.

    All in float32: automatic mixed precision would run group norm and batch norm differently.
    """
    study = arm.study
    torch.manual_seed(run.seed)  # all arms with the same shapes start from the same weights
    net = arm.net.build(arm.norm, sets.x.shape[1], len(sets.classes)).to(run.device)
    model = run.distribute(net)
    optimizer = torch.optim.SGD(
        net.parameters(), arm.protocol.lr, MOMENTUM, weight_decay=study.weight_decay
    )  # weight decay on gamma and beta too, as in the paper's Sec. 4.1
    factor = SCHEDULES[study.schedule]

    with run.task(arm.name, model=net, optimizer=optimizer) as task:
        for step in task.steps(arm.steps):
            images, labels = batch(task, step, arm, sets)  # (B, C, H, W), (B,)
            optimizer.param_groups[0]["lr"] = arm.protocol.lr * factor(step, arm.steps)

            net.train()
            logits = model(images)  # (B, classes)
            loss = F.cross_entropy(logits, labels)

            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()

            task.log(step, loss=run.mean_over_ranks(loss.detach()))
            epoch, place = divmod(step + 1, arm.steps_per_epoch)
            if place == 0 and (study.epochs - epoch) % study.tested_every == 0:
                task.log(step, error=error_rate(net, *sets.test()))

    tested = [line for line in task.history if "error" in line]
    run.note("test error by step", [[line["step"] + 1, line["error"]] for line in tested])
    return net, median(line["error"] for line in tested[-study.last_epochs :])


def batch(task: Task, step: int, arm: Arm, sets: Sets) -> tuple[Tensor, Tensor]:
    """This process's share of the step's batch: images (B, C, H, W), normalised, and labels."""
    size = arm.protocol.batch
    pad = arm.study.pad
    chosen = task.batch(step, len(sets.x), size).to(sets.x.device)  # (B,)
    labels = sets.y[chosen]
    if arm.by_class:
        order = labels.argsort(stable=True)
        chosen = chosen[order]
        labels = labels[order]
    images = sets.normalized(sets.x[chosen])  # (B, C, H, W)
    if pad:
        generator = task.generator(step)
        device = sets.x.device
        shift = torch.randint(0, 2 * pad + 1, (size, 2), generator=generator, device=device)
        flip = torch.rand(size, generator=generator, device=device) < 0.5
        images = crop_and_flip(images, task.shard(shift), task.shard(flip), pad)
    return images, labels


@dataclass(frozen=True)
class Tuning:
    """One fine-tuning on street scenes: mean intersection over union is the value of `metric`."""

    name: str
    metric: str
    settings: Transfer
    network: Callable[[Run, int], FCN]  # from a run and the number of classes
    decay_norms: bool = False


def fine_tune(run: Run, tuning: Tuning, scenes: Scenes) -> tuple[nn.Module, float]:
    """Train an FCN on the scenes; returns it and its mean IoU in % on the test scenes."""
    settings = tuning.settings
    torch.manual_seed(run.seed)
    net = tuning.network(run, len(scenes.classes)).to(run.device)
    model = run.distribute(net)
    optimizer = torch.optim.SGD(parameters(net, tuning), settings.lr, MOMENTUM)
    total = tuning_steps(settings, len(scenes.x))

    with run.task(tuning.name, model=net, optimizer=optimizer) as task:
        for step in task.steps(total):
            chosen = task.batch(step, len(scenes.x), settings.batch).to(scenes.x.device)
            coin = torch.rand(settings.batch, generator=task.generator(step), device=run.device)
            flip = task.shard(coin < 0.5)
            images, labels = scenes.batch(chosen, flip)  # (B, 3, H, W), (B, H, W)
            for group in optimizer.param_groups:
                group["lr"] = settings.lr * protocols.cosine(step, total)

            net.train()
            scores = model(images)  # (B, classes, H, W)
            loss = F.cross_entropy(scores, labels, ignore_index=VOID)

            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()

            task.log(step, loss=run.mean_over_ranks(loss.detach()))

    answered = predict(net, scenes.normalized(scenes.test_x), batch=16)  # (N, H, W)
    table = confusion(answered, scenes.test_y, len(scenes.classes))
    return net, mean_iou(table)


def tuning_steps(settings: Transfer, scenes: int) -> int:
    """SGD steps of a fine-tuning."""
    return settings.epochs * (scenes // settings.batch)


def parameters(net: nn.Module, tuning: Tuning) -> list[dict[str, object]]:
    """Two groups for SGD: what decays, and gamma and beta, which decay only if asked for."""
    norms: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for parameter in net.parameters():
        (norms if parameter.ndim == 1 else others).append(parameter)
    decay = tuning.settings.weight_decay
    return [
        {"params": others, "weight_decay": decay},
        {"params": norms, "weight_decay": decay if tuning.decay_norms else 0.0},
    ]
