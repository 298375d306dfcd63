"""Figures with one style, alternative text and one line that says what to see.

Three marks tell where a number comes from, the same in every chapter: `PAPER`, `RECORDED`
(a full run on a GPU, made once) and `LIVE` (this run): `ax.plot(x, y, **LIVE)`.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.figure import Figure
from PIL import Image

from cvlib.course.errors import CourseError
from cvlib.course.page import frontend

# Okabe & Ito's colours, which colour-blind readers tell apart; yellow is too pale for lines.
BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK = PALETTE = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000",
)  # fmt: skip

PAPER = {"color": "#767676", "marker": "s", "linestyle": "--"}
RECORDED = {"color": BLUE, "marker": "o", "linestyle": "-"}
LIVE = {"color": VERMILION, "marker": "D", "linestyle": ":"}

DPI = 100
DRAWING_COLOURS = 8192  # a picture with fewer is a drawing
STYLE = {
    "figure.figsize": (8, 3.2),
    "figure.dpi": DPI,
    "figure.constrained_layout.use": True,
    "font.size": 10.5,
    "axes.titlesize": 10.5,
    "axes.prop_cycle": cycler(color=PALETTE),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E3E3E3",
    "image.cmap": "viridis",
    "image.interpolation": "nearest",
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
}
plt.rcParams.update(STYLE)


def show(fig: Figure, *, alt: str, caption: str) -> None:
    """Display a figure with its alternative text and one caption line, then close it.

    alt: what the picture shows, for those who cannot see it, and the text that nbval compares.
    caption: Markdown, one line: what to see in it.
    Raises `CourseError` without alt or caption. Outside a kernel it prints the caption.
    """
    alt, caption = alt.strip(), caption.strip()
    if not alt or not caption or "\n" in caption:
        raise CourseError("a figure needs alt=... and caption=..., a caption on one line")
    try:
        if frontend.in_kernel():
            display_picture(*encoded(fig), alt)
            line = f"Figure. {caption}"
            frontend.display({"text/markdown": f"*{line}*", "text/plain": line})
        else:
            print(f"Figure. {caption}")
    finally:
        plt.close(fig)


def png(fig: Figure) -> bytes:
    """The figure as a PNG file, the same bytes for the same picture."""
    file = io.BytesIO()
    fig.savefig(file, format="png", dpi=DPI, metadata={"Software": None})
    return file.getvalue()


def encoded(fig: Figure) -> tuple[str, bytes]:
    """The figure's mime type and file, small enough to be stored in a notebook.

    A drawing (few colours) becomes a PNG with a palette, a photograph a JPEG.
    """
    picture = Image.open(io.BytesIO(png(fig))).convert("RGB")
    file = io.BytesIO()
    if picture.getcolors(DRAWING_COLOURS) is None:
        picture.save(file, format="JPEG", quality=75, optimize=True)
        return "image/jpeg", file.getvalue()
    palette = picture.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    palette.save(file, format="PNG", optimize=True)
    return "image/png", file.getvalue()


def display_picture(mime: str, content: bytes, alt: str) -> None:
    """Display a picture file with its alternative text; call only in a kernel.

    Raises `CourseError` without an alternative text.
    """
    if not alt.strip():
        raise CourseError("a picture needs alt=...: what it shows, for those who cannot see it")
    text = base64.b64encode(content).decode()
    frontend.display({mime: text, "text/plain": alt}, {mime: {"alt": alt}})


def grid(images: Any, titles: Sequence[str] | None = None, columns: int = 8) -> Figure:
    """A figure of small pictures in rows.

    images: (N, C, H, W) or (N, H, W), tensor, array or sequence; C is 1 or 3; floats in [0, 1]
        (clipped) or uint8.
    titles: one per picture. columns: pictures per row.
    Raises `CourseError` for other shapes or counts.
    """
    pictures = [_picture(image) for image in images]
    if not pictures or (titles is not None and len(titles) != len(pictures)):
        raise CourseError(f"a grid of {len(pictures)} pictures needs pictures and as many titles")
    columns = min(columns, len(pictures))
    rows = math.ceil(len(pictures) / columns)
    cell = 8 / columns
    height, width = pictures[0].shape[:2]
    fig, axes = plt.subplots(
        rows, columns, squeeze=False,
        figsize=(8, rows * (cell * height / width + (0.25 if titles else 0.05))),
    )  # fmt: skip
    for ax in axes.flat:
        ax.axis("off")
    for i, (ax, picture) in enumerate(zip(axes.flat, pictures, strict=False)):
        ax.imshow(picture, cmap="gray", vmin=0, vmax=1)
        if titles:
            ax.set_title(titles[i], fontsize=9)
    return fig


def _picture(image: Any) -> np.ndarray:
    """One image (C, H, W) or (H, W) as floats in [0, 1] in the order that imshow wants."""
    array = image.detach().cpu().float().numpy() if hasattr(image, "detach") else np.asarray(image)
    if array.ndim == 3 and array.shape[0] in (1, 3):
        array = array.transpose(1, 2, 0)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3):
        raise CourseError(f"a picture is (C, H, W) or (H, W), not {array.shape}")
    whole = str(getattr(image, "dtype", "")).endswith("uint8")
    return np.clip(array / 255 if whole else array, 0, 1)
