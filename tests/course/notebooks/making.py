"""A small notebook that passes every gate, to be broken by the tests."""

from pathlib import Path

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from cvlib.course.notebooks.canonical import canonical, dumps
from cvlib.course.notebooks.cells import PARAMETERS_CELL, SETUP_CELL, badge
from cvlib.course.paths import ROOT

NAME = "04_small.ipynb"
FIGURE = """\
import matplotlib.pyplot as plt

from cvlib.course.page.explore import explore
from cvlib.course.page.figures import LIVE, show

fig, ax = plt.subplots()
ax.plot([1, 2, 4], [3, 2, 2], **LIVE)
show(fig, alt="A falling line.", caption="The error falls.")
explore(lambda ax, G: ax.bar(range(G), 1), G=[1, 2, 4], alt="Bars.", caption="More bars.")"""


def notebook(*sources: str):
    """Header, set-up, parameters, then these code cells, not executed."""
    header = f"# 04 · Small\n\n{badge(NAME)}\n\nA table and $x$ in five short words."
    cells = [
        new_markdown_cell(header),
        new_markdown_cell("## 1 Set-up"),
        new_code_cell(SETUP_CELL),
        new_code_cell(PARAMETERS_CELL, metadata={"tags": ["parameters"]}),
        *(new_code_cell(source) for source in sources),
    ]
    return new_notebook(cells=cells)


def write(folder: Path, nb, name: str = NAME) -> Path:
    """Store it beside a link to the library, which the set-up cell looks for."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "cvlib").exists():
        (folder / "cvlib").symlink_to(ROOT / "cvlib")
    path = folder / name
    path.write_text(dumps(canonical(nb)), encoding="utf-8")
    return path
