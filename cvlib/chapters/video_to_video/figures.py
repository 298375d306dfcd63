"""The pictures of chapter 08; each function draws on given axes or returns a figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle
from torch import Tensor

from cvlib.chapters.video_to_video import probes
from cvlib.chapters.video_to_video.claims import WITH_CARS
from cvlib.course.page.figures import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION
from cvlib.synth.clip import Clip
from cvlib.video.clips import temporal_index
from cvlib.video.footage import Batch
from cvlib.video.sequential import VideoOut

LEVELS = 12  # of each colour: few enough for a small file
COLORS = {
    "frames": VERMILION, "first": ORANGE, "no_flow": PURPLE, "no_dv": SKY, "full": BLUE,
    "trap": BLACK, "copy": GREEN, "prior": "#8B5A2B",
}  # fmt: skip
NAMES = {
    "frames": "frame by frame", "first": "first frames shown", "no_flow": "no flow",
    "no_dv": "no D_V", "full": "vid2vid", "trap": "class means", "copy": "true-flow copy",
    "prior": "net for cars",
}  # fmt: skip


def picture(image: Tensor) -> np.ndarray:
    """An image (3, H, W) in [-1, 1], or a map (H, W) in [0, 1], for imshow."""
    if image.dim() == 2:
        return image.detach().float().numpy()
    shown = ((image.detach().float() + 1) / 2).clamp(0, 1).movedim(0, -1)  # (H, W, 3)
    return ((LEVELS - 1) * shown).round().numpy() / (LEVELS - 1)


def put(ax: Axes, image: Tensor, **options: Any) -> None:
    """A picture (3, H, W) in [-1, 1], or a map (H, W) in [0, 1], on axes without ticks."""
    ax.imshow(picture(image), **{"cmap": "gray", "vmin": 0, "vmax": 1, **options})
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    for side in ax.spines.values():
        side.set_visible(False)


def strip(rows: Mapping[str, Sequence[Tensor]], titles: Sequence[str], **options: Any) -> Figure:
    """Pictures, (3, H, W) or (H, W), in named rows, with a title over each column."""
    height, width = next(iter(rows.values()))[0].shape[-2:]
    cell = 7.6 / len(titles)
    size = (8, len(rows) * cell * height / width + 0.5)
    fig, axes = plt.subplots(len(rows), len(titles), figsize=size, squeeze=False, **options)
    for line, (name, images) in zip(axes, rows.items(), strict=True):
        for ax, image in zip(line, images, strict=False):
            put(ax, image)
        line[0].set_ylabel(name, fontsize=8)
    for ax, title in zip(axes[0], titles, strict=True):
        ax.set_title(title, fontsize=9)
    return fig


# -- sections 2 to 4 -----------------------------------------------------------------------------


def hero(videos: Mapping[str, Tensor], frames: Sequence[int], row: int) -> Figure:
    """Each video (T, 3, H, W) at a few frames, and one of its rows over time, downwards."""
    rows = {name: [video[t - 1] for t in frames] for name, video in videos.items()}
    ratios = [1.0] * len(frames) + [1.15]
    titles = [*(f"frame {t}" for t in frames), "one row over time"]
    fig = strip(rows, titles, gridspec_kw={"width_ratios": ratios})
    axes = np.array(fig.axes).reshape(len(videos), -1)
    for line, video in zip(axes, videos.values(), strict=True):
        put(line[-1], video[:, :, row].movedim(0, 1), aspect="auto")  # (3, T, W)
        for ax in line[:-1]:
            ax.axhline(row, color="white", linewidth=0.5, linestyle=":")
    return fig


# -- section 5 -----------------------------------------------------------------------------------


def film_strip(labels: Tensor, frames: Tensor) -> Figure:
    """Eq. 3 as a strip: labels (3, H, W) above, frames (3, 3, H, W) below, the new one last."""
    fig, ax = plt.subplots(figsize=(8, 3.4))
    for i, time in enumerate(("t-2", "t-1", "t")):
        left = 3 * i
        ax.imshow(picture(probes.colored(labels[i])), extent=(left, left + 2, 2.2, 3.2))
        ax.imshow(picture(frames[i]), extent=(left, left + 2, 0, 1))
        ax.text(left + 1, 3.3, f"$s_{{{time}}}$", ha="center")
        ax.text(left + 1, -0.28, rf"$\tilde x_{{{time}}}$", ha="center")
    ax.add_patch(Rectangle((6, 0), 2, 1, fill=False, edgecolor=VERMILION, linewidth=2))

    arrows = {
        (1, 2.15): 0.15,
        (4, 2.15): 0.15,
        (7, 2.15): 0.0,
        (2.05, 0.6): -0.25,
        (5.05, 0.5): 0.0,
    }
    for start, bend in arrows.items():
        end = (7, 1.05) if start[0] == 7 else (5.95, 0.75 if start[1] > 1 else 0.5)
        style = f"arc3,rad={bend}"
        ax.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=11, color=BLUE,
                                     connectionstyle=style))  # fmt: skip
    ax.set(xlim=(-0.2, 8.2), ylim=(-0.5, 3.6))
    ax.axis("off")
    return fig


def paces(T: int = 27, K: int = 3) -> Figure:
    """Which frames of a video each pace of the video discriminator sees at once."""
    fig, ax = plt.subplots(figsize=(8, 2.1))
    for scale, color in enumerate((BLUE, GREEN, VERMILION)):
        ax.plot(range(T), [-scale] * T, ".", color="#C8C8C8", markersize=5)
        run = temporal_index(T, K, scale)[0]
        ax.plot(run, [-scale] * K, "o-", color=color, markersize=10)
    ax.set_yticks([0, -1, -2], ["pace 1", "pace 3", "pace 9"])
    ax.set(xlabel="frame", ylim=(-2.6, 0.6))
    ax.grid(False)
    return fig


def draw_photocopy(clip: Batch, copies: Tensor) -> Callable[[Axes, int], None]:
    """A function for `explore`: the n-th of copies (T, 3, H, W), its PSNR, its share of detail."""
    real = clip.frames[0, probes.L :]

    def draw(ax: Axes, n: int) -> None:
        copy, truth = copies[n - 1], real[n - 1]
        error = float(((copy - truth) / 2).square().mean())
        put(ax, copy)
        share = probes.detail(copy) / probes.detail(truth)
        text = f"{-10 * np.log10(error):.0f} dB\ndetail {100 * share:.0f} %"
        ax.text(0.5, -0.05, text, ha="center", va="top", transform=ax.transAxes, fontsize=9)

    return draw


def draw_origin(clip: Clip, t: int) -> Callable[[Axes, tuple[int, int]], None]:
    """A function for `explore`: where pixel (x, y) of frame t was in frame t - 1."""

    def draw(ax: Axes, pixel: tuple[int, int]) -> None:
        x, y = pixel
        was_x, was_y, visible = probes.origin(clip, t, x, y)
        both = torch.cat([clip.rgb[t - 1], torch.ones(3, 2, clip.rgb.shape[-1]), clip.rgb[t]], 1)
        below = clip.rgb.shape[-2] + 2
        put(ax, both)
        color = "#00FF66" if visible else "#FF3333"
        ax.plot([was_x, x], [was_y, y + below], "-", color=color, linewidth=1)
        ax.plot([was_x], [was_y], "o", color=color, fillstyle="none", markersize=8)
        ax.plot([x], [y + below], "s", color=color, fillstyle="none", markersize=8)
        ax.set(xlim=(-0.5, clip.rgb.shape[-1] - 0.5), ylim=(both.shape[1] - 0.5, -0.5))
        ax.set_xlabel("was seen" if visible else "was hidden", fontsize=9)

    return draw


# -- sections 8 to 12 ----------------------------------------------------------------------------


def draw_parts(clip: Clip, video: VideoOut) -> Callable[[Axes, int], None]:
    """A function for `explore`: eight pictures of frame t, two in a line."""

    def draw(ax: Axes, t: int) -> None:
        i = t - 1 - probes.L  # frames count from 1; the first L were given
        hidden = 1 - clip.visible[t - 1].float().expand(3, -1, -1)
        tiles = [
            probes.colored(clip.labels[t - 1]), clip.rgb[t - 1],
            probes.wheel(video.flow[0, i]), video.warped[0, i],
            2 * video.mask[0, i].expand(3, -1, -1) - 1, 2 * hidden - 1,
            video.raw[0, i], video.image[0, i],
        ]  # fmt: skip
        padded = [torch.nn.functional.pad(tile, (0, 1, 0, 1), value=1.0) for tile in tiles]
        lines = [torch.cat(padded[k : k + 2], dim=2) for k in range(0, len(padded), 2)]
        put(ax, torch.cat(lines, dim=1))

    return draw


def dots(ax: Axes, told: Mapping[str, Any], kind: str, names: Sequence[str]) -> None:
    """One dot per seed and a bar at the mean, a column per video."""
    for i, name in enumerate(names):
        values = told["metrics"][f"{kind}_{name}"]["values"]
        ax.plot([i] * len(values), values, "o", color=COLORS[name], alpha=0.75)
        ax.hlines(np.mean(values), i - 0.3, i + 0.3, color=COLORS[name])
    ax.set_xticks(range(len(names)), [NAMES[name] for name in names], fontsize=8, rotation=60,
                  ha="right", rotation_mode="anchor")  # fmt: skip
    ax.set_xlim(-0.6, len(names) - 0.4)


def arms(told: Mapping[str, Any]) -> Figure:
    """Coherence, quality and detail of the record's videos, and of cars alone, a dot per seed."""
    names = ("trap", "frames", "first", "no_flow", "no_dv", "prior", "full")
    kinds = {"tde": "TDE (less is better)", "psnr8": "PSNR of first 8 (dB)",
             "hf": "detail (real: 1)"}  # fmt: skip
    fig, axes = plt.subplots(1, 4, figsize=(8, 3.1), width_ratios=(1, 1, 1, 0.6))
    for ax, (kind, title) in zip(axes, kinds.items(), strict=False):
        dots(ax, told, kind, names)
        ax.set_title(title, fontsize=9.5)
    dots(axes[3], told, "cars", WITH_CARS)
    axes[3].set_title("cars (dB)", fontsize=9.5)
    return fig


def over_time(told: Mapping[str, Any]) -> Figure:
    """PSNR and a repainted car's colour frame by frame, and the mask's overlap over training.

    A thin line per seed, a thick one at their mean.
    """
    panels = (("psnr", ("copy", "no_flow", "frames", "first", "full"), "PSNR (dB)"),
              ("paint", ("no_flow", "first", "full"), "new colour of a car (%)"))  # fmt: skip
    fig, axes = plt.subplots(1, 3, figsize=(8, 2.7), width_ratios=(1.4, 1, 1))
    for ax, (key, names, title) in zip(axes, panels, strict=False):
        for name in names:
            seeds = np.array(probes.curves(told, name, key))  # (seeds, T)
            t = np.arange(1, seeds.shape[1] + 1)
            ax.plot(t, seeds.T, color=COLORS[name], linewidth=0.6, alpha=0.6)
            ax.plot(t, seeds.mean(0), color=COLORS[name], label=NAMES[name])
        ax.set(xlabel="generated frame", title=title)
    axes[0].legend(fontsize=7.5)
    for looks in probes.curves(told, "full", "looks"):
        steps = [line["step"] + 1 for line in looks]
        axes[2].plot(steps, [line["iou"] for line in looks], "o-", color=BLUE, alpha=0.7)
    axes[2].axhline(told["metrics"]["iou_all"]["mean"], color=BLACK, linestyle="--")
    axes[2].set(xlabel="step of training", title="mask: overlap (%)", ylim=(0, None))
    return fig


def trap(told: Mapping[str, Any], clip: Clip, painted: Tensor, t: int) -> Figure:
    """Frame t of a video (T, 3, H, W) of class-mean colours, and three scores of such videos."""
    fig = plt.figure(figsize=(8, 3.3))
    left, right = fig.subfigures(1, 2, width_ratios=(1.0, 1.9))
    upper, lower = left.subplots(2, 1)
    put(upper, clip.rgb[t - 1])
    put(lower, painted[t - 1])
    upper.set_title("real")
    lower.set_title("class-mean colours")
    kinds = {"warp": "warp error", "tde": "TDE", "psnr8": "PSNR, first 8"}
    for ax, (kind, title) in zip(right.subplots(1, 3), kinds.items(), strict=True):
        dots(ax, told, kind, ("trap", "frames", "full"))
        if kind == "warp":
            ax.axhline(told["metrics"]["warp_real"]["mean"], color=BLACK, linestyle="--")
            ax.set_xlabel("dashed: real video", fontsize=8)
        ax.set_title(title)
    return fig
