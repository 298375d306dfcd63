import sys
import types

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.course.page import explore as explore_module
from cvlib.course.page import figures
from cvlib.course.page.explore import explore
from cvlib.course.page.figures import LIVE, PALETTE, PAPER, RECORDED, grid, png, show


@pytest.fixture
def page(monkeypatch):
    """What a kernel's page would show, as (data, metadata)."""
    shown = []
    monkeypatch.setattr(figures.frontend, "in_kernel", lambda: True)
    monkeypatch.setattr(
        figures.frontend, "display", lambda data, metadata=None: shown.append((data, metadata))
    )
    return shown


def line():
    fig, ax = plt.subplots()
    ax.plot([1, 2], [3, 5], **LIVE)
    return fig


def test_the_same_picture_has_the_same_bytes_and_names_no_software():
    first, second = png(line()), png(line())
    assert first == second
    assert b"Matplotlib" not in first
    plt.close("all")


def test_show_gives_the_picture_its_alt_text_and_one_caption(page):
    fig = line()
    show(fig, alt="A rising line.", caption="The error rises.")
    (picture, metadata), (caption, _) = page
    assert metadata == {"image/png": {"alt": "A rising line."}}
    assert picture["text/plain"] == "A rising line."
    assert caption["text/markdown"] == "*Figure. The error rises.*"
    assert not plt.fignum_exists(fig.number)


def test_show_without_a_page_prints_the_caption(capsys):
    fig = line()
    show(fig, alt="A line.", caption="It rises.")
    assert capsys.readouterr().out == "Figure. It rises.\n"
    assert not plt.fignum_exists(fig.number)


@pytest.mark.parametrize(
    "words",
    [{"alt": "", "caption": "c"}, {"alt": "a", "caption": " "}, {"alt": "a", "caption": "c\nd"}],
)
def test_show_refuses_a_figure_without_words(words):
    with pytest.raises(CourseError, match="needs alt="):
        show(line(), **words)
    plt.close("all")


def test_a_picture_file_without_an_alt_text_is_refused(page):
    with pytest.raises(CourseError, match="needs alt="):
        figures.display_picture("image/png", b"", " ")
    assert page == []


def test_the_three_marks_differ_in_colour_marker_and_line():
    marks = (PAPER, RECORDED, LIVE)
    for key in ("color", "marker", "linestyle"):
        assert len({mark[key] for mark in marks}) == 3
    assert len(set(PALETTE)) == 7


@pytest.mark.parametrize(
    ("images", "shape"),
    [
        (torch.rand(5, 3, 4, 6), (4, 6, 3)),
        (torch.rand(5, 1, 4, 6), (4, 6)),
        (np.random.default_rng(0).integers(0, 255, (5, 4, 6), dtype=np.uint8), (4, 6)),
        ([np.zeros((4, 6, 3)) for _ in range(5)], (4, 6, 3)),
    ],
)
def test_a_grid_takes_tensors_arrays_and_lists(images, shape):
    fig = grid(images, titles=list("abcde"), columns=3)
    assert len(fig.axes) == 6
    drawn = fig.axes[0].get_images()[0].get_array()
    assert drawn.shape == shape
    assert drawn.max() <= 1
    plt.close(fig)


def test_a_uint8_picture_keeps_its_brightness():
    fig = grid(torch.full((1, 3, 2, 2), 51, dtype=torch.uint8))
    assert np.allclose(fig.axes[0].get_images()[0].get_array(), 0.2)
    plt.close(fig)


@pytest.mark.parametrize(
    "arguments", [{"images": []}, {"images": torch.rand(2, 4, 4), "titles": ["a"]}]
)
def test_a_grid_refuses_what_it_cannot_show(arguments):
    with pytest.raises(CourseError):
        grid(**arguments)


def draw(ax, G):
    ax.bar(range(G), 1)


def test_explore_draws_a_strip_of_at_most_five_values(page, monkeypatch):
    titles = []
    monkeypatch.setattr(
        figures, "show", lambda fig, **words: titles.extend(a.get_title() for a in fig.axes)
    )
    explore(draw, G=[1, 2, 4, 8, 16, 32, 64], alt="Bars.", caption="More groups.")
    assert titles[0] == "G = 1"
    assert titles[-1] == "G = 64"
    assert len(titles) == 5
    plt.close("all")


def test_explore_headless_shows_one_figure_and_no_widget(page, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    explore(draw, G=[1, 2], alt="Bars.", caption="More groups.")
    assert [list(data) for data, _ in page] == [
        ["image/png", "text/plain"], ["text/markdown", "text/plain"],
    ]  # fmt: skip


def test_explore_live_adds_a_slider_that_redraws(page, monkeypatch):
    widgets = pytest.importorskip("ipywidgets")
    made = []
    monkeypatch.setattr(explore_module.frontend, "is_live", lambda: True)
    monkeypatch.setattr("IPython.display.display", made.append)
    explore(draw, G=[1, 2, 4], alt="Bars.", caption="More groups.")
    slider, image = made[0].children
    assert isinstance(slider, widgets.SelectionSlider)
    before = image.value
    slider.index = 2
    assert image.value != before
    slider.index = 0
    assert image.value == before
    assert not plt.get_fignums()
    assert len(page) == 3, "the strip comes first; after the slider only what makes it speak"


def test_the_live_picture_has_an_alt_text_and_the_slider_says_its_value(page, monkeypatch):
    pytest.importorskip("ipywidgets")
    made = []
    monkeypatch.setattr(explore_module.frontend, "is_live", lambda: True)
    monkeypatch.setattr("IPython.display.display", made.append)
    explore(lambda ax, G: ax.bar([0], G), G=[1, 2.5, 4], alt='Bars "of" G.', caption="More groups.")
    slider, image = made[0].children
    assert 'alt="The picture for G = 1. Bars &quot;of&quot; G."' in image.value
    slider.index = 1
    assert 'alt="The picture for G = 2.5. ' in image.value
    script = page[-1][0]["application/javascript"]
    (mark,) = slider._dom_classes
    assert f'["{mark}", "G", ["1", "2.5", "4"]]' in script
    assert "aria-valuetext" in script


def test_further_controls_are_menus_and_the_strip_shows_their_first_values(page, monkeypatch):
    widgets = pytest.importorskip("ipywidgets")
    made, drawn = [], []
    monkeypatch.setattr(explore_module.frontend, "is_live", lambda: True)
    monkeypatch.setattr("IPython.display.display", made.append)

    def bars(ax, *values):
        drawn.append(values)
        ax.bar(range(len(values)), [float(v) for v in values])

    choices = {"G": [1, 2, 4], "N": [3, 5], "s": [0.5, 2.5]}
    explore(bars, **choices, alt="Bars.", caption="More groups.")
    assert drawn == [(1, 3, 0.5), (2, 3, 0.5), (4, 3, 0.5), (1, 3, 0.5)], "the strip, then live"
    slider, *menus, image = made[0].children
    assert [type(menu) for menu in menus] == [widgets.Dropdown] * 2
    slider.value, menus[1].value = 1, 1
    assert drawn[-1] == (2, 3, 2.5)
    assert 'alt="The picture for G = 2, N = 3, s = 2.5. Bars."' in image.value
    assert not plt.get_fignums()


def test_a_taller_strip_makes_a_taller_live_picture(page, monkeypatch):
    sizes = []
    monkeypatch.setattr(
        figures, "show", lambda fig, **words: sizes.append(tuple(fig.get_size_inches()))
    )
    for height in (2.2, 5.0):
        explore(draw, G=[1, 2], alt="a", caption="c", height=height)
    plt.close("all")
    assert sizes == [(8, 2.2), (8, 5.0)]


@pytest.mark.parametrize("control", [{}, {"G": [1]}, {"G": [1, 2], "N": [1]}])
def test_explore_takes_controls_with_values(control):
    with pytest.raises(CourseError, match="controls with two or more values"):
        explore(draw, alt="a", caption="c", **control)


def test_a_failing_draw_leaves_no_figure_behind():
    with pytest.raises(ZeroDivisionError):
        explore(lambda ax, G: 1 / 0, G=[1, 2], alt="a", caption="c")
    assert not plt.get_fignums()


def test_figures_need_no_ipython(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", None)
    assert not figures.frontend.in_kernel()
    fake = types.SimpleNamespace(get_ipython=lambda: types.SimpleNamespace())
    monkeypatch.setitem(sys.modules, "IPython", fake)
    assert not figures.frontend.in_kernel(), "an IPython terminal has no page"
