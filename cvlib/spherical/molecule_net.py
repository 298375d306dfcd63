"""A network for energies of molecules: one spherical network for every atom, a sum (Sec. 5.4)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cvlib.spherical.kernels import s2_near_identity, so3_near_identity
from cvlib.spherical.layers import BatchNormSO3, S2Convolution, SO3Convolution, so3_integrate
from cvlib.spherical.molecules import ELEMENTS


class MoleculeNet(nn.Module):
    """Energies from spheres around atoms (Sec. 5.4), invariant to turns of each molecule.

    `channels` of each layer, `(8, 16, 32, 64)` in the authors' public code; `b` of the input and
    after each layer, `(10, 8, 6, 4, 2)` there; `hidden` widths of the atom's and of the molecule's
    two-layer perceptron, `(256, 512)` there. Computed in float32, under autocast too: energies are
    sums of many terms.
    """

    def __init__(self, channels: Sequence[int], b: Sequence[int], hidden: tuple[int, int]):
        super().__init__()
        ring = s2_near_identity(n_alpha=2 * b[0], n_beta=2)
        layers: list[nn.Module] = [S2Convolution(len(ELEMENTS), channels[0], b[0], b[1], ring)]
        for k in range(len(channels) - 1):
            support = so3_near_identity(n_alpha=2 * b[k + 1], n_beta=2, n_gamma=2)
            conv = SO3Convolution(channels[k], channels[k + 1], b[k + 1], b[k + 2], support)
            layers += [BatchNormSO3(channels[k]), nn.ReLU(), conv]
        self.features = nn.Sequential(*layers, BatchNormSO3(channels[-1]), nn.ReLU())

        width = channels[-1]
        self.atom = nn.Sequential(
            nn.Linear(width, hidden[0]),
            nn.BatchNorm1d(hidden[0]),
            nn.ReLU(),
            nn.Linear(hidden[0], width),
            nn.BatchNorm1d(width),
            nn.ReLU(),
        )
        self.molecule = nn.Sequential(
            nn.Linear(width, hidden[1]),
            nn.BatchNorm1d(hidden[1]),
            nn.ReLU(),
            nn.Linear(hidden[1], 1),
        )

    def forward(self, spheres: Tensor, present: Tensor) -> Tensor:
        """Spheres `(B, A, elements, beta, alpha)`, mask `(B, A)` to energies `(B,)`."""
        with torch.autocast(spheres.device.type, enabled=False):
            y = self.features(spheres[present])  # (atoms, C, beta, alpha, gamma)
            atoms = self.atom(so3_integrate(y))  # (atoms, C)

            owner = present.nonzero()[:, 0]
            total = atoms.new_zeros(len(present), atoms.shape[1]).index_add(0, owner, atoms)
            return self.molecule(total)[:, 0]
