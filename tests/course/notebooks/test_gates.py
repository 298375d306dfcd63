import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from cvlib.course.notebooks import problems
from cvlib.course.notebooks.canonical import canonical, dumps
from tests.course.notebooks.making import NAME, notebook

PNG = {"image/png": "AAAA", "text/plain": "Line."}
ALT = {"image/png": {"alt": "Line."}}


def stored(*sources):
    """A canonical notebook as if its cells had been executed."""
    nb = canonical(notebook(*sources))
    number = 0
    for cell in nb.cells:
        if cell.cell_type == "code":
            number += 1
            cell.execution_count = number
    return nb


def problems_of(nb, tmp_path, name=NAME):
    path = tmp_path / name
    path.write_text(dumps(nb), encoding="utf-8")
    return problems(path)


def show(*outputs):
    def change(nb):
        nb.cells[-1].outputs.extend(outputs)

    return change


def stdout(text):
    return show(new_output("stream", name="stdout", text=text))


def source(text, cell=-1):
    return lambda nb: nb.cells[cell].update(source=text)


def markdown(text):
    return lambda nb: nb.cells.append(new_markdown_cell(text))


def metadata(**entries):
    return lambda nb: nb.metadata.update(entries)


def tagged_often(nb):
    for _ in range(5):
        cell = new_code_cell("a = 1", metadata={"tags": ["nbval-ignore-output"]})
        nb.cells.append(cell)


def ignored_scoreboard(nb):
    nb.cells[-1].source = "scoreboard(result)"
    nb.cells[-1].metadata.tags = ["nbval-ignore-output"]


def rebound(nb):
    for text in ("explore(lambda ax, k: draw(ax, images[k]), k=[1, 2])", "images = 3"):
        cell = new_code_cell(text)
        nb.cells.append(cell)


def without_parameters(nb):
    nb.cells[3].metadata = {}


GATES = {
    "size": (stdout("x" * 401_000), "more than 400: make the figures smaller"),
    "kernel": (metadata(kernelspec={"name": "python3", "display_name": "Python 3"}),
               "metadata 'kernelspec' must be"),
    "T4": (metadata(colab={}), "metadata 'colab' must be"),
    "widget state": (metadata(widgets={"state": {}}), "holds widget state"),
    "papermill metadata": (metadata(papermill={}), "unknown metadata 'papermill'"),
    "cell metadata": (lambda nb: nb.cells[-1].metadata.update(id="x"), "unknown metadata (id)"),
    "tag": (lambda nb: nb.cells[-1].metadata.update(tags=["nbval-skip"]), "unknown tag (nbval-sk"),
    "ignored": (tagged_often, "5 cells are tagged nbval-ignore-output, more than 4"),
    "ignored scoreboard": (ignored_scoreboard, "cell 5 shows the scoreboard, which is compared"),
    "counts": (lambda nb: nb.cells[-1].update(execution_count=9), "the execution counts"),
    "not run": (lambda nb: nb.cells[-1].update(execution_count=None), "have a gap"),
    "error": (show(new_output("error", ename="KeyError", evalue="'a'", traceback=[])),
              "cell 5 stores an error: KeyError"),
    "stderr": (show(new_output("stream", name="stderr", text="Warning: x")), "writes to stderr"),
    "widget": (show(new_output("display_data", {"application/vnd.jupyter.widget-view+json": {}})),
               "stores a widget's view"),
    "svg": (show(new_output("display_data", {"image/svg+xml": "<svg/>"}, metadata={
        "image/svg+xml": {"alt": "x"}})), "image/svg+xml, which not every page can show"),
    "javascript": (show(new_output("display_data", {"application/javascript": "x"})),
                   "application/javascript, which"),
    "clock": (stdout("trained in 3.2 s"), "prints a time of this run ('in 3.2 s')"),
    "address": (stdout("<Generator at 0x7f1d483194b0>"), "prints an address (at 0x7f1d483194b0)"),
    "date": (stdout("12:30:01 started"), "prints a time of this run"),
    "rate": (stdout("35 it/s"), "prints a time of this run"),
    "path in output": (stdout(f"saved to /{'root'}/runs/04"), f"one machine: '/{'root'}/runs/04'"),
    "path in code": (source("open('/home/ann/x.txt')"), "one machine: '/home/ann/x.txt'"),
    "path in text": (markdown("See `C:\\Users\\ann`."), "one machine: 'C:\\\\Users'"),
    "path in html": (show(new_output("display_data", {"text/html": "<b>/tmp/x</b>"})), "'/tmp/x'"),
    "alt": (show(new_output("display_data", PNG)), "cell 5 shows a picture without alt text"),
    "markdown alt": (markdown("![](a.png)"), "picture without alt text in its Markdown"),
    "html alt": (markdown('<img src="a.png">'), "picture without alt text in its Markdown"),
    "empty html alt": (markdown('<img alt="" src="a.png">'), "picture without alt text in its"),
    "blank html alt": (markdown("<img src='a.png' alt='  '>"), "picture without alt text in its"),
    "no value": (markdown("<img src='a.png' alt>"), "picture without alt text in its Markdown"),
    "blank alt": (show(new_output("display_data", PNG, metadata={"image/png": {"alt": " "}})),
                  "cell 5 shows a picture without alt text"),
    "two alts": (show(new_output("display_data", PNG, metadata={"image/png": {"alt": "A cat."}})),
                 "cell 5 has two alt texts for one picture ('A cat.')"),
    "figures": (show(*[new_output("display_data", PNG, metadata=ALT)] * 13), "13 figures, more th"),
    "no title": (source("## No title", 0), "0 headings of level 1"),
    "two titles": (markdown("# Another"), "2 headings of level 1"),
    "skip": (markdown("#### Deep"), "skips from heading level 2 to 4 at 'Deep'"),
    "set-up": (source("import sys", 2), "first code cell is not cvlib.course.notebooks.SETUP_CELL"),
    "badge": (source("# Title", 0), "no Colab badge that opens https://colab.research.google.com"),
    "rebound": (rebound, "has a slider that reads images, which cell 7 binds anew"),
    "long": (source("\n".join(f"a{i} = {i}" for i in range(41))), "has 41 lines, more than 40"),
    "magic": (source("%matplotlib inline"), "not plain Python (magics"),
    "shell": (source("!ls"), "not plain Python (magics"),
    "semicolon": (source("x = 1;"), "has a `;`"),
    "tqdm": (source("from tqdm.auto import tqdm"), "uses tqdm: use run.task"),
    "interact": (source("import ipywidgets as w\nw.interact(f)"), "uses interact: use cvlib"),
    "ipython": (source("get_ipython().system('ls')"), "uses get_ipython"),
    "time": (source("import time\nprint(time.time())"), "imports time"),
    "pip": (source("run([sys.executable, '-m', 'pip', 'install', 'x'])"), "with pip"),
    "nbval comment": (source("# NBVAL_IGNORE_OUTPUT\nx"), "has an nbval comment"),
    "no parameters": (without_parameters, "0 cells are tagged parameters"),
    "seed": (source('PROFILE = "auto"\nSEED = 1\nOUT = None', 3), "must assign exactly PROFILE = "),
    "computed": (source('PROFILE = "auto"\nSEED = int(0)\nOUT = None', 3), "must assign exactly"),
    "more parameters": (source('PROFILE = "auto"\nSEED = 0\nOUT = None\nN = 1', 3), "must assign"),
}  # fmt: skip


def test_a_good_notebook_has_no_problems(tmp_path):
    nb = stored("print('3 steps, 2 min on an H100')", "x = 'a/opt/b ; c'  # see and/or")
    show(new_output("display_data", PNG, metadata=ALT))(nb)
    markdown(
        "### Below\n\n```python\n# no heading\n```\n\nhttps://x.org/tmp/ and $a/b$"
        "\n\n<img alt='Ann\\'s' src=x> <img alt=cat src=x> <img src=x alt=\"A cat\">"
    )(nb)
    nb.cells[-1].id = canonical(nb).cells[-1].id
    assert problems_of(nb, tmp_path) == []


@pytest.mark.parametrize("gate", GATES)
def test_each_gate_stops_what_it_is_for(gate, tmp_path):
    change, sentence = GATES[gate]
    nb = stored("x = 1")
    change(nb)
    found = problems_of(nb, tmp_path)
    assert any(sentence in line for line in found), found
    assert all("\n" not in line for line in found)


def test_a_file_that_is_no_notebook_or_not_canonical_is_one_sentence(tmp_path):
    path = tmp_path / NAME
    path.write_text("{")
    (sentence,) = problems(path)
    assert "cannot be read as a notebook" in sentence
    path.write_text(dumps(stored("x = 1")).replace("\n", "\n\n", 1))
    (sentence,) = problems(path)
    assert "not canonical at line 2" in sentence
