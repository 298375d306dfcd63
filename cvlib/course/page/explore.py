"""A picture under a slider that also teaches without one.

The strip of a few positions always comes first: it is all that a stored page, a printed one or
a headless run can show. A live front end adds the slider below it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cvlib.course.errors import CourseError
from cvlib.course.page import figures, frontend

PANELS = 5  # of the strip


def explore(
    draw: Callable[[Axes, Any], None], *, alt: str, caption: str, **control: Sequence[Any]
) -> None:
    """Draw a strip over the control's values and, live, a slider: `explore(draw, G=[1, 2, 4])`.

    draw: `draw(ax, value)` draws the picture of one value.
    control: exactly one `NAME=[values]` with at least two values; up to five are in the strip.
    Raises `CourseError` for another number of controls or values.
    """
    if len(control) != 1 or len(next(iter(control.values()))) < 2:
        raise CourseError("explore needs exactly one control with values, such as G=[1, 2, 4]")
    ((name, values),) = control.items()
    values = list(values)
    figures.show(_panels(draw, name, _spread(values)), alt=alt, caption=caption)
    if frontend.is_live() and importlib.util.find_spec("ipywidgets"):
        _slider(draw, name, values)


def _spread(values: list[Any]) -> list[Any]:
    """At most `PANELS` values, evenly spread, with the first and the last."""
    count = min(PANELS, len(values))
    return [values[round(i * (len(values) - 1) / (count - 1))] for i in range(count)]


def _label(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _panels(draw: Callable[[Axes, Any], None], name: str, values: list[Any]) -> Figure:
    """One panel per value, side by side; a single value gets a larger one."""
    size = (max(8, 2 * len(values)), 2.2) if len(values) > 1 else (4, 3.2)
    fig, axes = plt.subplots(1, len(values), figsize=size, squeeze=False)
    try:
        for ax, value in zip(axes[0], values, strict=True):
            draw(ax, value)
            ax.set_title(f"{name} = {_label(value)}")
    except BaseException:
        plt.close(fig)
        raise
    return fig


def _slider(draw: Callable[[Axes, Any], None], name: str, values: list[Any]) -> None:
    """A slider over all values and the picture of the chosen one (ipywidgets 7 and 8)."""
    import ipywidgets
    from IPython.display import display

    def picture(value: Any) -> bytes:
        fig = _panels(draw, name, [value])
        try:
            return figures.png(fig)
        finally:
            plt.close(fig)

    slider = ipywidgets.SelectionSlider(
        options=[(_label(v), i) for i, v in enumerate(values)],
        description=name,
        continuous_update=False,
    )
    # An Image is replaced whole. An Output would capture what other cells print meanwhile.
    image = ipywidgets.Image(value=picture(values[0]), format="png", width=400)

    def redraw(change: dict[str, Any]) -> None:
        image.value = picture(values[change["new"]])

    slider.observe(redraw, "value")
    display(ipywidgets.VBox([slider, image]))
