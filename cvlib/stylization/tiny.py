"""The smoke profile's small encoder and its decoders, trained from thirteen open photos.

`python -m cvlib.stylization.tiny weights.pt` makes them again in about three minutes on one core.
"""

import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.stylization.pairs import sample_photo
from cvlib.stylization.photos import resize
from cvlib.stylization.photowct import Decoder, Encoder, conv
from cvlib.stylization.reconstruction import (
    MODES,
    Decoders,
    Reconstruction,
    fit_first_decoder,
    make_decoders,
    psnr,
    random_patches,
    tiles,
)

# Openly licensed photos that the SciPy stack ships; china, picosdeeuropa, aitzgorri and sunset are
# kept for measuring.
TRAINING_PHOTOS = (
    "flower", "astronaut", "chelsea", "coffee", "rocket", "hubble_deep_field", "retina",
    "immunohistochemistry", "colorwheel", "grass", "gravel", "brick", "moon",
)  # fmt: skip
WIDTHS, DEPTHS = (16, 32, 64), (2, 2)


def training_tiles(size: int) -> Tensor:
    """Squares of the training photos, uint8 (N, 3, size, size)."""
    return tiles([resize(sample_photo(n), 300 * 450) for n in TRAINING_PHOTOS], size)


@torch.no_grad()
def normalize_activations(encoder: Encoder, x: Tensor, mean: float = 0.5) -> None:
    """Rescale every channel so that its pre-activation has this mean and unit variance on x.

    x (B, 3, H, W). Layer by layer (LSUV, Mishkin and Matas 2016): a random network then passes
    signal through all its channels.
    """
    for name, layer in encoder.layers.items():
        if name.endswith("_1") and name != "conv1_1":
            x = F.max_pool2d(x, 2)
        y = conv(layer, x)  # (B, C, h, w)
        m, sd = y.mean((0, 2, 3)), y.std((0, 2, 3)).clamp_min(1e-4)
        layer.weight /= sd[:, None, None, None]
        layer.bias.copy_((layer.bias - m) / sd + mean)
        x = F.relu(conv(layer, x))


def train_from_scratch(steps: int = 900, seed: int = 0) -> tuple[Encoder, dict[str, Decoder]]:
    """The encoder, trained together with decoders of both modes.

    Both modes share the loss, so that the encoder serves neither better than the other. Level 1's
    decoder is fitted by least squares when the encoder is done.
    """
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    squares = training_tiles(128)
    encoder = Encoder(WIDTHS, DEPTHS)
    decoders = make_decoders(WIDTHS, DEPTHS, (2, 3), MODES) | make_decoders(
        WIDTHS, DEPTHS, (1,), MODES[:1]
    )
    for layer in encoder.layers.values():
        nn.init.kaiming_normal_(layer.weight)
        nn.init.zeros_(layer.bias)
    some = torch.randperm(len(squares), generator=generator)[:32]
    normalize_activations(encoder, random_patches(squares[some], 64, generator))
    loss_of = Reconstruction(encoder, decoders, feature=0.0)
    optimizer = torch.optim.Adam([*encoder.parameters(), *loss_of.parameters()])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=3e-3, total_steps=steps)
    for step in range(steps):
        chosen = torch.randint(len(squares), (8,), generator=generator)
        loss = loss_of(random_patches(squares[chosen], 64, generator))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if (step + 1) % 100 == 0:
            print(f"step {step + 1}: loss {loss.item():.4f}", flush=True)
    some = random_patches(squares, 64, generator)
    for mode in MODES:
        decoders[f"{mode}-1"] = fit_first_decoder(encoder, some, mode)
    return encoder, decoders


def save_weights(path: Path, encoder: Encoder, decoders: Decoders) -> None:
    """Write half-precision weights and what is needed to rebuild the networks."""
    half = {
        "widths": list(encoder.widths),
        "depths": list(encoder.depths),
        "encoder": {k: v.half() for k, v in encoder.state_dict().items()},
        "decoders": {
            name: {k: v.half() for k, v in d.state_dict().items()} for name, d in decoders.items()
        },
    }
    torch.save(half, path)


if __name__ == "__main__":
    network, mirrors = train_from_scratch()
    save_weights(Path(sys.argv[1]), network, mirrors)
    for photo in ("china", "picosdeeuropa"):
        held_out = resize(sample_photo(photo), 256 * 384)
        for name, mirror in mirrors.items():
            print(name, f"{psnr(network, mirror, held_out):.2f} dB on {photo}, which it never saw")
