"""The checks of chapter 08: each names the first property that an answer lacks."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from cvlib.chapters.video_to_video import solutions
from cvlib.course.page.answers import (
    Wrong,
    apart,
    close,
    function,
    number,
    sequence,
    several,
    tensor,
    whole,
)
from cvlib.synth.raycast import Camera, Moment, Plane, motion

IGNORE = 255


def check_last_runs(answer: Any) -> None:
    """08.1: the paper's paces, another K, and videos that are too short."""
    runs = function(answer, "last_runs(T, K, scales)")
    for T, K, scales in ((27, 3, 3), (19, 3, 3), (18, 3, 3), (6, 3, 2), (9, 2, 4), (2, 3, 1)):
        got = sequence(runs(T, K, scales), "a list with one run of frames per pace")
        if len(got) != scales:
            raise Wrong(f"{scales} paces have {scales} runs, you give {len(got)}")
        right = solutions.last_runs(T, K, scales)
        for scale, (mine, true) in enumerate(zip(got, right, strict=True)):
            frames = [] if mine is None else sequence(mine, "a run: a list of frame numbers")
            _check_run([whole(frame, "a frame number") for frame in frames], true, scale, T, K)


def _check_run(got: list[int], right: list[int], scale: int, T: int, K: int) -> None:
    if got == right:
        return
    where = f"T = {T}, K = {K}, pace {scale}"
    if not right:
        raise Wrong(f"{where}: the video is too short for this run, it should be empty")
    if not got:
        raise Wrong(f"{where}: the run does fit, from frame {right[0]} to {right[-1]}")
    if len(got) != K:
        raise Wrong(f"{where}: a run has K frames, yours has {len(got)}")
    if got == right[::-1]:
        raise Wrong(f"{where}: give the frames in the order of time")
    if got[-1] != T - 1:
        raise Wrong(f"{where}: the run should end in the newest frame, number {T - 1}")
    raise Wrong(f"{where}: the stride is K to the power of the pace, {K**scale}, not yours")


def check_shares(answer: Any) -> None:
    """08.2: sums, the two corners of the mask, and where the two compositions differ."""
    share = function(answer, "shares(mask, is_background)")
    mask = torch.rand(4, 6, dtype=torch.float64)
    background = torch.rand(4, 6, dtype=torch.float64).round()
    for b in (background, torch.rand(4, 6, dtype=torch.float64)):
        pair = several(share(mask, b), 2, "the shares of the paper and of the code")
        paper, code = (tensor(value, (3, 4, 6), "the shares") for value in pair)
        right = solutions.shares(mask, b)
        for name, got in (("paper", paper), ("code", code)):
            if not close(got.sum(0), torch.ones(4, 6)):
                raise Wrong(f"the three shares of the {name} do not add up to 1 in every pixel")
        if close(paper, right[0]) and close(code, right[1]):
            continue
        _name_the_mixture(paper, code, mask, b)


def _name_the_mixture(paper: Tensor, code: Tensor, mask: Tensor, b: Tensor) -> None:
    right = solutions.shares(mask, b)
    if close(paper, right[1]) and close(code, right[0]):
        raise Wrong("paper and code are swapped: the paper also warps foreground")
    if close(paper, solutions.shares(1 - mask, b)[0]):
        raise Wrong("the mask is the share of the hallucination: at m = 1 nothing is warped")
    if close(paper, solutions.shares(mask, 1 - b)[0]):
        raise Wrong("where is_background is 1, the background's hallucination is taken")
    if close(code, right[0]):
        raise Wrong("the code differs: foreground is never warped there, whatever the mask says")
    if not close(paper, right[0]):
        if any(close(paper, solutions.shares(mask, (b > least).to(b))[0]) for least in (0, 0.5)):
            raise Wrong("is_background may lie between 0 and 1: take it as a weight, do not choose")
        raise Wrong("paper: (1 - m) of the warp, and m shared by background and foreground")
    raise Wrong("code: all of a foreground pixel comes from H_F, background is as in the paper")


def check_warp_labels(answer: Any) -> None:
    """08.3: whole and broken steps, the borders, and classes that were never there."""
    warp = function(answer, "warp_labels(labels, flow, ignore)")
    labels = torch.randint(0, 7, (8, 11)) * 10
    still = torch.zeros(2, 8, 11, dtype=torch.float64)
    if not close(_labels(warp(labels, still, IGNORE)), labels):
        raise Wrong("a zero flow must leave the labels as they are")
    step = still.clone()
    step[0] = 2
    step[1] = -1
    ragged = 3 * torch.randn(2, 8, 11, dtype=torch.float64)
    ragged = ragged.floor() + 0.05 + 0.4 * (ragged % 1) + 0.5 * (ragged % 1 > 0.5)  # no ties
    for flow in (ragged, step):
        got = _labels(warp(labels, flow, IGNORE))
        if not close(got, solutions.warp_labels(labels, flow, IGNORE)):
            _name_the_move(got, labels, flow)
    if not close(_labels(warp(labels, step, 99)), solutions.warp_labels(labels, step, 99)):
        raise Wrong("`ignore` is an argument: mark with the number that is given, here 99")


def _labels(value: Any) -> Tensor:
    return tensor(value, (8, 11), "the labels")


def _name_the_move(got: Tensor, labels: Tensor, flow: Tensor) -> None:
    known = {*labels.unique().tolist(), IGNORE}
    if not {*got.unique().tolist()} <= known:
        raise Wrong("labels appear that were not there: mixing classes 0 and 20 makes no class 10")
    if close(got, solutions.warp_labels(labels, -flow, IGNORE)):
        raise Wrong("that is the other way: pixel p takes what was at p + flow")
    if close(got, solutions.warp_labels(labels, flow.flip(0), IGNORE)):
        raise Wrong("channel 0 of the flow is to the right, channel 1 is down")
    right = solutions.warp_labels(labels, flow, IGNORE)
    if not (got == IGNORE).any():
        raise Wrong("what comes from outside of the frame is unknown: mark it with `ignore`")
    if close(got, solutions.warp_labels(labels, flow.floor(), IGNORE)) or close(
        got, solutions.warp_labels(labels, flow.trunc(), IGNORE)
    ):
        raise Wrong("you cut the fractions off: round to the nearest pixel")
    if close(got[right != IGNORE], right[right != IGNORE]):
        raise Wrong("inside it is right: look at what comes from just outside of the frame")
    raise Wrong("take for each pixel the label nearest to where it was, p + flow")


def check_ground_flow(answer: Any) -> None:
    """08.4: against the renderer's flow of a plane, for several cameras and steps."""
    flow = function(answer, "ground_flow(size, focal, height, step)")
    for size, focal, height, step in (((16, 24), 18.0, 1.6, 0.8), ((15, 31), 24.0, 1.4, -0.3)):
        got = tensor(flow(size, focal, height, step), (2, *size), "the flow").double()
        right = cast_ground(size, focal, height, step)
        if not close(got, right, 1e-4):
            _name_the_flow(got, right, size, focal, height, step)


def cast_ground(size: tuple[int, int], focal: float, height: float, step: float) -> Tensor:
    """The renderer's backward flow (2, H, W) of the ground for the camera of exercise 08.4."""
    up = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)
    ahead = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    level = torch.eye(3, dtype=torch.float64)
    ground = (Plane(up, 0.0),)
    now = Moment(Camera(level, height * up, focal, *size), ground, ())
    before = Moment(Camera(level, height * up - step * ahead, focal, *size), ground, ())
    pixels = now.camera.pixels()
    return motion(pixels, now.cast(pixels), now, before).flow.T.reshape(2, *size)


def _name_the_flow(
    got: Tensor, right: Tensor, size: tuple[int, int], focal: float, height: float, step: float
) -> None:
    ground = right[1] != 0  # (H, W)
    sky = ~ground
    if got[:, sky].abs().max() > 1e-6:
        raise Wrong("the horizon is row (H - 1) / 2; there and above it the flow is 0")
    if close(got, -right, 1e-4):
        raise Wrong("the sign: one frame ago the ground was nearer to the vanishing point")
    if close(got, -cast_ground(size, focal, height, -step), 1e-4):
        raise Wrong("that leads to the next frame: one frame ago the ground was at depth z + step")
    if close(got.flip(0), right, 1e-4):
        raise Wrong("channel 0 of the flow is to the right, channel 1 is down")
    tiny = 1e-6
    if close(got, cast_ground(size, focal, height, tiny * step) / tiny, 1e-3):
        raise Wrong("that divides by z: one frame ago the depth was z + step")
    if not close(got[0], -got[0].flip(1), 1e-4):
        raise Wrong("the vanishing point is at column (W - 1) / 2 and row (H - 1) / 2")
    raise Wrong("depth of the ground: focal * height / rows below the horizon; then project twice")


def check_landings(answer: Any) -> None:
    """08.5: whole and half steps, what leaves, several that meet, and a random flow."""
    land = function(answer, "landings(flow)")
    still = torch.zeros(2, 6, 9, dtype=torch.float64)
    if not close(_map(land(still)), torch.ones(6, 9)):
        raise Wrong("with a zero flow every pixel lands on itself: 1 everywhere")
    half = still.clone()
    half[0] = 0.5
    meet = still.clone()
    meet[0] = 4 - torch.arange(9)  # all of a row land in column 4
    got = _map(land(meet))
    if close(got.max(), 1.0) and got.sum() < 9:
        raise Wrong("nine pixels land on one: add them up, do not overwrite")
    flow = 2 * torch.randn(2, 6, 9, dtype=torch.float64)
    for field in (half, meet, flow):
        got = _map(land(field))
        if not close(got, solutions.landings(field)):
            _name_the_landing(got, field)


def _map(value: Any) -> Tensor:
    return tensor(value, (6, 9), "the map")


def _name_the_landing(got: Tensor, flow: Tensor) -> None:
    right = solutions.landings(flow)
    if close(got, solutions.landings(flow.flip(0))):
        raise Wrong("channel 0 of the flow is to the right, channel 1 is down")
    if close(got, solutions.landings(-flow)):
        raise Wrong("a forward flow says where pixels go: p lands on p + flow")
    for cut in (flow.round(), flow.floor(), (flow + 0.5).floor()):
        if close(got, solutions.landings(cut)):
            raise Wrong("a pixel that lands between four is shared out among them")
    if got.sum() > right.sum() + 1e-6:
        raise Wrong("more lands than left: what leaves the frame is lost, not kept at its border")
    shown = apart(float(got.sum()), float(right.sum()))
    raise Wrong(f"of 54 pixels {shown[1]} land inside in an example, {shown[0]} by your map")


def check_drifted(answer: Any) -> None:
    """08.6: the fixed middle, one warp and many, both halves of the picture."""
    drift = function(answer, "drifted(column, width, times)")
    for column, width, times in (
        (3.5, 8, 9),
        (0.0, 8, 0),
        (6.0, 8, 1),
        (10.0, 64, 20),
        (60, 64, 9),
    ):
        got = number(drift(column, width, times), "the column")
        right = solutions.drifted(column, width, times)
        if close(got, right, 1e-6):
            continue
        middle = (width - 1) / 2
        if column == middle:
            raise Wrong("the middle column, (width - 1) / 2, must stay where it is")
        if times == 0:
            raise Wrong("without a warp nothing has moved")
        if close(got, middle + (column - middle) * (width / (width - 1)) ** times, 1e-6):
            raise Wrong("that is where the output looks; content moves the other way, inwards")
        if times > 1 and close(got, solutions.drifted(column, width, 1), 1e-6):
            raise Wrong("that is one warp: each of them shrinks the picture again")
        if times > 1 and close(
            got, column + times * (solutions.drifted(column, width, 1) - column)
        ):
            raise Wrong("the steps get smaller near the middle: multiply, do not add them up")
        shown = apart(got, right)
        raise Wrong(f"column {column:g} of {width} is at {shown[1]} after {times}, not {shown[0]}")
