"""Pages and slides keep what a reader needs and show nothing of the machine that made them."""

import re

import pytest
from nbconvert import ScriptExporter
from nbformat.v4 import new_code_cell, new_output

from cvlib.course.errors import CourseError
from cvlib.course.notebooks.canonical import canonical, read
from cvlib.course.notebooks.export import export, render
from tests.course.notebooks.making import notebook, write

ALT = "Five cubes & a <falling> line."


@pytest.fixture
def path(tmp_path):
    """A notebook with a PNG and a JPEG, as papermill left it."""
    nb = notebook()
    injected = new_code_cell("OUT = '/home/ann/runs'", metadata={"tags": ["injected-parameters"]})
    shown = [
        new_output("display_data", {kind: "AAAA", "text/plain": ALT}, metadata={kind: {"alt": ALT}})
        for kind in ("image/png", "image/jpeg")
    ]
    nb.cells += [injected, new_code_cell("draw()", outputs=shown)]
    path = write(tmp_path, nb)
    text = path.read_text().replace('"language_info"', '"papermill": {}, "language_info"')
    path.write_text(text)
    return path


@pytest.mark.parametrize("kind", ["html", "slides"])
def test_every_figure_keeps_its_alt_text(kind, path):
    page = render(path, kind)
    alts = re.findall(r'<img alt="([^"]*)"\s+src="data:image', page)
    assert alts == ["Five cubes &amp; a &lt;falling&gt; line."] * 2
    assert "No description has been provided" not in page


@pytest.mark.parametrize("kind", ["html", "slides"])
def test_no_path_of_the_machine_is_shown(kind, path):
    assert "ann" in path.read_text()
    assert "/home/ann" not in render(path, kind)


def test_every_section_begins_a_slide(path):
    assert render(path, "slides").count("<section><section") == 2, "the header and 1 Set-up"


def test_files_are_named_after_the_notebook(path, tmp_path):
    assert export(path, "html", tmp_path / "a").name == "04_small.html"
    assert export(path, "slides", tmp_path / "a").name == "04_small.slides.html"
    with pytest.raises(CourseError, match="html or slides, not to pdf"):
        render(path, "pdf")


def test_a_script_is_python(path):
    source, resources = ScriptExporter().from_notebook_node(canonical(read(path)))
    assert resources["output_extension"] == ".py"
    assert "draw()" in source
