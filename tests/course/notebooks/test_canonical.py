import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from cvlib.course.errors import CourseError
from cvlib.course.notebooks import check, stats
from cvlib.course.notebooks.canonical import canonical, dumps, read
from cvlib.course.notebooks.cells import METADATA, WIDGET
from tests.course.notebooks.making import notebook, write

KERNEL = {"name": "ir", "display_name": "R"}


def messy():
    """What JupyterLab, Colab and papermill leave in a file."""
    outputs = [
        new_output("stream", name="stdout", text="a\n"),
        new_output("stream", name="stdout", text="b\n"),
        new_output("display_data", {WIDGET: {"model_id": "1"}, "text/plain": "VBox()"}),
        new_output(
            "display_data",
            {"image/png": "AAAA", "text/plain": "Line."},
            metadata={"image/png": {"alt": "Line.", "width": 4}, "needs_background": "light"},
        ),
    ]
    cells = [
        new_markdown_cell("# Title  \n", metadata={"id": "x1", "collapsed": True}),
        new_code_cell("x = 1\n\n", metadata={"tags": ["b", "a"], "papermill": {"duration": 1.5}},
                      execution_count=1, outputs=outputs),
        new_code_cell("x = 1", execution_count=2),
    ]  # fmt: skip
    metadata = {"widgets": {}, "papermill": {}, "kernelspec": KERNEL}
    return new_notebook(cells=cells, metadata=metadata)


def test_only_what_a_reader_sees_is_stored():
    nb = canonical(messy())
    assert nb.metadata == METADATA
    title, code, again = nb.cells
    assert title.metadata == {}
    assert code.metadata == {"tags": ["a", "b"]}
    assert code.source == "x = 1"
    stream, picture = code.outputs
    assert stream.text == "a\nb\n"
    assert picture.metadata == {"image/png": {"alt": "Line."}}
    assert again.id == f"{code.id}-2"
    nbformat.validate(nb)


def test_canonical_form_is_a_fixed_point_and_its_input_is_left_alone():
    nb = messy()
    before = json.dumps(nb)
    once = canonical(nb)
    assert dumps(canonical(once)) == dumps(once)
    assert json.dumps(nb) == before


def test_a_pasted_picture_stays_with_its_cell():
    nb = notebook()
    pasted = {"image.png": {"image/png": "AAAA"}}
    nb.cells.append(new_markdown_cell("![A cat](attachment:image.png)", attachments=pasted))
    assert canonical(nb).cells[-1].attachments == pasted
    assert dumps(canonical(canonical(nb))) == dumps(canonical(nb))


def test_an_inserted_cell_leaves_the_other_ids_alone():
    ids = [cell.id for cell in canonical(notebook("a = 1", "b = 2")).cells]
    more = [cell.id for cell in canonical(notebook("new = 0", "a = 1", "b = 2")).cells]
    assert [i for i in more if i in ids] == ids


def test_check_names_the_line_and_the_remedy(tmp_path):
    path = write(tmp_path, notebook("a = 1"))
    assert check([path]) == []
    path.write_text(path.read_text().replace('"gpuType": "T4"', '"gpuType": "A100"'))
    (line,) = check([path])
    assert "A100" in line
    assert "make notebooks" in line
    path.write_text(path.read_text().rstrip("\n"))
    assert check([path])


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"nbformat": 3, "worksheets": []}'])
def test_what_is_no_notebook_gives_one_sentence(tmp_path, text):
    path = tmp_path / "x.ipynb"
    path.write_text(text)
    with pytest.raises(CourseError, match="cannot be read as a notebook"):
        read(path)
    with pytest.raises(CourseError, match="cannot be read"):
        read(tmp_path / "absent.ipynb")


def test_stats_count_cells_lines_and_words_without_formulas(tmp_path):
    path = write(tmp_path, notebook("a = 1\nb = 2", "c = 3"))
    measured = stats(path)
    assert (measured.cells, measured.code_cells, measured.figures) == (6, 4, 0)
    assert measured.line_median == 2.5
    assert measured.line_p90 == 15
    # Small, Open in Colab, table and in five short words, Set up
    assert measured.words == 12
