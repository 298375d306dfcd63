"""Many sliders that move one picture: a board.

A stored page, a printed one and a headless run show the presets as a strip; a live front end adds
a slider for each name and a menu of the presets below it.
"""

from __future__ import annotations

import base64
import html
import importlib.util
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cvlib.course.errors import CourseError
from cvlib.course.page import figures, frontend

Values = Mapping[str, float]  # what is not named is 0
COLUMNS = 4  # of the strip


def board(
    draw: Callable[[Axes, Values], None], names: Sequence[str],
    presets: Mapping[str, Values], *, alt: str, caption: str,
) -> None:  # fmt: skip
    """Draw a strip of the presets and, live, sliders from 0 to 1 for all `names`.

    `draw(ax, values)` draws the picture of some values. Raises `CourseError` without presets, or
    for a preset that moves what has no slider.
    """
    unknown = {name for values in presets.values() for name in values} - set(names)
    if not presets or unknown:
        raise CourseError(f"a board needs presets of its own sliders, not of {sorted(unknown)}")
    figures.show(_strip(draw, presets), alt=alt, caption=caption)
    if frontend.is_live() and importlib.util.find_spec("ipywidgets"):
        _sliders(draw, names, presets, alt)


def _strip(draw: Callable[[Axes, Values], None], presets: Mapping[str, Values]) -> Figure:
    """A picture for each preset, four in a row; a single one gets a small figure."""
    columns = min(COLUMNS, len(presets))
    rows = math.ceil(len(presets) / columns)
    size = (5, 1.5 * rows) if len(presets) > 1 else (4, 4)
    fig, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    for ax, (title, values) in zip(axes.flat, presets.items(), strict=False):
        draw(ax, values)
        ax.set_title(title)
    return fig


def _sliders(
    draw: Callable[[Axes, Values], None], names: Sequence[str], presets: Mapping[str, Values],
    alt: str,
) -> None:  # fmt: skip
    """The sliders, a menu that sets them, and the picture (ipywidgets 7 and 8)."""
    import ipywidgets
    from IPython.display import display

    style = {"description_width": "11em"}
    sliders = {
        name: ipywidgets.FloatSlider(0.0, min=0.0, max=1.0, step=0.05, description=name,
                                     style=style, continuous_update=False)
        for name in names
    }  # fmt: skip
    menu = ipywidgets.Dropdown(options=list(presets), description="preset", style=style)
    page = ipywidgets.HTML()
    quiet = [False]  # while a preset moves all sliders, one picture is drawn, not many

    def redraw(_: Any = None) -> None:
        if not quiet[0]:
            page.value = _picture(draw, {name: s.value for name, s in sliders.items()}, alt)

    def choose(change: dict[str, Any]) -> None:
        quiet[0] = True
        for name, slider in sliders.items():
            slider.value = presets[change["new"]].get(name, 0.0)
        quiet[0] = False
        redraw()

    for slider in sliders.values():
        slider.observe(redraw, "value")
    menu.observe(choose, "value")
    choose({"new": menu.value})
    display(ipywidgets.HBox([ipywidgets.VBox([menu, *sliders.values()]), page]))


def _picture(draw: Callable[[Axes, Values], None], values: Values, alt: str) -> str:
    """The picture of some values as an HTML image that says which."""
    fig = _strip(draw, {"": values})
    try:
        encoded = base64.b64encode(figures.png(fig)).decode()
    finally:
        plt.close(fig)
    moved = ", ".join(f"{name} {value:.2g}" for name, value in values.items() if value)
    said = html.escape(f"{moved or 'all at 0'}. {alt}", quote=True)
    return f'<img width="400" alt="{said}" src="data:image/png;base64,{encoded}">'
