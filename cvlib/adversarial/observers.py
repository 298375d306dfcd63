"""Two stand-ins for a person with little time; neither is one.

`Accumulator` hears one verdict through noise that more time averages away: more time makes it more
sure of whatever the network says, so it is fooled *more*. `Glimpses` looks several times, each time
from elsewhere, and averages what it saw. If people are fooled less with more time, only the second
has the right sign; that is a hypothesis, not evidence about brains.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.adversarial.retina import RetinaBlur
from cvlib.adversarial.viewing import ViewingGeometry


@dataclass(frozen=True)
class Accumulator:
    """Forced choice from a log-odds m and t milliseconds: lapse / 2 + (1 - lapse) Phi(d).

    d = gain * tanh(m / 4) * sqrt(t / 16): evidence saturates, time averages the noise.
    """

    gain: float = 0.6
    lapse: float = 0.04

    def chooses_first(self, margin: Tensor, milliseconds: float) -> Tensor:
        """The probability (B,) of the first answer, given log-odds `margin` (B,) for it."""
        d = self.gain * torch.tanh(margin / 4) * math.sqrt(milliseconds / 16)  # (B,)
        return self.lapse / 2 + (1 - self.lapse) * torch.special.ndtr(d)


class Glimpses(nn.Module):
    """`looks` views of one image: the first straight on, the others from random places.

    Another look has another fixation (up to `FIXATION` metres off the centre), another distance
    (`ZOOM`) and another place of the image (`SHIFT`).
    """

    FIXATION, ZOOM, SHIFT = 0.04, 0.25, 0.1

    def __init__(self, geometry: ViewingGeometry, alpha: float, looks: int, seed: int) -> None:
        super().__init__()
        draw = torch.Generator().manual_seed(seed)
        retinas, maps = [RetinaBlur(geometry, alpha)], [torch.eye(2, 3)]
        for _ in range(looks - 1):
            u = torch.rand(5, generator=draw)
            gaze = ((2 * u[:2] - 1) * self.FIXATION).tolist()
            shift = (2 * u[2:4] - 1) * self.SHIFT
            scale = 1 / (1 + self.ZOOM * u[4])
            retinas.append(RetinaBlur(geometry, alpha, fixation=(gaze[0], gaze[1])))
            maps.append(torch.cat([scale * torch.eye(2), shift[:, None]], dim=1))  # (2, 3)
        self.retinas = nn.ModuleList(retinas)
        self.register_buffer("maps", torch.stack(maps), persistent=False)  # (looks, 2, 3)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Images (B, C, S, S) -> what each look sees, (B, C, S, S) a look."""
        views = []
        for retina, placed in zip(self.retinas, self.maps, strict=True):
            where = F.affine_grid(placed.expand(len(x), 2, 3), list(x.shape), align_corners=False)
            moved = F.grid_sample(x, where, padding_mode="reflection", align_corners=False)
            views.append(retina(moved))
        return views

    @torch.no_grad()
    def margins(self, x: Tensor, log_odds: Callable[[Tensor], Tensor]) -> Tensor:
        """Log-odds (looks, B) after 1, 2, ... looks: the running mean over what was seen.

        `log_odds` gives (B,) for the images (B, C, S, S) that a look sees.
        """
        seen = torch.stack([log_odds(view) for view in self(x)])  # (looks, B)
        count = torch.arange(1, len(seen) + 1, device=seen.device)[:, None]  # (looks, 1)
        return seen.cumsum(0) / count
