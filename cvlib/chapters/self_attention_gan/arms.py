"""One arm of an ablation: build a pair of nets, train it resumably, score it honestly."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from cvlib.course.errors import Diverged
from cvlib.course.run.run import Run
from cvlib.course.run.task import Task
from cvlib.gan.nets import ProjectionDiscriminator, ResGenerator
from cvlib.gan.norm import standing_statistics
from cvlib.gan.sampling import latent_batches, latents, samples
from cvlib.gan.sizes import GANConfig
from cvlib.gan.train import EMA, d_step, g_step


@dataclass(frozen=True)
class Arm:
    """What one arm changes: spectral norm, learning rates, what stands at which map heights.

    ``heights`` are those of (G, D); None keeps the preset's.
    """

    sn_g: bool = True
    sn_d: bool = True
    two_rates: bool = True
    mixer: str = "attention"
    heights: tuple[tuple[int, ...], tuple[int, ...]] | None = ((), ())

    def net(self, preset: GANConfig) -> GANConfig:
        """The preset with this arm's changes."""
        at = self.heights or (preset.attention_g, preset.attention_d)
        return replace(
            preset, sn_g=self.sn_g, sn_d=self.sn_d, mixer=self.mixer,
            attention_g=at[0], attention_d=at[1],
        )  # fmt: skip


ARMS: dict[str, Arm] = {
    # The stability panel (paper Fig. 3), each line one change to the line before.
    "no_sn": Arm(sn_g=False, sn_d=False, two_rates=False),
    "sn_d": Arm(sn_g=False, two_rates=False),
    "sn_gd": Arm(two_rates=False),
    "ttur": Arm(),
    "attention": Arm(heights=None),
    # Where attention stands (paper Table 1): "ttur" is "none", "attention" the preset's height.
    "feat8": Arm(heights=((8,), (8,))),
    "feat32": Arm(heights=((32,), ())),  # D has no map of the image's own height
    "local": Arm(heights=None, mixer="local"),
    # Only on the twins.
    "g_only": Arm(heights=((8,), ())),
    "d_only": Arm(heights=((), (8,))),
    "feat4": Arm(heights=((4,), (4,))),
    "feat16": Arm(heights=((16,), ())),
}


@dataclass(frozen=True)
class Recipe:
    """How long and how fast a pair trains; ``lr_g`` is (one rate for both, G's of two rates)."""

    steps: int
    batch: int
    lr_equal: float
    lr_g: float
    lr_d: float
    ema: float
    flip: bool = False

    def rates(self, arm: Arm) -> tuple[float, float]:
        """Learning rates of G and D."""
        return (self.lr_g, self.lr_d) if arm.two_rates else (self.lr_equal, self.lr_equal)


class Pair:
    """The nets of one arm, their optimisers and the average of G: all that a checkpoint holds."""

    def __init__(self, config: GANConfig, rates: tuple[float, float], ema: float, run: Run) -> None:
        torch.manual_seed(run.seed)  # every arm starts alike, also after a resume
        place = {"device": run.device, "memory_format": torch.channels_last}
        self.G, self.D = (
            ResGenerator(config).to(**place),
            ProjectionDiscriminator(config).to(**place),
        )
        self.opt_g, self.opt_d = (
            # beta_2 = 0.999 is what the authors' code ran; the paper's text says 0.9.
            torch.optim.Adam(net.parameters(), rate, betas=(0.0, 0.999), eps=1e-6, fused=True)
            for net, rate in zip((self.G, self.D), rates, strict=True)
        )
        self.ema = EMA(self.G, ema)

    def parts(self) -> dict[str, Any]:
        """What a checkpoint saves, by name."""
        names = ("G", "D", "opt_g", "opt_d", "ema")
        return {name: getattr(self, name) for name in names}

    def evaluated(self, n: int, seed: int = 7) -> nn.Module:
        """A copy of the averaged G with standing statistics of ``n`` samples: what is scored."""
        device = next(self.G.parameters()).device
        net = copy.deepcopy(self.ema.net)
        return standing_statistics(net, latent_batches(net, n, seed, device))


Images = tuple[Tensor, Tensor]  # uint8 (N, C, R, R) and classes (N,), on the run's device


def real_batch(images: Images, index: Tensor, flip: bool, draw: torch.Generator) -> Images:
    """Images ``index`` in [-1, 1], mirrored at random if ``flip``, and their classes."""
    x, y = images
    index = index.to(x.device, non_blocking=True)
    batch = x[index].float() / 127.5 - 1
    if flip:
        mirrored = torch.rand(len(batch), generator=draw, device=x.device) < 0.5
        batch = torch.where(mirrored[:, None, None, None], batch.flip(3), batch)
    return batch.contiguous(memory_format=torch.channels_last), y[index]


def train(
    run: Run, name: str, arm: Arm, preset: GANConfig, recipe: Recipe, images: Images,
    fid: Callable[[Pair], float] | None = None, every: int = 0,
) -> tuple[Pair, Task]:  # fmt: skip
    """Train one arm; resumes by itself. A diverged arm ends at its last good checkpoint.

    Args:
        name: of the task, e.g. "sn_d".
        fid: called every ``every`` steps; its values stand in the task's history as "fid".

    Returns:
        The trained pair and its finished task (history, seconds).

    Raises:
        Diverged: a loss was not finite before any checkpoint was saved.
    """
    pair = Pair(arm.net(preset), recipe.rates(arm), recipe.ema, run)
    with run.task(name, **pair.parts()) as task:
        try:
            _loop(run, task, pair, recipe, images, fid, every)
        except Diverged as error:
            _back_to_last_good(run, task, pair, error)
    return pair, task


def _loop(
    run: Run, task: Task, pair: Pair, recipe: Recipe, images: Images,
    fid: Callable[[Pair], float] | None, every: int,
) -> None:  # fmt: skip
    G, D = pair.G.train(), pair.D.train()
    G_all, D_all = run.distribute(G), run.distribute(D)  # themselves unless under torchrun

    def fake(draw: torch.Generator) -> Images:
        z, y = latents(G, recipe.batch, draw, run.device)
        return task.shard(z), task.shard(y)

    for step in task.steps(recipe.steps):
        draw = task.generator(step)
        index = task.batch(step, len(images[0]), recipe.batch)
        real = real_batch(images, index, recipe.flip, draw)
        loss_d = d_step(G, D_all, pair.opt_d, real, fake(draw), task.descend)
        loss_g = g_step(G_all, D, pair.opt_g, fake(draw), task.descend)
        pair.ema.update(G)
        values = {"loss": loss_d, "loss_g": loss_g}
        if fid and (step + 1) % every == 0:
            values["fid"] = fid(pair)
        task.log(step, **values)


def _back_to_last_good(run: Run, task: Task, pair: Pair, error: Diverged) -> None:
    state = task.checkpoints.load()
    if state is None:
        raise error
    for name, part in pair.parts().items():
        part.load_state_dict(state["objects"][name])
    run.say(f"diverged: {error}")
    run.note(f"{task.name} diverged", str(error))


def score(
    pair: Pair, evaluate: Callable[..., Any], n: int, standing: int, device: torch.device
) -> Any:
    """Scores of ``n`` samples of the averaged G with standing statistics."""
    drawn = samples(pair.evaluated(standing), n, seed=1, device=device)
    return evaluate(drawn)


def three_fids(
    pair: Pair, fid: Callable[..., float], n: int, standing: int, device: torch.device
) -> dict[str, float]:
    """The same training, three protocols: FID of live G, of EMA, of EMA with standing statistics.

    The first two use the batch-norm statistics that training left behind.
    """
    nets = {
        "live": copy.deepcopy(pair.G).eval(),
        "ema": pair.ema.net,
        "ema + standing": pair.evaluated(standing),
    }
    return {name: fid(samples(net, n, seed=1, device=device)) for name, net in nets.items()}
