"""The hinge losses of SAGAN (Sec. 4)."""

import torch.nn.functional as F
from torch import Tensor


def hinge_d(real: Tensor, fake: Tensor) -> Tensor:
    """D's loss ``mean max(0, 1 - D(x)) + mean max(0, 1 + D(G(z)))``: two means, added.

    Args:
        real, fake: scores D(x) and D(G(z)), any shapes.
    """
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def hinge_g(fake: Tensor) -> Tensor:
    """G's loss ``-mean D(G(z))``: no hinge, so that G's gradient never stops."""
    return -fake.mean()
