"""How the answers of chapter 06 are judged: each check names the property that is missing."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.chapters.self_attention_gan.solutions import (
    attention_cost,
    diverged,
    logistic_loss,
    masked_attention,
)
from cvlib.course.page import answers
from cvlib.course.page.answers import Wrong, close

Log = list[tuple[int, float]]


def check_masked_attention(answer: Any) -> None:
    """Rows that sum to one over what is seen, no scale, and a row that sees nothing."""
    ask = answers.function(answer, "masked_attention(q, k, v, seen)")
    q, k, v = torch.randn(2, 6, 4), torch.randn(2, 3, 4), torch.randn(2, 3, 5)
    everything = torch.ones(6, 3, dtype=torch.bool)
    some = everything.clone()
    some[0, 1] = some[2, 0] = some[4, 1] = some[4, 2] = False

    def got(values: Tensor, seen: Tensor, queries: Tensor = q) -> Tensor:
        return answers.tensor(ask(queries, k, values, seen), (2, 6, values.shape[2]))

    if not close(got(torch.ones_like(v), everything), torch.ones(2, 6, 5)):
        raise Wrong("with all values 1 the output must be 1: normalise each query over its keys")
    if close(got(v, everything), masked_attention(q / 2, k, v, everything)):
        raise Wrong("you divide by sqrt(d); SAGAN does not scale the dot product")
    if not close(got(v, everything), masked_attention(q, k, v, everything)):
        raise Wrong("where every key is seen the weights should be softmax(q . k) over the keys")
    _check_shifted_scores(ask, q, k, v)
    if not close(got(torch.ones_like(v), some), torch.ones(2, 6, 5)):
        raise Wrong("the weights of the keys that are seen must sum to 1: mask before the softmax")
    if not close(got(v, some), masked_attention(q, k, v, some)):
        raise Wrong("a key that is not seen must have weight 0: its score is -infinity, not 0")
    blind = some.clone()
    blind[3] = False
    try:
        read = got(v, blind)
    except Wrong as error:
        raise Wrong(f"a query that sees no key must give 0 ({error})") from None
    if not close(read, masked_attention(q, k, v, blind)):
        raise Wrong("a query that sees no key must give 0, and the others what they gave before")


def _check_shifted_scores(ask: Any, q: Tensor, k: Tensor, v: Tensor) -> None:
    """One number added to all scores of a query, by a channel more, changes no weight."""
    q, k = (4 * q).round() / 4, (4 * k).round() / 4  # products and sums of these are exact
    seen = torch.ones(q.shape[1], k.shape[1], dtype=torch.bool)
    keys = F.pad(k, (0, 1), value=1.0)
    for shift in (-60.0, 100.0):
        wrong = Wrong(
            f"adding {shift:g} to all scores of a query must change nothing: subtract the largest "
            "score before exp, as softmax does, and add no epsilon to the sum"
        )
        try:
            read = answers.tensor(ask(F.pad(q, (0, 1), value=shift), keys, v, seen), (2, 6, 5))
        except Wrong:
            raise wrong from None
        if not close(read, masked_attention(q, k, v, seen)):
            raise wrong


def check_cost(answer: Any) -> None:
    """Integers at the four places of Table 1."""
    ask = answers.function(answer, "attention_cost(channels, size)")
    for channels, size in ((1024, 8), (512, 16), (256, 32), (128, 64)):
        names = ("the parameters", "the FLOPs", "the map's bytes")
        three = answers.several(ask(channels, size), 3, "parameters, FLOPs and bytes")
        read = (answers.whole(x, name) for x, name in zip(three, names, strict=True))
        parameters, flops, memory = read
        right = attention_cost(channels, size)
        at = f"at {size}x{size} with {channels} channels"
        if parameters != right[0]:
            raise Wrong(
                f"the parameters {at} are {right[0] / channels**2:g} C^2: q and k have C/8 "
                "channels, v has C/2, and one convolution leads back to C"
            )
        if memory == 4 * right[2]:
            raise Wrong("the map has N/4 columns, since keys and values are pooled 2x2")
        if memory != right[2]:
            raise Wrong("the map's bytes are 4 (fp32) times queries times keys")
        if 2 * flops == right[1]:
            raise Wrong("you count multiply-adds; a FLOP count takes two for each")
        if flops != right[1]:
            raise Wrong(
                f"the FLOPs {at} should be those of four 1x1 convolutions and of the two products "
                "q k' and beta v"
            )


def check_transposed_sigma(answer: Any) -> None:
    """Against the singular values of the three matrices that a kernel can be read as."""
    ask = answers.function(answer, "transposed_sigma(weight)")
    for shape in ((4, 6, 3, 3), (8, 2, 4, 4), (5, 5, 3, 3)):
        weight = torch.randn(shape)
        got = answers.number(ask(weight), "sigma")
        by_outputs = torch.linalg.svdvals(weight.transpose(0, 1).flatten(1).double())
        by_inputs = torch.linalg.svdvals(weight.flatten(1).double())
        if close(got, by_inputs[0], 1e-4):
            raise Wrong(
                "that is the matrix of nn.Conv2d, outputs first; a transposed convolution's kernel "
                "is (C_in, C_out, k, k)"
            )
        if close(got, by_outputs.norm(), 1e-4):
            raise Wrong("that is the Frobenius norm, the root of the sum of all squared values")
        if close(got, by_outputs[0] ** 2, 1e-4):
            raise Wrong("that is the square: one iteration by W'W needs a root at the end")
        if not close(got, by_outputs[0], 1e-3):
            raise Wrong(
                f"for a kernel {shape} the first singular value of the matrix (C_out, C_in k^2) is "
                "another: iterate longer, or look at how you flatten"
            )


def check_logistic(answer: Any) -> None:
    """Value, unequal counts, both gradients, and large scores."""
    ask = answers.function(answer, "logistic_loss(real, fake)")
    real, fake = torch.tensor([2.0, 0.5, -1.0]), torch.tensor([-2.0, 0.3])
    with answers.by_hand("the gradient"):
        three = answers.several(ask(real, fake), 3, "the loss and the two gradients")
    loss = answers.number(three[0], "the loss")
    slope_real = answers.tensor(three[1], (3,), "the gradient of the real scores")
    slope_fake = answers.tensor(three[2], (2,), "the gradient of the fake scores")
    right, right_real, right_fake = logistic_loss(real.double(), fake.double())
    hinge = F.relu(1 - real).mean() + F.relu(1 + fake).mean()
    if close(loss, hinge):
        raise Wrong("that is the hinge loss; the logistic one is log(1 + exp(-D)) on real scores")
    if close(loss, logistic_loss(-real.double(), -fake.double())[0]):
        raise Wrong("the signs are exchanged: D wants real scores high and fake ones low")
    if close(2 * loss, right):
        raise Wrong("your loss is half of it: two means are added")
    if not close(loss, right):
        raise Wrong("the loss should be mean log(1 + exp(-real)) + mean log(1 + exp(fake))")
    if close(slope_real, right_real * 3) or close(slope_fake, right_fake * 2):
        raise Wrong("each mean divides its gradient by the number of its scores")
    if close(slope_real, -right_real) or close(slope_fake, -right_fake):
        raise Wrong("a gradient has the wrong sign: the loss falls where a real score rises")
    if not (close(slope_real, right_real) and close(slope_fake, right_fake)):
        raise Wrong("the slope of log(1 + exp(-r)) is -sigmoid(-r), and of log(1 + exp(f)) it is "
                    "sigmoid(f)")  # fmt: skip
    far = answers.several(ask(torch.tensor([-200.0]), torch.tensor([200.0])), 3, "three things")
    try:
        large = answers.number(far[0], "the loss")
    except Wrong:
        raise Wrong("at scores of 200 exp overflows: take softplus") from None
    if not close(large, 400.0):
        raise Wrong("a score of -200 on a real image costs 200: take softplus, not log(1 + exp)")


def logs(seed: int = 0) -> dict[str, Log]:
    """Two logs (step, distance) of which one run diverged; evaluations every 1,000 steps."""
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


def _steps(found: Any) -> dict[str, float]:
    """The answer as a dict; a list of pairs is one too."""
    if isinstance(found, dict):
        pairs = list(found.items())
    else:
        pairs = [
            answers.several(pair, 2, "an arm and its step")
            for pair in answers.sequence(found, "a dict from arm to step")
        ]
    return {str(name): answers.number(step, "the step") for name, step in pairs}


def check_diverged(answer: Any) -> None:
    """Which arm and when, within one evaluation, over several pairs of logs."""
    ask = answers.function(answer, "diverged(logs)")
    for seed in range(6):
        given = logs(seed)
        got, right = _steps(ask(given)), diverged(given)
        if set(right) - set(got):
            raise Wrong("you missed a run that rose above twice its best and stayed there")
        if set(got) - set(right):
            raise Wrong("you call a healthy run diverged: one bad evaluation may come back")
        for name, step in right.items():
            if abs(got[name] - step) > 1000:
                raise Wrong("the right run, but not the evaluation at which it left "
                            "(one evaluation of tolerance)")  # fmt: skip
    (a, b), nan = [(1000, 90.0), (2000, 40.0)], math.nan
    if set(_steps(ask({"A": [a, b, (3000, nan), (4000, nan)], "B": [a, b]}))) != {"A"}:
        raise Wrong("a distance that is not a number is a divergence too")
