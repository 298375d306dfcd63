"""The pictures of chapter 09; each function draws on given axes or returns a figure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from cvlib.chapters.everybody_dance_now.probes import Faces, Show
from cvlib.course.page.figures import BLUE, GREEN, PURPLE, RECORDED, SKY, VERMILION
from cvlib.dance.footage import sticks_of
from cvlib.dance.nets import PoseToFrame
from cvlib.dance.skeleton import BODY21
from cvlib.dance.stick import draw_sticks, thickness_for
from cvlib.synth.dancer import Clip

FPS = 30.0
Draw = Callable[[Axes, Any], None]
Track = tuple[Tensor, Tensor]  # raw and normalised keypoints, (T, 21, 3) each


def pixels(image: Tensor) -> np.ndarray:
    """An image (3, H, W) in [-1, 1] for imshow."""
    return ((image + 1) / 2).clamp(0, 1).permute(1, 2, 0).numpy()


def row(images: Tensor) -> Tensor:
    """Images (n, 3, H, W) side by side, a white line between: (3, H, n (W + 1))."""
    spaced = torch.nn.functional.pad(images, (0, 1), value=1.0)
    return torch.cat(list(spaced), dim=2)


def show_image(ax: Axes, image: Tensor, title: str = "", smooth: bool = False) -> None:
    """One image (3, H, W) in [-1, 1] without axes; smooth, or in its own pixels."""
    ax.imshow(pixels(image), interpolation="bilinear" if smooth else "nearest")
    ax.set_title(title, fontsize=9)
    ax.axis("off")


def sticks_on_black(keypoints: Tensor, like: Tensor) -> Tensor:
    """Stick figures (T, 3, H, W), in [-1, 1], as large as frames `like` (T, 3, H, W)."""
    return 2 * sticks_of(keypoints, *like.shape[-2:]) - 1


def over(image: Tensor, keypoints: Tensor) -> Tensor:
    """Sticks of one pose (21, 3) over a pale image (3, H, W), both enlarged by 4: (3, 4H, 4W)."""
    large = torch.nn.functional.interpolate(image[None], scale_factor=4.0)[0]
    _, height, width = large.shape
    moved = keypoints.clone()
    moved[:, :2] = 4 * keypoints[:, :2] + 1.5
    sticks = draw_sticks(moved[None].float(), height, width, thickness_for(height))[0]
    drawn = (sticks.amax(0) > 0.02)[None]
    return torch.where(drawn, 2 * sticks - 1, 0.35 * large + 0.5)


def hero(show: Show, frames: Sequence[int]) -> Figure:
    """Source, normalised sticks, output and rendered truth, a column for each moment."""
    rows = {
        "source": show.source.rgb,
        "normalised\nsticks": sticks_on_black(show.placed, show.truth.rgb),
        "output": show.from_placed,
        "rendered\ntruth": show.truth.rgb,
    }
    return film(rows, frames)


def film(rows: Mapping[str, Tensor], frames: Sequence[int], inches: float = 0.88) -> Figure:
    """Clips (T, 3, H, W) as rows of a film strip, a picture so many `inches` wide."""
    _, _, height, width = next(iter(rows.values())).shape
    across = inches * len(frames)
    down = inches * height / width * len(rows)
    fig, axes = plt.subplots(len(rows), 1, figsize=(across + 1, down))
    fig.get_layout_engine().set(rect=(1 / (across + 1), 0, across / (across + 1), 1), h_pad=0.01)
    for ax, (name, clip) in zip(np.atleast_1d(axes), rows.items(), strict=True):
        ax.imshow(pixels(row(clip[list(frames)])), interpolation="bilinear")
        label = ax.text(-0.01, 0.5, name, transform=ax.transAxes, ha="right", va="center")
        label.set_in_layout(False)
        ax.axis("off")
    return fig


def misplaced(show: Show, frame: int) -> Figure:
    """Raw and normalised sticks over the true target, and what G draws of each."""
    fig, axes = plt.subplots(1, 4, figsize=(8, 3.1))
    true = show.truth.rgb[frame]
    show_image(axes[0], over(true, show.raw[frame]), "raw pose")
    show_image(axes[1], show.from_raw[frame], "its output")
    show_image(axes[2], over(true, show.placed[frame]), "normalised pose")
    show_image(axes[3], show.from_placed[frame], "its output")
    return fig


def raised(keypoints: Tensor, degrees: float) -> Tensor:
    """One pose (21, 3) with the left arm turned about the shoulder by an angle, (1, 21, 3)."""
    shoulder, elbow, wrist = BODY21.index("left_shoulder", "left_elbow", "left_wrist")
    angle = math.radians(degrees)
    turn = torch.tensor(
        [[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]]
    ).to(keypoints)
    moved = keypoints.clone()
    for joint in (elbow, wrist):
        arm = keypoints[joint, :2] - keypoints[shoulder, :2]
        moved[joint, :2] = keypoints[shoulder, :2] + turn @ arm
    return moved[None]


def spectrum(keypoints: Tensor, fps: float) -> tuple[Tensor, Tensor]:
    """Mean amplitude of the accelerations of (T, K, 3) in bands of frequency: Hz (F,), pixels (F,).

    A band holds four neighbouring frequencies.
    """
    second = keypoints[2:, :, :2] - 2 * keypoints[1:-1, :, :2] + keypoints[:-2, :, :2]
    window = torch.hann_window(len(second), dtype=second.dtype)[:, None, None]
    amplitude = torch.fft.rfft(second * window, dim=0).abs().mean(dim=(1, 2)) / len(second)
    frequency = torch.fft.rfftfreq(len(second), 1 / fps)
    bands = len(frequency) // 4
    return frequency[: 4 * bands].view(bands, 4).mean(1), amplitude[: 4 * bands].view(
        bands, 4
    ).mean(1)


def draw_pose(G: PoseToFrame, keypoints: Tensor, before: Tensor) -> Draw:
    """For `explore`: one pose (21, 3) with the left arm turned, and the person G draws of it."""

    def draw(ax: Axes, degrees: float) -> None:
        _, height, width = before.shape
        sticks = sticks_of(raised(keypoints, degrees), height, width)
        with torch.no_grad():
            made = G(sticks, before[None])
        show_image(ax, row(torch.cat([2 * sticks - 1, made])), smooth=True)

    return draw


def draw_frame(clip: Clip, video: Tensor) -> Draw:
    """For `explore`: sticks, output, truth, difference at one frame of a video (T, 3, H, W)."""

    def draw(ax: Axes, t: int) -> None:
        sticks = sticks_on_black(clip.keypoints[t : t + 1], clip.rgb)
        error = 2 * (video[t] - clip.rgb[t]).abs().mean(0).expand(3, -1, -1) - 1
        top = row(torch.stack([sticks[0], video[t]]))
        bottom = row(torch.stack([clip.rgb[t], error]))
        show_image(ax, torch.cat([top, bottom], dim=1), smooth=True)

    return draw


def slices(rows: Mapping[str, Tensor]) -> Figure:
    """One row of pixels (T, 3, W) over time, downwards, of several videos."""
    fig, axes = plt.subplots(1, len(rows), figsize=(7.4, 2.6))
    for ax, (name, seen) in zip(axes, rows.items(), strict=True):
        ax.imshow(pixels(seen.permute(1, 0, 2)), aspect="auto")
        ax.set(title=name, xlabel="x (px)", ylabel="frame" if ax is axes[0] else "")
        ax.grid(False)
    return fig


def face_zoom(found: Faces, frames: Sequence[int]) -> Figure:
    """Main generator, with the residual, truth, and the residual five times."""
    residual = 5 * (found.corrected - found.main)
    rows = {
        "main\ngenerator": found.main,
        "with\nresidual": found.corrected,
        "truth": found.true,
        "residual\nx 5": residual,
    }
    return film(rows, frames, inches=1.05)


def jitter_lab(tracks: Mapping[str, Tensor], joint: int) -> Figure:
    """One joint's x over time and the spectrum of accelerations, for tracks (T, K, 3)."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(6.6, 2.6))
    colors = (GREEN, SKY, BLUE, VERMILION, PURPLE)
    for (name, keypoints), color in zip(tracks.items(), colors, strict=False):
        left.plot(keypoints[:45, joint, 0], color=color, label=name, linewidth=1.4)
        frequency, amplitude = spectrum(keypoints, FPS)
        right.semilogy(frequency[1:], amplitude[1:], color=color, linewidth=1.2)
    left.set(xlabel="frame", ylabel="x of the left wrist (px)")
    left.legend(fontsize=8)
    right.set(xlabel="frequency (Hz)", ylabel="acceleration (px per frame²)")
    return fig


def draw_playground(truth: Clip, tracks_at: Mapping[float, Track], frame: int) -> Draw:
    """For `explore`: raw (grey) and normalised sticks over the true target, source far or near."""

    def draw(ax: Axes, distance: float) -> None:
        raw, placed = (kp[frame] for kp in tracks_at[distance])
        both = torch.stack([over(truth.rgb[frame], raw), over(truth.rgb[frame], placed)])
        show_image(ax, row(both))

    return draw


def quiz(pictures: Tensor, columns: int) -> Figure:
    """Numbered frames (n, 3, H, W), which may be real or not."""
    rows = -(-len(pictures) // columns)
    fig, axes = plt.subplots(rows, columns, figsize=(1.0 * columns, 1.6 * rows), squeeze=False)
    for i, ax in enumerate(axes.flat):
        show_image(ax, pictures[i], str(i + 1), smooth=True)
    return fig


def seeds(metrics: Mapping[str, Mapping[str, Any]], panels: Mapping[str, Mapping[str, str]]
          ) -> Figure:  # fmt: skip
    """A panel per question, a column per metric, a dot per seed of the recorded run."""
    fig, axes = plt.subplots(1, len(panels), figsize=(8, 2.8))
    for ax, (title, names) in zip(axes, panels.items(), strict=True):
        for i, name in enumerate(names.values()):
            values = [v for v in metrics[name]["values"] if v is not None]
            ax.plot([i] * len(values), values, "o", color=RECORDED["color"], alpha=0.7)
            ax.hlines(np.mean(values), i - 0.22, i + 0.22, color=RECORDED["color"])
        ax.set_xticks(range(len(names)), list(names), fontsize=8)
        ax.set_xlim(-0.5, len(names) - 0.5)
        ax.set_ylim(0, 1.05 * ax.get_ylim()[1])
        ax.set_title(title)
    return fig
