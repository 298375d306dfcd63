"""The small digit nets that ship with the course: three builds, plain and behind a retina.

`python -m cvlib.adversarial.shipped FOLDER` packs them from the weights that a finished laptop run
of chapter 02 kept in FOLDER/seedN; the seed is none of the recorded ones.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import nn

from cvlib.adversarial.nets import NETS, Size
from cvlib.course.data import path
from cvlib.course.errors import CourseError
from cvlib.course.paths import SAMPLES

FILE = "adversarial_digits.pt"
SHIPPED = ("pooling", "residual", "depthwise")  # "plain", the largest, is trained by each run
VIEWERS = ("plain", "retina")


def digit_net(name: str, viewer: str) -> nn.Module:
    """A trained net for digits of 28 px, frozen; `viewer` retina: it was trained behind one."""
    if name not in SHIPPED or viewer not in VIEWERS:
        raise CourseError(f"no net {name} ({viewer}) ships: choose of {', '.join(SHIPPED)}")
    states = torch.load(path("adversarial-digits/nets"), map_location="cpu", weights_only=True)
    net = NETS[name](Size())
    net.load_state_dict({key: value.float() for key, value in states[f"{name}-{viewer}"].items()})
    return net.eval().requires_grad_(False)


def pack(folder: Path) -> None:
    """Write the shipped file from the half-precision weights of one seed's run."""
    states = {
        f"{name}-{viewer}": torch.load(
            folder / "weights" / f"net-{name}-{viewer}.pt", map_location="cpu", weights_only=True
        )
        for name in SHIPPED
        for viewer in VIEWERS
    }
    torch.save(states, SAMPLES / FILE)
    print(f"{FILE}: {(SAMPLES / FILE).stat().st_size / 1e3:.0f} kB from {folder.name}")


if __name__ == "__main__":
    pack(Path(sys.argv[1]))
