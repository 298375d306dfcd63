"""Exercises of chapter 06: their checks name the property that an answer lacks."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.chapters.self_attention_gan.solutions import (
    attention,
    attention_cost,
    diverged,
    hinge,
    power_step,
    sn_gradient,
    steps_needed,
)
from cvlib.course.page.exercises import Exercise, Wrong

Log = list[tuple[int, float]]


def _close(got: Tensor, expected: Tensor, tolerance: float = 1e-5) -> bool:
    return got.shape == expected.shape and torch.allclose(got, expected, atol=tolerance, rtol=1e-4)


def check_attention(answer: Callable[[Tensor, Tensor, Tensor], Tensor]) -> None:
    """Values, axis of the softmax, scale, and sums of rows."""
    q, k, v = torch.randn(2, 6, 4), torch.randn(2, 3, 4), torch.randn(2, 3, 5)
    got = answer(q, k, v)
    if got.shape != (2, 6, 5):
        raise Wrong(f"the output should be (B, N, c) = (2, 6, 5), yours is {tuple(got.shape)}")
    if not _close(answer(q, k, torch.ones_like(v)), torch.ones(2, 6, 5)):
        raise Wrong("with all values 1 the output must be 1: normalise each query over its keys")
    if _close(got, attention(q / 2, k, v)):
        raise Wrong("you divide by sqrt(d); SAGAN does not scale the dot product")
    if not _close(got, attention(q, k, v), 2e-6):
        raise Wrong("the weights should be softmax(q . k) over the keys")


def check_cost(answer: Callable[[int, int], tuple[int, int, int]]) -> None:
    """Integers at the four places of Table 1."""
    for channels, size in ((1024, 8), (512, 16), (256, 32), (128, 64)):
        parameters, flops, memory = answer(channels, size)
        right = attention_cost(channels, size)
        at = f"at {size}x{size} with {channels} channels"
        if parameters != right[0]:
            raise Wrong(f"the parameters {at} are {right[0] / channels**2:g} C^2: q and k have "
                        "C/8 channels, v has C/2, and one convolution leads back to C")  # fmt: skip
        if memory == 4 * right[2]:
            raise Wrong("the map has N/4 columns, since keys and values are pooled 2x2")
        if memory != right[2]:
            raise Wrong("the map's bytes are 4 (fp32) times queries times keys")
        if 2 * flops == right[1]:
            raise Wrong("you count multiply-adds; a FLOP count takes two for each")
        if flops != right[1]:
            raise Wrong(f"the FLOPs {at} should be those of four 1x1 convolutions and of the two "
                        "products q k' and beta v")  # fmt: skip


def check_power_step(answer: Callable[[Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]) -> None:
    """Shapes, unit length, order of the two updates, convergence."""
    W, start = torch.randn(5, 8), F.normalize(torch.randn(5), dim=0)
    u, v, sigma = answer(W, start.clone())
    if u.shape != (5,) or v.shape != (8,):
        raise Wrong("for W (m, n) u has m entries and v has n")
    one = torch.tensor(1.0)
    if not (_close(u.norm(), one) and _close(v.norm(), one)):
        raise Wrong("u and v must be unit vectors")
    if not _close(v, power_step(W, start)[1]):
        raise Wrong("v comes first, from the old u: v = W'u / |W'u|")
    if not _close(u, power_step(W, start)[0]):
        raise Wrong("u comes second, from the new v: u = Wv / |Wv|")
    if not _close(sigma, u @ W @ v):
        raise Wrong("the estimate is sigma = u'Wv with the new u and v")
    for _ in range(200):
        u, v, sigma = answer(W, u)
    if not _close(sigma, torch.linalg.svdvals(W)[0], 1e-4):
        raise Wrong("after 200 steps sigma is still not the first singular value")


def check_steps_needed(answer: Callable[[float, float], int]) -> None:
    """Integers for several spectra."""
    for s1, s2 in ((2.0, 1.0), (1.0, 0.9), (3.0, 2.9), (10.0, 2.0)):
        got, right = answer(s1, s2), steps_needed(s1, s2)
        if got == 2 * right or got == math.ceil(math.log(0.01) / math.log(s2 / s1)):
            raise Wrong("one iteration multiplies by W and by W': the rate is (s2/s1) squared")
        if got != right:
            raise Wrong(f"for s1 = {s1:g}, s2 = {s2:g} the first n with (s2/s1)^(2n) <= 0.01 is "
                        f"another than {got}")  # fmt: skip


def check_sn_gradient(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Against autograd through the SVD."""
    W, upstream = torch.randn(6, 9), torch.randn(6, 9)
    leaf = W.clone().requires_grad_()
    ((leaf / torch.linalg.matrix_norm(leaf, 2)) * upstream).sum().backward()
    got, sigma = answer(W.clone(), upstream.clone()), torch.linalg.matrix_norm(W, 2)
    if _close(got, upstream / sigma):
        raise Wrong("sigma depends on W too: the term along u v' is missing")
    if _close(got, leaf.grad * sigma):
        raise Wrong("the whole gradient is divided by sigma once more")
    if (got * W).sum().abs() > 1e-4 * got.norm() * W.norm():
        raise Wrong("W / sigma does not change when W is scaled, so <gradient, W> must be 0")
    if not _close(got, leaf.grad):
        raise Wrong("autograd finds another gradient")


def check_hinge(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Values, unequal counts, and where the gradient must vanish."""
    real = torch.tensor([2.0, 0.5, -1.0], requires_grad=True)
    fake = torch.tensor([-2.0, 0.3, 0.0], requires_grad=True)
    loss, right = answer(real, fake), hinge(real, fake).detach()
    if loss.shape != ():
        raise Wrong("the loss must be one number")
    if _close(2 * loss.detach(), right):
        raise Wrong("your loss is half of the paper's: two means are added, not one mean of all")
    loss.backward()
    if real.grad is None or fake.grad is None:
        raise Wrong("the loss must depend on both the real and the fake scores")
    for name, scores, done in (("real", real, real >= 1), ("fake", fake, fake <= -1)):
        if not torch.equal(scores.grad == 0, done):
            raise Wrong(f"the gradient of the {name} scores must be 0 exactly where the margin "
                        "holds (real >= 1, fake <= -1)")  # fmt: skip
    if not _close(loss.detach(), right):
        raise Wrong(f"for the scores of the table the loss is {float(right):.2f}")
    if not _close(answer(torch.zeros(1), torch.full((9,), 3.0)), torch.tensor(5.0)):
        raise Wrong("real and fake have their own means, also for unequal counts")


def logs(seed: int = 0) -> dict[str, Log]:
    """Two FID logs (step, FID) of which one run diverged; evaluations every 1,000 steps."""
    draw = torch.Generator().manual_seed(seed)
    steps = torch.arange(1, 21)
    noise = 1 + 0.05 * torch.randn(2, 20, generator=draw)
    good = (30 + 170 * torch.exp(-steps / 4)) * noise[0]
    bad = (34 + 150 * torch.exp(-steps / 3)) * noise[1]
    start = int(torch.randint(8, 15, (1,), generator=draw))
    bad[start:] *= 2.5 + 0.4 * torch.arange(20 - start)
    good[4] *= 2.2  # one bad evaluation is not a divergence
    names = ["A", "B"] if seed % 2 == 0 else ["B", "A"]
    curves = dict(zip(names, (good, bad), strict=True))
    return {
        name: list(zip((1000 * steps).tolist(), curves[name].tolist(), strict=True))
        for name in ("A", "B")
    }


def check_diverged(answer: Callable[[dict[str, Log]], dict[str, int]]) -> None:
    """Which arm and when, within one evaluation, over several pairs of logs."""
    for seed in range(6):
        given = logs(seed)
        got, right = dict(answer(given)), diverged(given)
        if set(right) - set(got):
            raise Wrong("you missed a run whose FID rose above twice its best and stayed there")
        if set(got) - set(right):
            raise Wrong("you call a healthy run diverged: one bad evaluation may come back")
        for name, step in right.items():
            if abs(got[name] - step) > 1000:
                raise Wrong("the right run, but not the evaluation at which it left "
                            "(one evaluation of tolerance)")  # fmt: skip
    (a, b), nan = [(1000, 90.0), (2000, 40.0)], float("nan")
    if set(dict(answer({"A": [a, b, (3000, nan), (4000, nan)], "B": [a, b]}))) != {"A"}:
        raise Wrong("an FID that is not a number is a divergence too")


EXERCISES = {
    e.id: e
    for e in (
        Exercise(
            "06.1", "attention in three lines", 10, 1, check_attention,
            (
                "Scores of all queries against all keys are one batched matrix product.",
                "softmax(dim=-1) runs over the keys; then one more product with v.",
            ),
            attention,
        ),
        Exercise(
            "06.2", "what attention costs at 8 to 64 px", 15, 2, check_cost,
            (
                "Write N = size^2 queries and N/4 pooled keys; a 1x1 convolution from a to b "
                "channels has a b weights and costs 2 N a b FLOPs.",
                "q and k map C to C/8, v maps C to C/2, the last one C/2 to C; the products cost "
                "2 N (N/4) C/8 and 2 N (N/4) C/2.",
            ),
            attention_cost,
        ),
        Exercise(
            "06.3", "one step of the power iteration", 10, 1, check_power_step,
            (
                "v is the image of the old u under W', scaled to length 1.",
                "torch.nn.functional.normalize(W @ v, dim=0) gives the new u; sigma = u @ W @ v.",
            ),
            power_step,
        ),
        Exercise(
            "06.4", "how many power iterations", 10, 2, check_steps_needed,
            (
                "In the basis of singular vectors one iteration multiplies the tangent of u's "
                "angle by (s2/s1)^2.",
                "Solve (s2/s1)^(2n) <= 0.01 for n and round up.",
            ),
            steps_needed,
        ),
        Exercise(
            "06.5", "the gradient of spectral normalisation", 25, 3, check_sn_gradient,
            (
                "d sigma / dW = u v' with the first singular vectors; use the quotient rule.",
                "The result is (G - <G, W/sigma> u v') / sigma for an upstream gradient G.",
            ),
            sn_gradient,
        ),
        Exercise(
            "06.6", "the hinge loss and where it is silent", 10, 1, check_hinge,
            (
                "Real scores should exceed 1, fake ones stay below -1; relu is 0 beyond.",
                "relu(1 - real).mean() + relu(1 + fake).mean(): two means, added.",
            ),
            hinge,
        ),
        Exercise(
            "06.7", "which run diverged, and when", 20, 3, check_diverged,
            (
                "Keep the best FID so far; a value above twice the best is suspicious.",
                "Suspicious is not enough: it must stay so until the log ends. NaN compares false "
                "with everything, so test `not fid <= 2 * best`.",
            ),
            diverged,
        ),
    )
}  # fmt: skip
