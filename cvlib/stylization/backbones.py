"""Encoders ready to use: the shipped small one, and VGG from public weights (Sec. 3.1).

VGG weights are read as plain tensors; torchvision is not needed. The network's colour preprocessing
is folded into its first convolution, so that every encoder here takes photos in [0, 1].
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.course import data
from cvlib.course.errors import CourseError
from cvlib.stylization.photowct import Decoder, Encoder, conv

VGG_WIDTHS = (64, 128, 256, 512)
# Indices of VGG-19's first nine convolutions among torchvision's `features`.
VGG19_INDICES = (0, 2, 5, 7, 10, 12, 14, 16, 19)
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CAFFE_MEAN = (103.939, 116.779, 123.68)  # BGR, 0..255


def backbone(name: str, calibration: Tensor, levels: int = 3) -> tuple[Encoder, dict[str, Decoder]]:
    """A frozen encoder of `levels` levels, and its decoders if some are shipped.

    name is "tiny", "vgg19" or "vgg16". VGG's activations are normalised on the photos `calibration`
    (B, 3, H, W) in [0, 1]. Raises CourseError for another name, DataMissing when the weights cannot
    be fetched.
    """
    if name == "tiny":
        return load_weights(data.path("photowct-tiny/weights"))
    if name not in ("vgg19", "vgg16"):
        raise CourseError(f"there is no backbone {name!r}: choose 'tiny', 'vgg19' or 'vgg16'")
    encoder = vgg19(levels) if name == "vgg19" else vgg16(levels)
    unit_activations(encoder, calibration)
    return encoder.eval().requires_grad_(False), {}


def load_weights(path: Path) -> tuple[Encoder, dict[str, Decoder]]:
    """The networks of a file that chapter 03 trained, in float32, frozen, ready to use."""
    saved = torch.load(path, weights_only=True)
    encoder = Encoder(saved["widths"], saved["depths"])
    encoder.load_state_dict(saved["encoder"])
    decoders = {}
    for name, state in saved["decoders"].items():
        mode, level = name.split("-")
        decoders[name] = Decoder(saved["widths"], saved["depths"], int(level), mode)
        decoders[name].load_state_dict(state)
    for part in (encoder, *decoders.values()):
        part.eval().requires_grad_(False)
    return encoder, decoders


def vgg19(levels: int = 4) -> Encoder:
    """VGG-19 up to conv{levels}_1, at most conv4_1, from torchvision's weights file."""
    state = torch.load(data.path("vgg19/weights"), weights_only=True, mmap=True)
    encoder = Encoder(VGG_WIDTHS[:levels], (2, 2, 4)[: levels - 1])
    for layer, i in zip(encoder.layers.values(), VGG19_INDICES, strict=False):
        layer.load_state_dict(
            {"weight": state[f"features.{i}.weight"], "bias": state[f"features.{i}.bias"]}
        )
    fold_preprocessing(encoder, torch.tensor(IMAGENET_MEAN), 1 / torch.tensor(IMAGENET_STD))
    return encoder


def vgg16(levels: int = 4) -> Encoder:
    """VGG-16 up to conv{levels}_1 from the developers' copy (BGR, 0..255, mean subtracted)."""
    arrays = np.load(data.path("vgg16/weights"))
    encoder = Encoder(VGG_WIDTHS[:levels], (2, 2, 3)[: levels - 1])
    for name, layer in encoder.layers.items():
        layer.weight.data = torch.from_numpy(arrays[f"{name}.weight"]).float()
        layer.bias.data = torch.from_numpy(arrays[f"{name}.bias"]).float()
    first = encoder.layers["conv1_1"]
    first.weight.data = first.weight.data.flip(1)
    fold_preprocessing(encoder, torch.tensor(CAFFE_MEAN).flip(0) / 255, torch.tensor(255.0))
    return encoder


@torch.no_grad()
def fold_preprocessing(encoder: Encoder, mean: Tensor, scale: Tensor) -> None:
    """Make conv1_1 take x where it took (x - mean) * scale; exact with reflected borders."""
    first = encoder.layers["conv1_1"]
    first.weight *= scale.expand(3)[:, None, None]
    first.bias -= (first.weight * mean[:, None, None]).sum((1, 2, 3))


@torch.no_grad()
def unit_activations(encoder: Encoder, x: Tensor) -> None:
    """Rescale every channel to a root mean square of 1 on photos x (B, 3, H, W).

    ReLU and max pooling commute with a positive scale, so the next layer divides by it and the
    network's function is unchanged up to the scale of its features (Gatys et al. set means to 1).
    WCT does not see the scale; decoders learn faster from features of one size. Channels that are
    nearly silent on x count as a tenth of the layer's mean: dividing by less would make them shout.
    """
    scale = torch.ones(3)
    for name, layer in encoder.layers.items():
        if name.endswith("_1") and name != "conv1_1":
            x = F.max_pool2d(x, 2)
        layer.weight *= scale[:, None, None]
        x = F.relu(conv(layer, x))
        scale = x.square().mean((0, 2, 3)).sqrt()
        scale = scale.clamp_min(0.1 * scale.mean())
        layer.weight /= scale[:, None, None, None]
        layer.bias /= scale
        x = x / scale[:, None, None]
