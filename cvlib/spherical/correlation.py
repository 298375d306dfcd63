"""The Fourier theorem (Sec. 4): a correlation is one small matrix product per degree.

The batch and the channels come last, so that each degree is one wide product of real numbers.
"""

import math

import torch
from torch import Tensor

from cvlib.spherical.spectrum import s2_block, so3_block


def s2_correlate(f: Tensor, psi: Tensor, L: int) -> Tensor:
    """On S2 `F^l = f^l (psi^l)^T / sqrt(2l+1)`, an outer product per degree.

    `f` `(L**2, B, I)`, `psi` `(L**2, I, O)`; returns `(so3_size(L), B, O)`.
    """
    blocks = []
    for l in range(L):
        n = 2 * l + 1
        left = f[s2_block(l)].flatten(0, 1)  # (n B, I)
        right = psi[s2_block(l)].transpose(0, 1).flatten(1) / math.sqrt(n)  # (I, n O)
        block = (left @ right).view(n, f.shape[1], n, -1)  # (n, B, n, O)
        blocks.append(block.transpose(1, 2).flatten(0, 1))
    return torch.cat(blocks)


def so3_correlate(f: Tensor, psi: Tensor, L: int) -> Tensor:
    """On SO(3) `F^l = f^l (psi^l)^T / sqrt(2l+1)`, a matrix product per degree.

    `f` `(so3_size(L), B, I)`, `psi` `(so3_size(L), I, O)`; returns `(so3_size(L), B, O)`.
    """
    B = f.shape[1]
    I = f.shape[2]
    O = psi.shape[2]
    blocks = []
    for l in range(L):
        n = 2 * l + 1
        left = f[so3_block(l)].view(n, n, B, I).transpose(1, 2)  # (m, B, n, I)
        right = psi[so3_block(l)].view(n, n, I, O).permute(1, 2, 0, 3)  # (n, I, k, O)
        right = right.reshape(n * I, n * O) / math.sqrt(n)
        block = (left.reshape(n * B, n * I) @ right).view(n, B, n, O)  # (m, B, k, O)
        blocks.append(block.transpose(1, 2).reshape(n * n, B, O))
    return torch.cat(blocks)
