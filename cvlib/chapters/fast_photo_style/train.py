"""The loop that trains decoders to give photos back, which the authors never released."""

from __future__ import annotations

import torch
from torch import Tensor

from cvlib.course.run.run import Run
from cvlib.course.run.task import Task
from cvlib.stylization.photowct import Decoder, Encoder
from cvlib.stylization.reconstruction import (
    MODES,
    Reconstruction,
    fit_first_decoder,
    make_decoders,
    random_patches,
)


def train(
    run: Run, encoder: Encoder, shipped: dict[str, Decoder], squares: Tensor
) -> dict[str, Decoder]:
    """Decoders of both modes for the configured levels, keyed "mode-level".

    squares: photos, uint8 (N, 3, S, S). Level 1 is solved by least squares; the others go on from
    `shipped` where there are any, else from nothing.
    """
    config, device = run.config, run.device
    squares = squares.to(device)
    fresh = make_decoders(encoder.widths, encoder.depths, config.levels, MODES)
    fresh = {name: d for name, d in fresh.items() if d.level > 1}
    trained = {name: shipped.get(name, d).requires_grad_(True) for name, d in fresh.items()}

    loss_of = Reconstruction(encoder, trained).to(device)
    parallel = run.distribute(loss_of)
    optimizer = torch.optim.Adam(loss_of.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=config.lr, total_steps=config.steps + 1
    )
    parts = {"decoders": loss_of, "optimizer": optimizer, "schedule": schedule}
    with run.task("decoders", **parts) as task:
        for step in task.steps(config.steps):
            x = patches(run, task, squares, step)  # (B, 3, patch, patch)
            loss = training_step(task, optimizer, parallel, x)
            schedule.step()
            task.log(step, loss=loss)

    some = random_patches(squares[:64], config.patch, task.generator(config.steps))
    for mode in MODES:
        trained[f"{mode}-1"] = fit_first_decoder(encoder, some, mode)
    return {name: decoder.requires_grad_(False) for name, decoder in trained.items()}


def patches(run: Run, task: Task, squares: Tensor, step: int) -> Tensor:
    """This step's random patches (B, 3, patch, patch), with foreign colours mostly."""
    chosen = task.batch(step, len(squares), run.config.batch)
    return random_patches(squares[chosen], run.config.patch, task.generator(step))


def training_step(
    task: Task, optimizer: torch.optim.Optimizer, loss_of: torch.nn.Module, x: Tensor
) -> Tensor:
    """One step of the optimiser on the reconstruction loss of patches x; the loss."""
    rows = torch.arange(len(x), device=x.device)
    return task.descend(optimizer, lambda i: loss_of(x[i]), rows)
