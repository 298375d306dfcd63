"""Training encoders and decoders to reproduce photos: what the authors never released (Sec. 3.1).

    L = |x' - x|^2 + lambda |Phi(x') - Phi(x)|^2,   x' = D(E(x)),   Phi = the level's encoder

The full run trains decoders for VGG-19. The smoke profile has no VGG:
`python -m cvlib.chapters.fast_photo_style.train weights.pt` made its encoder and decoders from
thirteen photos.
"""

import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.chapters.fast_photo_style.sets import sample_photo
from cvlib.stylization.photos import resize
from cvlib.stylization.photowct import Decoder, Encoder, conv

# Openly licensed photos that the SciPy stack ships (china is kept for measuring).
TRAINING_PHOTOS = (
    "flower", "astronaut", "chelsea", "coffee", "rocket", "hubble_deep_field", "retina",
    "immunohistochemistry", "colorwheel", "grass", "gravel", "brick", "moon",
)  # fmt: skip
WIDTHS, DEPTHS = (16, 32, 64), (2, 2)  # the smoke profile's encoder

Decoders = Mapping[str, Decoder]  # "unpool-3" -> the decoder of level 3


def tiles(photos: Sequence[Tensor], size: int) -> Tensor:
    """Overlapping squares of photos (3, H, W) as one uint8 tensor (N, 3, size, size)."""
    cut = []
    for photo in photos:
        pixels = (photo * 255).round().byte()
        squares = pixels.unfold(1, size, size // 2).unfold(2, size, size // 2)
        cut.append(squares.permute(1, 2, 0, 3, 4).flatten(0, 1))
    return torch.cat(cut)


def random_patches(squares: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """One random patch of each square, mirrored half the time, with foreign colours mostly.

    squares uint8 (B, 3, S, S) -> float32 (B, 3, size, size) in [0, 1]. Stylised photos reach the
    decoders with colours that no photo has: a random affine colour map prepares them for that.
    """
    n, device = len(squares), squares.device
    top, left = torch.randint(
        squares.shape[-1] - size + 1, (2, n), generator=generator, device=device
    ).tolist()
    x = torch.stack(
        [s[:, a : a + size, b : b + size] for s, a, b in zip(squares, top, left, strict=True)]
    )
    coin = torch.rand(2, n, 1, 1, 1, generator=generator, device=device)
    x = torch.where(coin[0] < 0.5, x.flip(-1), x).float() / 255
    twist = torch.eye(3, device=device) + 0.35 * torch.randn(
        n, 3, 3, generator=generator, device=device
    )
    shift = 0.2 * torch.randn(n, 3, 1, 1, generator=generator, device=device)
    mean = x.mean((2, 3), keepdim=True)
    foreign = torch.einsum("nab,nbyx->nayx", twist, x - mean) + mean + shift
    return torch.where(coin[1] < 0.8, foreign, x).clamp(0, 1)


def make_decoders(
    widths: Sequence[int], depths: Sequence[int], levels: Sequence[int], modes: Sequence[str]
) -> dict[str, Decoder]:
    """A decoder for every mode and level, keyed "mode-level"."""
    return {f"{m}-{l}": Decoder(widths, depths, l, m) for m in modes for l in levels}


def reconstruction_loss(
    encoder: Encoder, decoders: Decoders, x: Tensor, feature: float = 1.0
) -> Tensor:
    """The mean of L over the decoders, for photos x (B, 3, H, W); `feature` is lambda."""
    seen = encoder(x)
    losses = []
    for decoder in decoders.values():
        target = seen.maps[decoder.level - 1]
        made = decoder(target, seen.pools)
        loss = F.mse_loss(made, x)
        if feature:
            loss = loss + feature * F.mse_loss(encoder(made, decoder.level).maps[-1], target)
        losses.append(loss)
    return torch.stack(losses).mean()


@torch.no_grad()
def psnr(encoder: Encoder, decoder: Decoder, photo: Tensor) -> float:
    """Peak signal-to-noise ratio in dB of a photo (3, H, W) and what is left of it after D(E)."""
    seen = encoder(photo[None], decoder.level)
    made = decoder(seen.maps[-1], seen.pools)[0].clamp(0, 1)
    return -10 * math.log10(F.mse_loss(made, photo).item())


@torch.no_grad()
def normalise_activations(encoder: Encoder, x: Tensor, mean: float = 0.5) -> None:
    """Rescale every channel so that its pre-activation has this mean and unit variance on x.

    x (B, 3, H, W). Layer by layer (LSUV, Mishkin and Matas 2016): a random network then passes
    signal through all its channels.
    """
    for l in range(1, len(encoder.widths) + 1):
        for i in range(1, (*encoder.depths, 1)[l - 1] + 1):
            layer: nn.Conv2d = encoder.layers[f"conv{l}_{i}"]
            y = conv(layer, x)
            m, sd = y.mean((0, 2, 3)), y.std((0, 2, 3)).clamp_min(1e-4)
            layer.weight /= sd[:, None, None, None]
            layer.bias.copy_((layer.bias - m) / sd + mean)
            x = F.relu(conv(layer, x))
        x = F.max_pool2d(x, 2)


def train_from_scratch(steps: int = 900, seed: int = 0) -> tuple[Encoder, dict[str, Decoder]]:
    """The smoke profile's encoder, trained together with decoders of both modes (3 CPU minutes).

    Both modes share the loss, so that the encoder serves neither better than the other.
    """
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    squares = tiles([resize(sample_photo(n), 300 * 450) for n in TRAINING_PHOTOS], 128)
    encoder = Encoder(WIDTHS, DEPTHS)
    decoders = make_decoders(WIDTHS, DEPTHS, (1, 2, 3), ("upsample", "unpool"))
    decoders["unpool-1"] = decoders["upsample-1"]  # level 1 has no pooling: one decoder is both
    for layer in encoder.layers.values():
        nn.init.kaiming_normal_(layer.weight)
        nn.init.zeros_(layer.bias)
    some = torch.randperm(len(squares), generator=generator)[:32]
    normalise_activations(encoder, random_patches(squares[some], 64, generator))
    parts = nn.ModuleList([encoder, *decoders.values()])
    optimizer = torch.optim.Adam(parts.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=3e-3, total_steps=steps)
    for step in range(steps):
        chosen = torch.randint(len(squares), (8,), generator=generator)
        x = random_patches(squares[chosen], 64, generator)
        loss = reconstruction_loss(encoder, decoders, x, feature=0.0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if (step + 1) % 100 == 0:
            print(f"step {step + 1}: loss {loss.item():.4f}", flush=True)
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
    held_out = resize(sample_photo("china"), 256 * 384)
    for name, mirror in mirrors.items():
        print(name, f"{psnr(network, mirror, held_out):.2f} dB on china, which it never saw")
