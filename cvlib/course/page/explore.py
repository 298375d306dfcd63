"""A picture under a slider that also teaches without one.

The strip of a few positions always comes first: it is all that a stored page, a printed one or
a headless run can show. A live front end adds the slider below it, and a menu for every further
control.
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
from matplotlib.figure import Figure

from cvlib.course.errors import CourseError
from cvlib.course.page import figures, frontend

PANELS = 5  # of the strip
SCRIPT = Path(__file__).with_name("slider.js")


def explore(
    draw: Callable[..., None], *, alt: str, caption: str, height: float = 2.2,
    **controls: Sequence[Any],
) -> None:  # fmt: skip
    """Draw a strip over a control's values and, live, a slider: `explore(draw, G=[1, 2, 4])`.

    draw: `draw(ax, value)` draws the picture of one value, `draw(ax, value, other, ...)` that of
    one value of each control.
    controls: `NAME=[values]`, at least two each. The first is the strip's and the slider's; live,
    every further one is a menu below the slider, and the strip shows its first value.
    height: of the strip, in inches. Raises `CourseError` without a control or without a choice.
    """
    if not controls or any(len(values) < 2 for values in controls.values()):
        raise CourseError("explore needs controls with two or more values, such as G=[1, 2, 4]")
    choices = {name: list(values) for name, values in controls.items()}
    name, values = next(iter(choices.items()))
    others = [rest[0] for rest in list(choices.values())[1:]]
    strip = [(value, *others) for value in _spread(values)]
    figures.show(_panels(draw, name, strip, height), alt=alt, caption=caption)
    if frontend.is_live() and importlib.util.find_spec("ipywidgets"):
        _live(draw, choices, alt, height)


def _spread(values: list[Any]) -> list[Any]:
    """At most `PANELS` values, evenly spread, with the first and the last."""
    count = min(PANELS, len(values))
    return [values[round(i * (len(values) - 1) / (count - 1))] for i in range(count)]


def _label(value: Any) -> str:
    return f"{value:.3g}".replace("inf", "∞") if isinstance(value, float) else str(value)


def _panels(
    draw: Callable[..., None], name: str, settings: Sequence[Sequence[Any]], height: float
) -> Figure:
    """One panel per setting, side by side, named by its first value; a single one is larger."""
    several = len(settings) > 1
    size = (max(8, 2 * len(settings)), height) if several else (4, height + 1)
    fig, axes = plt.subplots(1, len(settings), figsize=size, squeeze=False)
    try:
        for ax, values in zip(axes[0], settings, strict=True):
            draw(ax, *values)
            ax.set_title(f"{name} = {_label(values[0])}")
    except BaseException:
        plt.close(fig)
        raise
    return fig


def _live(
    draw: Callable[..., None], choices: dict[str, list[Any]], alt: str, height: float
) -> None:
    """A slider, menus, and the picture of what they stand at (ipywidgets 7 and 8)."""
    import ipywidgets
    from IPython.display import display

    controls = _controls(choices)
    name, values = next(iter(choices.items()))

    def picture() -> str:
        chosen = [rest[c.value] for c, rest in zip(controls, choices.values(), strict=True)]
        stands = [f"{n} = {_label(v)}" for n, v in zip(choices, chosen, strict=True)]
        fig = _panels(draw, name, [chosen], height)
        try:
            return _tag(figures.png(fig), f"The picture for {', '.join(stands)}. {alt}")
        finally:
            plt.close(fig)

    mark = f"cvlib-{controls[0].model_id}"
    controls[0].add_class(mark)
    # HTML is replaced whole and its image can have an alternative text, which an Image cannot.
    # An Output would capture what other cells print meanwhile.
    page = ipywidgets.HTML(picture())

    def redraw(_: dict[str, Any]) -> None:
        page.value = picture()

    for control in controls:
        control.observe(redraw, "value")
    display(ipywidgets.VBox([*controls, page]))
    labels = [_label(value) for value in values]
    frontend.display({"application/javascript": _spoken(mark, name, labels), "text/plain": ""})


def _controls(choices: dict[str, list[Any]]) -> list[Any]:
    """A slider for the first name and a menu for each other; each holds the place of a value."""
    import ipywidgets

    found = []
    for name, values in choices.items():
        options = [(_label(value), i) for i, value in enumerate(values)]
        words = {"options": options, "value": 0, "description": name}
        if found:
            found.append(ipywidgets.Dropdown(**words))
        else:
            found.append(ipywidgets.SelectionSlider(**words, continuous_update=False))
    return found


def _tag(png: bytes, alt: str) -> str:
    source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    return f'<img width="400" alt="{html.escape(alt, quote=True)}" src="{source}">'


def _spoken(mark: str, name: str, labels: list[str]) -> str:
    """The script that makes the slider's handle say its name and the value that it stands at."""
    values = f"[{json.dumps(mark)}, {json.dumps(name)}, {json.dumps(labels)}]"
    return SCRIPT.read_text(encoding="utf-8").replace("[MARK, NAME, VALUES]", values)
