"""The networks: one encoder for every task, small read-outs, and many read-outs as one network.

B pictures, G read-outs side by side, S source codes for each, codes of 8 x 8 x 8 numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.course.errors import CourseError
from cvlib.taskonomy.tasks import Task

CODE = 8  # channels of a code, and the side of its map (the paper's: 8 channels of 16 x 16)
WIDTH = 32  # channels of a read-out


class Encoder(nn.Module):
    """Picture (B, 3, H, W) -> code (B, 8, 8, 8); each width halves the map once."""

    def __init__(self, size: int, widths: Sequence[int]) -> None:
        super().__init__()
        if size != CODE * 2 ** len(widths):
            raise CourseError(
                f"{len(widths)} halvings take {CODE * 2 ** len(widths)} pixels to {CODE}, "
                f"not {size}: change the widths"
            )
        layers: list[nn.Module] = []
        for before, after in zip((3, *widths), widths, strict=False):
            layers += [
                nn.Conv2d(before, after, 3, 2, 1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(),
            ]
        last = widths[-1]
        layers += [nn.Conv2d(last, last, 3, 1, 1, bias=False), nn.BatchNorm2d(last), nn.ReLU()]
        self.body = nn.Sequential(*layers)
        self.to_code = nn.Conv2d(last, CODE, 3, 1, 1)

    def forward(self, picture: Tensor) -> Tensor:
        """The code of each picture; pictures are in [0, 1]."""
        x = self.body(2 * picture - 1)  # (B, widths[-1], 8, 8)
        return self.to_code(x)  # (B, 8, 8, 8)


class Readouts(nn.Module):
    """`heads` small decoders of one task, trained side by side in grouped convolutions.

    Each reads its own `sources` codes. Nothing is shared, so each ends as if trained alone
    (Adam works number by number); one step costs a few large operations, not many small ones.
    """

    def __init__(
        self, task: Task, size: int, *, sources: int = 1, heads: int = 1, width: int = WIDTH
    ) -> None:
        super().__init__()
        self.task, self.heads = task, heads
        self.scale = size // CODE
        self.first = nn.Conv2d(heads * sources * CODE, heads * width, 3, 1, 1, groups=heads)
        if task.kind == "vector":
            inputs, outputs = heads * width * 16, heads * task.channels
            self.second = nn.Conv1d(inputs, heads * 2 * width, 1, groups=heads)
            self.last = nn.Conv1d(heads * 2 * width, outputs, 1, groups=heads)
        else:
            outputs = heads * task.channels * self.scale**2
            self.second = nn.Conv2d(heads * width, heads * width, 3, 1, 1, groups=heads)
            self.last = nn.Conv2d(heads * width, outputs, 1, groups=heads)

    def forward(self, codes: Tensor) -> Tensor:
        """codes (B, G*S*8, 8, 8), head after head -> (B, G, C, H, W), or (B, G, C) for vectors."""
        x = F.relu(self.first(codes))  # (B, G*width, 8, 8)

        if self.task.kind == "vector":
            x = F.max_pool2d(x, 2).flatten(1)  # (B, G*width*16)
            x = F.relu(self.second(x[..., None]))  # (B, G*2*width, 1)
            return self.last(x).reshape(len(x), self.heads, -1)  # (B, G, C)

        x = F.relu(self.second(x))  # (B, G*width, 8, 8)
        x = self.last(x)  # (B, G*C*scale², 8, 8)
        x = x.reshape(len(x) * self.heads, -1, CODE, CODE)
        x = F.pixel_shuffle(x, self.scale)  # (B*G, C, H, W)
        return x.reshape(len(codes), self.heads, *x.shape[1:])  # (B, G, C, H, W)


class TaskNet(nn.Module):
    """Encoder and one decoder: a task-specific network (Sec. 3.1)."""

    def __init__(self, task: Task, size: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.encoder = Encoder(size, widths)
        self.decoder = Readouts(task, size)

    def forward(self, picture: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, 1, C, H, W), or (B, 1, C) for vectors."""
        return self.decoder(self.encoder(picture))


@torch.no_grad()
def codes(encoder: Encoder, rgb: Tensor, training: int, batch: int = 256) -> Tensor:
    """Frozen codes (N, 8, 8, 8) of all pictures, whitened channel by channel.

    Mean and deviation are those of the first `training` pictures, as the paper's batch norm in
    front of a transfer: otherwise the largest code would dominate where several are joined.
    """
    encoder.eval()
    found = torch.cat([encoder(part) for part in rgb.split(batch)])
    reference = found[:training]
    mean = reference.mean((0, 2, 3), keepdim=True)
    deviation = reference.std((0, 2, 3), keepdim=True)
    return (found - mean) / (deviation + 1e-6)


@torch.no_grad()
def random_encoder(rgb: Tensor, size: int, widths: Sequence[int], seed: int) -> Encoder:
    """An encoder that was never trained; its batch norms know the pictures (N, 3, H, W)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder = Encoder(size, widths).to(rgb.device)
    encoder.train()
    for layer in encoder.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = None  # a plain average over the batches
    for part in rgb.split(256):
        encoder(part)
    return encoder.eval()


def gathered(table: Sequence[Tensor], which: Sequence[Sequence[int]], rows: Tensor) -> Tensor:
    """The codes (B, G*S*8, 8, 8) that G read-outs of S sources each read for these pictures.

    table: the codes of every source, (N, 8, 8, 8) each; which: the sources of every read-out.
    """
    return torch.cat([table[source][rows] for sources in which for source in sources], 1)
