"""Another machine's rendering is the same picture; another result is not."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image, ImageDraw

from cvlib.course.notebooks import likeness
from cvlib.course.notebooks.likeness import difference
from cvlib.course.page import figures
from cvlib.course.page.figures import LIVE, PALETTE, PAPER, RECORDED, encoded, grid


def curves(*, moved=0.0, styles=(PAPER, RECORDED, LIVE)):
    fig, ax = plt.subplots()
    x = np.arange(2, 33, 3)
    rows = 24 + 0 * x, 10 + 30 * np.exp(-x / 6), 12 + 40 * np.exp(-x / 5)
    rows[2][2] += moved
    for y, style, label in zip(rows, styles, ("the paper", "batch norm", "this run"), strict=True):
        ax.plot(x, y, label=label, **style)
    ax.set(xlabel="images per worker", ylabel="test error (%)", title="51.9 % at two images")
    ax.legend()
    return fig


def bars(*, higher=0.0):
    fig, axes = plt.subplots(1, 3)
    for i, ax in enumerate(axes):
        heights = np.array([3.0, 5, 2, 4, 1]) + i
        heights[2] += higher * (i == 1)
        ax.bar(range(5), heights, color=PALETTE[:5])
        ax.set(title=f"panel {i}", ylim=(0, 8))
    return fig


def heat(*, warmer=0.0):
    fig, ax = plt.subplots()
    values = np.random.default_rng(0).normal(size=(12, 12))
    values[3, 4] += warmer
    fig.colorbar(ax.imshow(values, vmin=-3, vmax=3))
    return fig


def digits(*, other=False):
    rng = np.random.default_rng(1)
    pictures = rng.random((16, 16, 16))
    if other:
        pictures[5] = rng.random((16, 16))
    return grid(pictures, titles=[f"digit {i}" for i in range(16)])


def photo(*, hue=0.0):
    fig, ax = plt.subplots()
    y, x = np.mgrid[:96, :160] / 96
    noise = np.random.default_rng(2).normal(scale=0.1, size=(96, 160, 3))
    ax.imshow(np.clip(np.stack([x / 2 + hue, y, 1 - y], axis=2) + noise, 0, 1))
    return fig


FIGURES = (curves, bars, heat, digits, photo)


def file(fig):
    content = encoded(fig)[1]
    plt.close(fig)
    return content


@pytest.fixture(scope="module")
def stored():
    return {draw: file(draw()) for draw in FIGURES}


@pytest.mark.parametrize(
    "style",
    [
        {"text.hinting": "none"},
        {"text.hinting": "force_autohint"},
        {"text.antialiased": False},
        {"font.size": 10.6},
        {"dpi": 98},
        {"dpi": 103},
    ],
    ids=lambda style: "{}={}".format(*next(iter(style.items()))),
)
def test_another_rendering_looks_the_same(style, stored, monkeypatch):
    monkeypatch.setattr(figures, "DPI", style.pop("dpi", 100))
    with plt.rc_context(style):
        for draw in FIGURES:
            assert difference(stored[draw], file(draw())) == "", draw.__name__


def test_another_anti_aliasing_looks_the_same(stored, monkeypatch):
    monkeypatch.setattr(figures, "DPI", 300)
    for draw in FIGURES:
        large = Image.open(io.BytesIO(file(draw()))).convert("RGB")
        content = io.BytesIO()
        large.resize((large.width // 3, large.height // 3), Image.Resampling.LANCZOS).save(
            content, "PNG"
        )
        assert difference(stored[draw], content.getvalue()) == "", draw.__name__


CHANGES = {
    "a bar, 3 % of the axis": (bars, {"higher": 0.25}),
    "a point, 5 % of the axis": (curves, {"moved": 2.0}),
    "two curves swap their marks": (curves, {"styles": (PAPER, LIVE, RECORDED)}),
    "a cell of a heat map, a third of its range": (heat, {"warmer": 2.0}),
    "one picture of sixteen": (digits, {"other": True}),
    "the hue of a photograph": (photo, {"hue": 0.2}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_another_result_does_not(change, stored):
    draw, changed = CHANGES[change]
    assert "differs at" in difference(stored[draw], file(draw(**changed)))


@pytest.mark.parametrize("draw", FIGURES, ids=lambda draw: draw.__name__)
def test_a_black_square_is_seen_anywhere(draw, stored):
    picture = Image.open(io.BytesIO(stored[draw])).convert("RGB")
    for corner in ((60, 40), (400, 150), (700, 200)):
        spoiled = picture.copy()
        x, y = corner
        ImageDraw.Draw(spoiled).rectangle((x, y, x + 19, y + 19), fill="black")
        content = io.BytesIO()
        spoiled.save(content, "PNG")
        assert difference(stored[draw], content.getvalue())
        assert difference(content.getvalue(), stored[draw]), "what is gone counts as what is new"


def test_figures_may_not_be_swapped(stored):
    for one in FIGURES:
        for two in FIGURES:
            assert bool(difference(stored[one], stored[two])) == (one is not two)


def test_a_picture_of_another_size_is_another_picture():
    wide, narrow = (file(plt.figure(figsize=(w, 3))) for w in (8, 7))
    assert difference(wide, narrow) == "the picture has 700x300 points, not 800x300"


def test_the_limits_are_reached_by_what_they_must_refuse(stored, monkeypatch):
    monkeypatch.setattr(likeness, "LIMITS", {1.5: 1.1, 4.0: 1.1})
    assert difference(stored[bars], stored[curves]) == ""
