"""Two nets that train against each other: what a checkpoint holds, what happens if they fail."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from cvlib.course.errors import CourseError, Diverged
from cvlib.gan.nets import ProjectionDiscriminator, ResGenerator
from cvlib.gan.norm import standing_statistics
from cvlib.gan.sampling import Sampler, latent_batches, normal
from cvlib.gan.sizes import GANConfig
from cvlib.gan.train import EMA, ema_decay


@dataclass(frozen=True)
class Recipe:
    """How long and how fast a pair trains.

    `d_steps` steps of D for each of G; `half_life` is that of the moving average of G, in images.
    beta_2 = 0.999 is what SAGAN's code ran; the paper's text says 0.9.
    """

    steps: int
    batch: int
    lr_g: float
    lr_d: float
    half_life: float
    d_steps: int = 1
    betas: tuple[float, float] = (0.0, 0.999)


class Pair:
    """Two nets, their optimisers and the average of G: all that a checkpoint holds."""

    def __init__(
        self, G: nn.Module, D: nn.Module, opt_g: Optimizer, opt_d: Optimizer, ema: EMA
    ) -> None:
        self.G = G
        self.D = D
        self.opt_g = opt_g
        self.opt_d = opt_d
        self.ema = ema
        self.diverged = ""  # the reason why its training ended early

    @property
    def device(self) -> torch.device:
        """Where the nets are."""
        return next(self.G.parameters()).device

    def parts(self) -> dict[str, Any]:
        """What a checkpoint saves, by name."""
        names = ("G", "D", "opt_g", "opt_d", "ema")
        return {name: getattr(self, name) for name in names}

    def evaluated(self, n: int, seed: int = 7, sampler: Sampler = normal) -> nn.Module:
        """A copy of the averaged G with standing statistics of `n` samples: what is scored."""
        net = copy.deepcopy(self.ema.net)
        return standing_statistics(net, latent_batches(net, n, seed, self.device, sampler=sampler))

    @contextmanager
    def kept_when_diverged(self, task: Any) -> Iterator[None]:
        """Train inside: a loss that is not finite brings the last saved state back, and goes on.

        `task` is the `Task` that saves `parts()`. The reason then stands in `diverged`.
        """
        if task.step == 0:
            task.save()  # so that there is a state to come back to
        try:
            yield
        except Diverged as error:
            state = task.checkpoints.load()
            if state is None:
                raise CourseError(f"{error}; no checkpoint could be read back") from error
            for name, part in self.parts().items():
                part.load_state_dict(state["objects"][name])
            self.diverged = str(error)


def build_pair(config: GANConfig, recipe: Recipe, device: torch.device, seed: int) -> Pair:
    """New residual nets of `config` with Adam and a moving average, the same for the same seed."""
    torch.manual_seed(seed)
    place = {"device": device, "memory_format": torch.channels_last}
    G = ResGenerator(config).to(**place)
    D = ProjectionDiscriminator(config).to(**place)
    adam = {"betas": recipe.betas, "eps": 1e-6, "fused": True}
    opt_g = torch.optim.Adam(G.parameters(), recipe.lr_g, **adam)
    opt_d = torch.optim.Adam(D.parameters(), recipe.lr_d, **adam)
    return Pair(G, D, opt_g, opt_d, EMA(G, ema_decay(recipe.half_life, recipe.batch)))
