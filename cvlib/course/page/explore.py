"""A picture under a slider that also teaches without one.

The strip of a few positions always comes first: it is all that a stored page, a printed one or
a headless run can show. A live front end adds the slider below it.
"""

from __future__ import annotations

import base64
import html
import importlib.util
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cvlib.course.errors import CourseError
from cvlib.course.page import figures, frontend

PANELS = 5  # of the strip
SCRIPT = Path(__file__).with_name("slider.js")


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
        _slider(draw, name, values, alt)


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


def _slider(draw: Callable[[Axes, Any], None], name: str, values: list[Any], alt: str) -> None:
    """A slider over all values and the picture of the chosen one (ipywidgets 7 and 8)."""
    import ipywidgets
    from IPython.display import display

    def picture(value: Any) -> str:
        fig = _panels(draw, name, [value])
        try:
            return _tag(figures.png(fig), f"The picture for {name} = {_label(value)}. {alt}")
        finally:
            plt.close(fig)

    labels = [_label(value) for value in values]
    slider = ipywidgets.SelectionSlider(
        options=[(label, i) for i, label in enumerate(labels)],
        description=name,
        continuous_update=False,
    )
    mark = f"cvlib-{slider.model_id}"
    slider.add_class(mark)
    # HTML is replaced whole and its image can have an alternative text, which an Image cannot.
    # An Output would capture what other cells print meanwhile.
    page = ipywidgets.HTML(picture(values[0]))

    def redraw(change: dict[str, Any]) -> None:
        page.value = picture(values[change["new"]])

    slider.observe(redraw, "value")
    display(ipywidgets.VBox([slider, page]))
    frontend.display({"application/javascript": _spoken(mark, name, labels), "text/plain": ""})


def _tag(png: bytes, alt: str) -> str:
    source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    return f'<img width="400" alt="{html.escape(alt, quote=True)}" src="{source}">'


def _spoken(mark: str, name: str, labels: list[str]) -> str:
    """The script that makes the slider's handle say its name and the value that it stands at."""
    values = f"[{json.dumps(mark)}, {json.dumps(name)}, {json.dumps(labels)}]"
    return SCRIPT.read_text(encoding="utf-8").replace("[MARK, NAME, VALUES]", values)
