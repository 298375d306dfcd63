"""The slow way: optimise the pixels of one photo, in the manner of Luan et al. (CVPR 2017).

    L = |F(O) - F(I)|^2 + style * sum_l |G_l(O) - G_l(S)|^2 + affine * sum_c V_c^T (D - W) V_c

F: the deepest features; G_l: Gram matrices of every level, per region if there are masks. The last
term is the energy that the closed form minimises; here it is one force among others, so the photo
must be found by hundreds of steps through the network.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.stylization.affinity import StencilMatrix, matting_affinity
from cvlib.stylization.photowct import Encoder
from cvlib.stylization.regions import resize_labels, valid_labels

PAPER_STEPS = 2000  # 1000 L-BFGS steps for the style, 1000 with the affine term


def gram_matrices(maps: list[Tensor], mask: Tensor | None, labels: list[int]) -> list[Tensor]:
    """E[f f^T] of every level and region: maps (1, C, h, w), mask (H, W) -> each (C, C)."""
    grams = []
    for x in maps:
        flat = x[0].flatten(1)
        if mask is None:
            grams.append(flat @ flat.T / flat.shape[1])
            continue
        small = resize_labels(mask, *x.shape[-2:]).flatten()
        for label in labels:
            part = flat[:, small == label]
            grams.append(part @ part.T / max(1, part.shape[1]))
    return grams


def affine_energy(image: Tensor, affinity: StencilMatrix, degree: Tensor) -> Tensor:
    """sum_c V_c^T (D - W) V_c per pixel, of an image (3, H, W); differentiable."""
    return (image * _Laplacian.apply(image, affinity, degree)).sum() / degree.numel()


class _Laplacian(torch.autograd.Function):
    """(D - W) V; the matrix is symmetric, so its gradient is the same product."""

    @staticmethod
    def forward(ctx: object, V: Tensor, affinity: StencilMatrix, degree: Tensor) -> Tensor:
        ctx.affinity, ctx.degree = affinity, degree
        return degree * V - affinity.apply(V)

    @staticmethod
    def backward(ctx: object, grad: Tensor) -> tuple[Tensor, None, None]:
        return ctx.degree * grad - ctx.affinity.apply(grad), None, None


def optimize_photo(
    encoder: Encoder,
    content: Tensor,
    style: Tensor,
    masks: tuple[Tensor, Tensor] | None = None,
    steps: int = 100,
    style_weight: float = 20.0,
    affine_weight: float = 1000.0,
    learning_rate: float = 0.02,
) -> Iterator[Tensor]:
    """Yield the photo (3, H, W), in [0, 1], after every step of Adam from the content photo.

    Luan et al. start from noise, use L-BFGS and 2 x 1000 steps: see `PAPER_STEPS`.
    """
    affinity = matting_affinity(content).to(torch.float32)
    degree = affinity.apply(torch.ones_like(content[:1]))[0]
    labels = valid_labels(*masks) if masks else []
    mask_c, mask_s = masks or (None, None)
    with torch.no_grad():
        wanted = encoder(content[None]).maps[-1]
        grams = gram_matrices(encoder(style[None]).maps, mask_s, labels)
    image = content.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([image], lr=learning_rate)
    for _ in range(steps):
        maps = encoder(image[None]).maps
        loss = F.mse_loss(maps[-1], wanted)
        for made, target in zip(gram_matrices(maps, mask_c, labels), grams, strict=True):
            loss = loss + style_weight * F.mse_loss(made, target) / target.square().mean()
        loss = loss + affine_weight * affine_energy(image, affinity, degree)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield image.detach().clamp(0, 1)
