"""Decoders that give back what an encoder saw: what the authors never released (Sec. 3.1).

    L = |x' - x|^2 + lambda |Phi(x') - Phi(x)|^2 / |Phi(x)|^2

with x' = D(E(x)) and Phi the level's encoder. Dividing by the features' own size makes lambda mean
the same for every network and level: VGG's features are hundreds of times larger than pixels.

Level 1 has no pooling and its decoder no ReLU: least squares gives it without training.
"""

import math
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.stylization.photowct import Decoder, Encoder

Decoders = Mapping[str, Decoder]  # "unpool-3" -> the decoder of level 3
MODES = ("upsample", "unpool")
FEATURE = 0.1  # lambda
FOREIGN = 0.8  # the share of training patches with colours that no photo has


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
    Nothing here waits for a GPU.
    """
    n, device = len(squares), squares.device
    options = {"generator": generator, "device": device}
    places = squares.shape[-1] - size + 1
    rows, columns = torch.randint(places, (2, n, 1), **options) + torch.arange(size, device=device)
    batch = torch.arange(n, device=device)[:, None, None]
    x = squares.permute(0, 2, 3, 1)[batch, rows[:, :, None], columns[:, None]]  # (B, s, s, 3)
    x = x.permute(0, 3, 1, 2).float() / 255  # (B, 3, s, s)
    coin = torch.rand(2, n, 1, 1, 1, **options)
    x = torch.where(coin[0] < 0.5, x.flip(-1), x)

    twist = torch.eye(3, device=device) + 0.35 * torch.randn(n, 3, 3, **options)
    shift = 0.2 * torch.randn(n, 3, 1, 1, **options)
    mean = x.mean((2, 3), keepdim=True)
    foreign = torch.einsum("nab,nbyx->nayx", twist, x - mean) + mean + shift
    return torch.where(coin[1] < FOREIGN, foreign, x).clamp(0, 1)


def make_decoders(
    widths: Sequence[int], depths: Sequence[int], levels: Sequence[int], modes: Sequence[str]
) -> dict[str, Decoder]:
    """A decoder for every mode and level, keyed "mode-level"."""
    return {f"{m}-{l}": Decoder(widths, depths, l, m) for m in modes for l in levels}


class Reconstruction(nn.Module):
    """The training loss of several decoders at once; its encoder is frozen and not saved.

    `feature` is lambda, the weight of the feature term.
    """

    def __init__(self, encoder: Encoder, decoders: Decoders, feature: float = FEATURE) -> None:
        super().__init__()
        self.decoders = nn.ModuleDict(decoders)
        self.feature = feature
        self._frozen = [encoder]  # in a list, so that it is no part of the state

    def forward(self, x: Tensor) -> Tensor:
        """The mean of L over the decoders, for photos x (B, 3, H, W)."""
        (encoder,) = self._frozen
        seen = encoder(x)
        losses = []
        for decoder in self.decoders.values():
            target = seen.maps[decoder.level - 1]  # (B, C, h, w)
            made = decoder(target, seen.pools)  # (B, 3, H, W)
            loss = F.mse_loss(made, x)
            if self.feature:
                again = encoder(made, decoder.level).maps[-1]  # (B, C, h, w)
                relative = F.mse_loss(again, target) / target.float().square().mean()
                loss = loss + self.feature * relative
            losses.append(loss)
        return torch.stack(losses).mean()


@torch.no_grad()
def fit_first_decoder(encoder: Encoder, squares: Tensor, mode: str) -> Decoder:
    """The best decoder of level 1 for photos `squares` (N, 3, H, W) in [0, 1], by least squares.

    Its convolution is linear in its weights: the normal equations are summed over the photos in
    float64 and solved once, with a ridge that only matters for channels that are always silent.
    """
    device = squares.device
    columns = 9 * encoder.widths[0] + 1
    gram = torch.zeros(columns, columns, dtype=torch.float64, device=device)
    moment = torch.zeros(columns, 3, dtype=torch.float64, device=device)
    for photo in squares:
        features = encoder(photo[None], 1).maps[0]  # (1, C, H, W)
        patches = F.unfold(F.pad(features, (1, 1, 1, 1), mode="reflect"), 3)[0].double()
        A = torch.cat([patches, torch.ones_like(patches[:1])])  # (C*9 + 1, H*W)
        gram += A @ A.T
        moment += A @ photo.flatten(1).T.double()
    ridge = 1e-8 * gram.diagonal().mean() * torch.eye(columns, dtype=torch.float64, device=device)
    solved = torch.linalg.solve(gram + ridge, moment).float()  # (C*9 + 1, 3)

    decoder = Decoder(encoder.widths, encoder.depths, 1, mode).to(device)
    layer = decoder.layers["conv1_1"]
    layer.weight.copy_(solved[:-1].T.reshape(layer.weight.shape))
    layer.bias.copy_(solved[-1])
    return decoder


@torch.no_grad()
def psnr(encoder: Encoder, decoder: Decoder, photo: Tensor) -> float:
    """Peak signal-to-noise ratio in dB of a photo (3, H, W) and what is left of it after D(E)."""
    seen = encoder(photo[None], decoder.level)
    made = decoder(seen.maps[-1], seen.pools)[0].clamp(0, 1)
    return -10 * math.log10(max(F.mse_loss(made, photo).item(), 1e-12))
