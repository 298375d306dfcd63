"""The loop that the page shows: roll a clip out, one step of G on its frames, one of the Ds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cvlib.chapters.video_to_video.config import Arm, Config
from cvlib.course.run.run import Run
from cvlib.gan.losses import feature_matching, lsgan_d, lsgan_g
from cvlib.gan.patch import MultiscaleDiscriminator
from cvlib.gan.train import frozen
from cvlib.synth.street import CAR
from cvlib.video.clips import conditioned_clips
from cvlib.video.footage import Batch, Footage
from cvlib.video.generator import SequentialGenerator, Translator
from cvlib.video.objective import flow_loss, mask_loss, picture_loss
from cvlib.video.sequential import FrameOut, Memory, Step, VideoOut, rollout

K = 3  # frames that the video discriminator sees at once
LOOKS = 10  # at the generator, over a training


@dataclass(frozen=True)
class Nets:
    """A generator, its discriminators, and their optimisers."""

    G: nn.Module
    D: nn.ModuleDict  # "image", and "pace0", "pace1", ... of the video discriminator
    opt_g: torch.optim.Optimizer
    opt_d: torch.optim.Optimizer

    def parts(self) -> Mapping[str, object]:
        """What a task saves."""
        return {"G": self.G, "D": self.D, "opt_g": self.opt_g, "opt_d": self.opt_d}


def build_generator(arm: Arm, config: Config, planes: int) -> nn.Module:
    """An arm's generator for sources of `planes` planes; all have the same trunk."""
    L, width, blocks = config.memory, config.width, config.blocks
    if arm.memory == "past":
        front = CAR if arm.prior else None
        return SequentialGenerator(planes, width, L, blocks=blocks, use_flow=arm.flow,
                                   foreground=front)  # fmt: skip
    shown = 3 * L if arm.memory == "first" else 0
    return Translator(planes + shown, width, blocks=blocks)


def build(arm: Arm, config: Config, planes: int, device: torch.device, seed: int) -> Nets:
    """All nets of an arm, from the seed alone."""
    torch.manual_seed(seed)
    G = build_generator(arm, config, planes).to(device)
    D = nn.ModuleDict({"image": MultiscaleDiscriminator(planes + 3, config.d_widths,
                                                        config.d_scales)})  # fmt: skip
    if arm.video_d:
        channels = 3 * K + 2 * (K - 1)  # 13: three frames and the two flows between them
        for pace in range(config.temporal_scales):
            D[f"pace{pace}"] = MultiscaleDiscriminator(channels, config.d_widths, scales=1)
    D = D.to(device)
    opt_g = torch.optim.Adam(G.parameters(), config.lr, betas=(0.5, 0.999))
    opt_d = torch.optim.Adam(D.parameters(), config.lr_d, betas=(0.5, 0.999))
    return Nets(G, D, opt_g, opt_d)


def method(G: nn.Module, arm: Arm, first: Tensor) -> Step:
    """An arm as a step of the roll-out; `first` (B, L, 3, H, W) are the clip's first frames."""
    if arm.memory == "past":
        return G
    if arm.memory == "first":
        shown = first.flatten(1, 2)  # (B, 3 L, H, W)
        return lambda window, past: FrameOut(G(torch.cat([window[:, -1], shown], dim=1)))
    return lambda window, past: FrameOut(G(window[:, -1]))


def generate(G: nn.Module, arm: Arm, sources: Tensor, first: Tensor) -> VideoOut:
    """The frames after `first` (B, L, 3, H, W) of a clip with sources (B, L + n, C, H, W)."""
    L = first.shape[1]
    memory = Memory.start(sources, first, L)
    return rollout(method(G, arm, first), sources[:, L:], memory)


# -- the objective -------------------------------------------------------------------------------


def judged(D: nn.ModuleDict, clip: Batch, frames: Tensor) -> list[list[list[Tensor]]]:
    """All layers of all discriminators, for a clip's first frames and `frames` (B, n, 3, H, W).

    The image discriminator sees each frame with its source (Eq. 6), those of video see runs of
    K frames with the real video's flow (Eq. 7), each at its own pace.
    """
    L = clip.frames.shape[1] - frames.shape[1]
    pairs = torch.cat([clip.sources[:, L:], frames], dim=2)  # (B, n, C + 3, H, W)
    found = [D["image"](pairs.flatten(0, 1))]
    video = torch.cat([clip.frames[:, :L], frames], dim=1)  # (B, L + n, 3, H, W)
    runs = conditioned_clips(video, clip.flow, K, scales=len(D) - 1)
    for pace, run in enumerate(runs):
        if run is not None:
            found.append(D[f"pace{pace}"](run))
    return found


def scores(layers: list[list[Tensor]]) -> list[Tensor]:
    """The last layer of each scale, its scores (B, 1, h, w)."""
    return [scale[-1] for scale in layers]


def generator_loss(D: nn.ModuleDict, clip: Batch, video: VideoOut, config: Config) -> Tensor:
    """Eq. 5 for the generator, with feature matching and a loss on pictures: a scalar ()."""
    weight = config.weights
    real = clip.after(config.memory)

    with torch.no_grad():
        on_real = judged(D, clip, real.frames)
    on_fake = judged(D, clip, video.image)
    loss = torch.zeros((), device=real.frames.device)
    for theirs, ours in zip(on_real, on_fake, strict=True):
        loss = loss + lsgan_g(scores(ours))  # L_I and L_V
        loss = loss + weight.matching * feature_matching(theirs, ours)

    loss = loss + weight.picture * picture_loss(
        video.image.flatten(0, 1), real.frames.flatten(0, 1)
    )
    if video.flow is None:
        return loss
    return loss + motion_loss(clip, video, config)


def motion_loss(clip: Batch, video: VideoOut, config: Config) -> Tensor:
    """L_W (Eq. 8), the mask against true occlusion, and the hallucination alone: a scalar ()."""
    weight = config.weights
    L = config.memory
    real = clip.after(L)
    previous = clip.frames[:, L - 1 : -1].flatten(0, 1)  # (B n, 3, H, W): the real ones

    frames = real.frames.flatten(0, 1)  # (B n, 3, H, W)
    seen = real.visible.flatten(0, 1)  # (B n, 1, H, W)
    flow = video.flow.flatten(0, 1)  # (B n, 2, H, W)
    loss = weight.flow * flow_loss(flow, real.flow.flatten(0, 1), frames, previous, seen)
    loss = loss + weight.mask * mask_loss(video.mask.flatten(0, 1), seen, weight.hidden)
    return loss + weight.raw * picture_loss(video.raw.flatten(0, 1), frames)


def discriminator_loss(D: nn.ModuleDict, clip: Batch, frames: Tensor) -> Tensor:
    """All discriminators on the real frames and on generated ones (B, n, 3, H, W): a scalar ()."""
    L = clip.frames.shape[1] - frames.shape[1]
    on_real = judged(D, clip, clip.frames[:, L:])
    on_fake = judged(D, clip, frames)
    losses = [lsgan_d(scores(r), scores(f)) for r, f in zip(on_real, on_fake, strict=True)]
    return torch.stack(losses).sum()


# -- the loop ------------------------------------------------------------------------------------


def set_rates(nets: Nets, config: Config, step: int) -> None:
    """Rates are constant for half of the steps, then they fall to zero in a line."""
    left = min(1.0, 2 * (1 - step / config.steps))
    for group in nets.opt_g.param_groups:
        group["lr"] = left * config.lr
    for group in nets.opt_d.param_groups:
        group["lr"] = left * config.lr_d


Look = Callable[[nn.Module], Mapping[str, float]]  # what the history should keep of G
History = Sequence[Mapping[str, float]]


def train(run: Run, arm: Arm, footage: Footage, look: Look) -> tuple[nn.Module, History]:
    """Train one arm on clips that grow longer; it goes on where it was stopped.

    All arms see the same clips in the same order. Generated frames are detached before they become
    memory: no gradient crosses from one frame to the next. `look` is called `LOOKS` times.
    """
    c: Config = run.config
    L = c.memory
    nets = build(arm, c, footage.classes + 1, run.device, run.seed)

    with run.task(arm.name, **nets.parts()) as task:
        for step in task.steps(c.steps):
            set_rates(nets, c, step)
            length = L + c.unroll(step)
            chosen = task.batch(step, footage.windows(length), c.batch)  # (B,)
            clip = footage.cut(chosen, length)
            made = []

            def loss_of_g(rows: Tensor, clip: Batch = clip, made: list[Tensor] = made) -> Tensor:
                part = clip[rows]
                with frozen(nets.D):
                    video = generate(nets.G, arm, part.sources, part.frames[:, :L])
                    made.append(video.image.detach())  # (b, n, 3, H, W)
                    return generator_loss(nets.D, part, video, c)

            rows = torch.arange(len(chosen), device=run.device)
            loss = task.descend(nets.opt_g, loss_of_g, rows)
            fake = torch.cat(made)[-len(rows) :]  # (B, n, 3, H, W), made before G's step

            def loss_of_d(rows: Tensor, clip: Batch = clip, fake: Tensor = fake) -> Tensor:
                return discriminator_loss(nets.D, clip[rows], fake[rows])

            loss_d = task.descend(nets.opt_d, loss_of_d, rows)
            last_of_look = (step + 1) % max(1, c.steps // LOOKS) == 0
            with task.paused():
                seen = look(nets.G) if last_of_look else {}
            task.log(step, loss=loss, loss_d=loss_d, **seen)
    return nets.G.eval(), task.history
