"""One training of one arm: a plain loop."""

from __future__ import annotations

from statistics import median

import torch
from torch import Tensor
from torch.nn import functional as F

from cvlib.chapters.group_normalization.arms import Arm, Config
from cvlib.course.run.run import Run
from cvlib.course.run.task import Task
from cvlib.normalization import protocols
from cvlib.normalization.evaluate import batch_statistics_error, error_rate, precise_error
from cvlib.normalization.images import Sets, crop_and_flip

SCHEDULES = {"cosine": protocols.cosine, "steps_of_ten": protocols.steps_of_ten}
MOMENTUM = 0.9
PROBED = ("bn-32", "bn-2")  # whose running statistics are compared with exact ones


def total_steps(arm: Arm, config: Config, examples: int) -> int:
    """SGD steps of an arm: epochs are equal, so a smaller batch takes more steps."""
    return config.epochs * (examples // arm.protocol.batch)


def train(run: Run, arm: Arm, config: Config, sets: Sets) -> float:
    """Train the arm and return its test error in %, the median over the last epochs."""
    torch.manual_seed(run.seed)  # all arms with the same shapes start from the same weights
    net = arm.build(sets.x.shape[1], len(sets.classes)).to(run.device)
    model = run.distribute(net)
    optimizer = torch.optim.SGD(
        net.parameters(), arm.protocol.lr, MOMENTUM, weight_decay=config.weight_decay
    )  # weight decay on gamma and beta too, as in the paper
    total, per_epoch = total_steps(arm, config, len(sets.x)), len(sets.x) // arm.protocol.batch
    factor = SCHEDULES[config.schedule]
    with run.task(arm.name, model=net, optimizer=optimizer) as task:
        for step in task.steps(total):
            net.train()
            optimizer.param_groups[0]["lr"] = arm.protocol.lr * factor(step, total)
            images, labels = batch(task, step, arm, config, sets)
            loss = task.descend(
                optimizer,
                lambda i, x=images, y=labels: F.cross_entropy(model(x[i]), y[i]),
                torch.arange(len(images), device=run.device),
                multiple=arm.protocol.images_per_worker,
            )
            task.log(step, loss=loss)
            if (step + 1) % per_epoch == 0 and total - step <= config.last_epochs * per_epoch:
                task.log(step, error=error_rate(net, *sets.test()))
    if arm.name in PROBED:
        probe(run, arm, net, sets)
    run.memo(f"images/s of {arm.name}", round(total * arm.protocol.batch / max(task.seconds, 1e-9)))
    return median(line["error"] for line in task.history if "error" in line)


def batch(
    task: Task, step: int, arm: Arm, config: Config, sets: Sets
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """This process's share of the step's batch: images (B, C, H, W), normalised, and labels."""
    size = arm.protocol.batch
    chosen = task.batch(step, len(sets.x), size).to(sets.x.device)
    images = sets.normalized(sets.x[chosen])
    if config.pad:
        generator = task.generator(step)
        draw = {"generator": generator, "device": sets.x.device}
        shift = torch.randint(0, 2 * config.pad + 1, (size, 2), **draw)
        flip = torch.rand(size, **draw) < 0.5
        images = crop_and_flip(images, task.shard(shift), task.shard(flip), config.pad)
    return images, sets.y[chosen]


def probe(run: Run, arm: Arm, net: torch.nn.Module, sets: Sets) -> None:
    """What batch norm's error owes to its running statistics: exact ones, and the batch's own."""
    n, size = arm.protocol.images_per_worker, arm.protocol.batch
    x, y = sets.test()
    exact = precise_error(net, sets.normalized(sets.x[: 32 * size]), x, y, size)
    run.measure(f"bn_precise_error_{n}", exact, len(y))
    own = batch_statistics_error(net, x, y, size)
    run.measure(f"bn_batch_error_{n}", own, len(y) // size * size)
