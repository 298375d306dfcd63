"""Photographs of pets, hazards and vegetables: one of each of ImageNet's 148 classes that count."""

from __future__ import annotations

import torch
from torch import Tensor

from cvlib.adversarial.coarse import IMAGENET_GROUPS, CoarseTask
from cvlib.adversarial.imagenet_nets import offline_zoo
from cvlib.adversarial.retina import RetinaBlur
from cvlib.adversarial.stimuli import of_the_groups
from cvlib.adversarial.transfer import Lab
from cvlib.adversarial.viewing import ViewingGeometry
from cvlib.course import data
from cvlib.course.data import formats

LABEL = "ImageNet samples (one photo a class, 240 px copy)"
CLASSES = 1000
PARTS = 3  # as many as a record has seeds


def photo_task() -> CoarseTask:
    """Dog or cat, snake or spider, broccoli or cabbage over ImageNet's 1000 classes."""
    return CoarseTask(IMAGENET_GROUPS, CLASSES)


def part_of(task: CoarseTask, seed: int) -> list[int]:
    """A third of the fine classes of every coarse class; three seeds in a row share none.

    The classes of a set are mixed by the same draw for all seeds (ImageNet lists dogs by breed),
    then dealt in turn. So the seeds of a record show every photograph once, and differ as
    photographs do.
    """
    draw = torch.Generator().manual_seed(0)
    mixed = []
    for ids in task.sets:
        order = torch.randperm(len(ids), generator=draw)
        mixed += [ids[i] for i in order]
    return mixed[seed % PARTS :: PARTS]


def read_photos(fine: list[int], size: int) -> tuple[Tensor, Tensor]:
    """The photographs of some fine classes, uint8 (N, 3, size, size), and these classes (N,)."""
    bundle = formats.load_npz(data.path("imagenet1000/photos"))
    files, offset = bundle["jpeg"].tobytes(), bundle["offset"].tolist()
    jpegs = [files[offset[i] : offset[i + 1]] for i in fine]  # image i is of class i
    return torch.from_numpy(formats.decode(jpegs, size)), torch.tensor(fine)


def photo_lab(size: int, alpha: float, seed: int, device: torch.device | str = "cpu") -> Lab:
    """A seed's photographs of `size` px, the four offline networks, a retina of slope `alpha`.

    The networks were not trained behind the retina. Attacks have `Lab`'s settings.
    """
    task = photo_task()
    pixels, fine = read_photos(part_of(task, seed), size)
    stimuli = of_the_groups(pixels.to(device), fine.to(device), task, len(fine))
    zoo = {name: net.to(device) for name, net in offline_zoo().items()}
    retina = RetinaBlur(ViewingGeometry(size), alpha).to(device)
    eyes = {"plain": torch.nn.Identity(), "retina": retina}
    return Lab(task, dict.fromkeys(eyes, zoo), eyes, stimuli)
