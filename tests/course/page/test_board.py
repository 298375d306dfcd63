"""A board: presets as a strip always, sliders where somebody can move them."""

import matplotlib.pyplot as plt
import pytest

from cvlib.course.errors import CourseError
from cvlib.course.page import board as board_module
from cvlib.course.page import figures
from cvlib.course.page.board import board

NAMES = ("a", "b", "c")
PRESETS = {"none": {}, "two": {"a": 1.0, "c": 0.5}}


def draw(ax, values):
    ax.bar(NAMES, [values.get(name, 0.0) for name in NAMES])


@pytest.fixture
def page(monkeypatch):
    shown = []
    monkeypatch.setattr(figures.frontend, "in_kernel", lambda: True)
    monkeypatch.setattr(
        figures.frontend, "display", lambda data, metadata=None: shown.append((data, metadata))
    )
    return shown


def test_headless_it_is_one_figure_and_its_caption(page, monkeypatch):
    monkeypatch.setattr(board_module.frontend, "is_live", lambda: False)
    board(draw, NAMES, PRESETS, alt="Bars.", caption="Presets.")
    assert len(page) == 2
    assert not plt.get_fignums()


def test_live_sliders_and_presets_redraw_the_picture(page, monkeypatch):
    widgets = pytest.importorskip("ipywidgets")
    made = []
    monkeypatch.setattr(board_module.frontend, "is_live", lambda: True)
    monkeypatch.setattr("IPython.display.display", made.append)
    board(draw, NAMES, PRESETS, alt="Bars.", caption="Presets.")
    controls, picture = made[0].children
    menu, *sliders = controls.children
    assert [slider.description for slider in sliders] == list(NAMES)
    still = picture.value
    assert 'alt="all at 0. Bars."' in still
    menu.value = "two"
    assert [slider.value for slider in sliders] == [1.0, 0.0, 0.5]
    assert 'alt="a 1, c 0.5. Bars."' in picture.value
    sliders[1].value = 0.25
    assert "b 0.25" in picture.value
    menu.value = "none"
    assert picture.value == still
    assert isinstance(sliders[0], widgets.FloatSlider)
    assert not plt.get_fignums()


@pytest.mark.parametrize("presets", [{}, {"other": {"d": 1.0}}])
def test_presets_move_its_own_sliders(presets):
    with pytest.raises(CourseError, match="presets of its own sliders"):
        board(draw, NAMES, presets, alt="Bars.", caption="Presets.")
