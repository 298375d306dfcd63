"""Faults that the fake GPU must find, and a right step in which it must find none."""

from tests.fakecuda import device  # isort: skip  (before torch)

import json

import torch
from torch import nn


def right(gpu):
    """A training step as it should be."""
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten()).to("cuda")
    optimizer = torch.optim.Adam(net.parameters(), fused=False, foreach=True)
    x = torch.zeros(20, 3, 8, 8).to("cuda")
    order = torch.randperm(20).to("cuda")
    noise = torch.Generator("cuda").manual_seed(1)
    gpu.clear()
    batch = x[order[:4]] + torch.rand(4, 3, 8, 8, generator=noise, device="cuda")
    with torch.autocast("cuda", torch.bfloat16):
        loss = net(batch).float().square().mean()
    loss.backward()
    optimizer.step()


def mismatch(gpu):
    """A target that was left on the CPU."""
    nn.functional.mse_loss(torch.zeros(3).to("cuda"), torch.zeros(3))


def index(gpu):
    """Indices on the CPU."""
    torch.zeros(9).to("cuda")[torch.arange(3)]


def mask(gpu):
    """A boolean mask: the CPU must know how many there are."""
    x = torch.zeros(9).to("cuda")
    x[x > 0]


def item(gpu):
    """A loss that is read in every step."""
    float(torch.zeros(9).to("cuda").sum())


def generator(gpu):
    """A generator of the CPU for noise on the GPU."""
    torch.rand(3, generator=torch.Generator(), device="cuda")


def half(gpu):
    """A sum over bfloat16."""
    torch.zeros(9, dtype=torch.bfloat16).to("cuda").sum()


def kept(gpu):
    """No fault: numbers that are kept in half precision, picked and computed with in float32."""
    x = torch.zeros(9, dtype=torch.float16).to("cuda")
    gpu.clear()
    x[torch.arange(3).to("cuda")].float().sum()


def found(fault):
    """What the fake GPU says of one fault."""
    error = ""
    with device.FakeCuda() as gpu:
        try:
            fault(gpu)
        except RuntimeError as problem:
            error = str(problem)
    return {
        "syncs": list(gpu.syncs),
        "strangers": list(gpu.strangers),
        "half": list(gpu.half),
        "half_sums": list(gpu.half_sums),
        "launches": gpu.launches,
        "error": error,
    }


if __name__ == "__main__":
    faults = (right, mismatch, index, mask, item, generator, half, kept)
    print(json.dumps({fault.__name__: found(fault) for fault in faults}))
