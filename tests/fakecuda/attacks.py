"""Chapter 02 on the fake GPU: an attack's step is counted as a training's is."""

from dataclasses import replace

import torch

from cvlib.adversarial import photos
from cvlib.adversarial.attack import EnsembleAttack
from cvlib.adversarial.classifier import Classifier
from cvlib.adversarial.imagenet_nets import SqueezeNet
from cvlib.normalization.efficientnet import SCALED, EfficientNetLite

IMAGES = 50  # two batches: a batch has its full size, the number of batches does not matter
STEPS = 3
PLAIN = {"mean": [0.0] * 3, "std": [1.0] * 3}


def smaller(config):
    """A configuration with few images, few steps and one held-out network."""
    attack = replace(config.attack, steps=STEPS)
    less = {"shown": IMAGES, "neither": 5, "held_out": config.held_out[:1], "attack": attack}
    if config.photos:
        less["photos"] = replace(config.photos, attack=replace(config.photos.attack, steps=STEPS))
    return replace(config, **less)


def untrained_zoo():
    """The photographs' networks without the packages that carry their weights."""
    zoo = {version: Classifier(EfficientNetLite(version), **PLAIN) for version in SCALED}
    return {**zoo, "squeezenet": Classifier(SqueezeNet(), bgr=True, **PLAIN)}


def blank_photos(fine, size):
    """Photographs of the right shape with nothing on them."""
    return torch.zeros(len(fine), 3, size, size, dtype=torch.uint8), torch.tensor(fine)


def count(watch):
    """Count what the second step of every attack asks for; return what puts all back."""
    original = EnsembleAttack.gradient, EnsembleAttack._check

    def gradient(attack, x, target):
        attack.taken = getattr(attack, "taken", 0) + 1
        if attack.taken == 2:
            watch.gpu.clear()
        if attack.taken == 3:
            watch.steps.append(watch.told("attack"))
        return original[0](attack, x, target)

    def put_back():
        EnsembleAttack.gradient, EnsembleAttack._check = original

    EnsembleAttack.gradient = gradient
    EnsembleAttack._check = lambda *nothing: None  # it looks at values
    photos.offline_zoo, photos.read_photos = untrained_zoo, blank_photos
    return put_back
