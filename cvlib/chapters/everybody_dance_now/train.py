"""The loops of the chapter: the main generator in two ways, the face, a reader and a detector."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cvlib.chapters.everybody_dance_now.config import Config, Portrait
from cvlib.course.run.run import Run
from cvlib.dance import objective, rival
from cvlib.dance.face import FaceResidual, crop, face_boxes
from cvlib.dance.footage import Footage, sticks_of
from cvlib.dance.forensics import PairDetector, detector_loss
from cvlib.dance.material import Heads, Material, film, film_heads
from cvlib.dance.nets import PoseToFrame, perform
from cvlib.dance.reader import PoseReader, reader_loss, shifted
from cvlib.gan.patch import MultiscaleDiscriminator, PatchDiscriminator
from cvlib.video.generator import SequentialGenerator

LABEL = "rendered dancers (cvlib.synth.dancer)"
BETAS = (0.5, 0.999)  # of Adam, for all adversarial trainings


def material(run: Run) -> Material:
    """The footage of this run's profile, rendered once (and kept in the user's cache)."""
    c: Config = run.config
    run.data_label = LABEL
    return run.shared("material", lambda: film(c.dances, c.height, c.width, run.device))


def heads(run: Run) -> Heads:
    """The portrait footage, rendered once."""
    p: Portrait = run.config.portrait
    run.data_label = LABEL
    return run.shared("heads", lambda: film_heads(p.dances, p.height, p.width, run.device))


def boxes_of(run: Run, footage: Footage) -> Tensor:
    """Face boxes (T, 2) of all frames of portrait footage; found on the CPU, once."""
    p: Portrait = run.config.portrait
    return face_boxes(footage.keypoints.cpu(), p.face, p.height, p.width).to(run.device)


def generator(config: Config, previous: bool) -> PoseToFrame:
    """G of this profile, with or without the frame before."""
    return PoseToFrame(config.g_width, config.downs, config.blocks, previous)


def play(run: Run, G: PoseToFrame, keypoints: Tensor) -> Tensor:
    """The video (T, 3, H, W), on the CPU, that G makes of keypoints (T, 21, 3)."""
    c: Config = run.config
    sticks = sticks_of(keypoints, c.height, c.width)
    return perform(G, sticks.to(run.device)).cpu()


def trained(run: Run, arm: str) -> PoseToFrame:
    """G as this seed's unit `arm` left it: "ts" with temporal smoothing, "fbf" without."""
    G = generator(run.config, previous=arm == "ts").to(run.device)
    G.load_state_dict(run.load_weights(arm, "G"))
    return G.eval()


def trained_reader(run: Run) -> PoseReader:
    """The pose detector that this seed's unit `reader` left."""
    P = PoseReader().to(run.device)
    P.load_state_dict(run.load_weights("reader", "P"))
    return P.eval()


def adam(net: nn.Module, lr: float) -> torch.optim.Adam:
    """Adam on every parameter once: the authors' code lists them twice and so steps twice."""
    return torch.optim.Adam(net.parameters(), lr, BETAS)


def train(run: Run, name: str, target: Footage, steps: int, previous: bool,
          batch: int) -> PoseToFrame:  # fmt: skip
    """Train G on a target's footage against a discriminator; resumes by itself.

    A step takes `batch` pairs of neighbouring frames. With `previous` they are judged together
    (temporal smoothing), without it each frame is drawn and judged alone: equal steps are equal
    frames.
    """
    config: Config = run.config
    G = generator(config, previous).to(run.device)
    D = MultiscaleDiscriminator(12 if previous else 6, config.d_widths, scales=2).to(run.device)
    opt_g = adam(G, config.lr)
    opt_d = adam(D, config.lr)

    with run.task(name, G=G, D=D, opt_g=opt_g, opt_d=opt_d) as task:
        for step in task.steps(steps):
            cool(step / steps, config.lr, opt_g, opt_d)
            chosen = task.batch(step, len(target.starts), batch)
            first = target.starts[chosen]  # (B,)

            def loss_d(first: Tensor) -> Tensor:
                x, y = neighbours(target, first)
                return objective.discriminator_loss(G, D, x, y)

            def loss_g(first: Tensor) -> Tensor:
                x, y = neighbours(target, first)
                return objective.generator_loss(G, D, x, y, config.weights)

            d = task.descend(opt_d, loss_d, first)
            g = task.descend(opt_g, loss_g, first)
            task.log(step, loss=g, loss_d=d)
    return G.eval()


def neighbours(target: Footage, first: Tensor) -> tuple[Tensor, Tensor]:
    """Sticks and frames of two neighbours each, (B, 2, 3, H, W), from the first ones' rows (B,)."""
    rows = torch.stack([first, first + 1], dim=1)  # (B, 2)
    return target.sticks[rows], target.frames[rows]


def cool(done: float, lr: float, *optimizers: torch.optim.Optimizer) -> None:
    """The full rate for half of the steps, then linearly down."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = lr * min(1.0, 2 * (1 - done) + 0.02)


def train_face(run: Run, target: Footage, drawn: Tensor, corners: Tensor) -> FaceResidual:
    """Train G_f on what the frozen main generator has drawn (N, 3, H, W), boxes (N, 2).

    The main generator is not here at all, so that no gradient can reach it.
    """
    c: Portrait = run.config.portrait
    weights = run.config.weights
    G_f = FaceResidual(c.face_width).to(run.device)
    D_f = PatchDiscriminator(6, run.config.d_widths).to(run.device)
    opt_g = adam(G_f, run.config.lr)
    opt_d = adam(D_f, run.config.lr)

    x_F = crop(target.sticks, corners, c.face)  # (N, 3, s, s)
    y_F = crop(target.frames, corners, c.face)
    face = crop(drawn, corners, c.face)

    with run.task("face", G_f=G_f, D_f=D_f, opt_g=opt_g, opt_d=opt_d) as task:
        for step in task.steps(c.face_steps):
            cool(step / c.face_steps, run.config.lr, opt_g, opt_d)
            chosen = task.batch(step, len(face), 2 * c.batch)  # (B,)

            def loss_d(i: Tensor) -> Tensor:
                with torch.no_grad():
                    fake = face[i] + G_f(x_F[i], face[i])
                return objective.face_discriminator_loss(D_f, x_F[i], fake, y_F[i])

            def loss_g(i: Tensor) -> Tensor:
                r = G_f(x_F[i], face[i])
                return objective.face_loss(r, D_f, x_F[i], face[i], y_F[i], weights)

            d = task.descend(opt_d, loss_d, chosen)
            g = task.descend(opt_g, loss_g, chosen)
            task.log(step, loss=g, loss_d=d)
    return G_f.eval()


def train_vid2vid(run: Run, m: Material) -> SequentialGenerator:
    """Train vid2vid on the same footage: a step draws as many frames, of runs that go on."""
    c: Config = run.config
    G = rival.generator(c.rival_width, c.blocks).to(run.device)
    D = rival.judges(c.d_widths).to(run.device)
    opt_g = adam(G, c.lr)
    opt_d = adam(D, c.lr)
    starts = rival.first_frames(m.target)
    batch = min(2 * c.batch // rival.NEW, len(starts))

    with run.task("vid", G=G, D=D, opt_g=opt_g, opt_d=opt_d) as task:
        for step in task.steps(c.rival_steps):
            cool(step / c.rival_steps, c.lr, opt_g, opt_d)
            first = starts[task.batch(step, len(starts), batch)]  # (B,)

            def loss_d(first: Tensor) -> Tensor:
                runs = rival.cut(m.target, m.motion, first)
                return rival.discriminator_loss(G, D, runs)

            def loss_g(first: Tensor) -> Tensor:
                runs = rival.cut(m.target, m.motion, first)
                return rival.generator_loss(G, D, runs, c.weights)

            d = task.descend(opt_d, loss_d, first)
            g = task.descend(opt_g, loss_g, first)
            task.log(step, loss=g, loss_d=d)
    return G.eval()


def train_reader(run: Run, target: Footage) -> PoseReader:
    """Train the pose detector on the target's real frames, shifted and with noise."""
    steps = run.config.reader_steps
    P = PoseReader(target.keypoints.shape[1]).to(run.device)
    opt = torch.optim.Adam(P.parameters(), 3e-3)
    with run.task("reader", P=P, opt=opt) as task:
        for step in task.steps(steps):
            cool(step / steps, 3e-3, opt)
            draw = task.generator(step)
            chosen = task.batch(step, len(target.frames), min(16, len(target.frames)))
            frames, keypoints = shifted(target.frames[chosen], target.keypoints[chosen], 4, draw)
            noise = torch.randn(frames.shape, generator=draw, device=run.device)
            noisy = frames + 0.05 * noise  # (B, 3, H, W)

            opt.zero_grad()
            loss = reader_loss(P, noisy, keypoints)
            loss.backward()
            opt.step()
            task.log(step, loss=loss.detach())
    return P.eval()


def train_detector(run: Run, name: str, real: Tensor, fake: Tensor) -> PairDetector:
    """Train a detector of generated pairs on pairs (n, 6, H, W) of both kinds."""
    D = PairDetector().to(run.device)
    opt = torch.optim.Adam(D.parameters(), 2e-3)
    with run.task(name, D=D, opt=opt) as task:
        for step in task.steps(run.config.detector_steps):
            chosen = task.batch(step, len(real), min(16, len(real)))
            loss = task.descend(opt, lambda i: detector_loss(D, real[i], fake[i]), chosen)
            task.log(step, loss=loss)
    return D.eval()
