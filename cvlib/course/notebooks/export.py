"""A notebook as one HTML page or as slides, its figures with their alt texts.

nbconvert's own pages lose the alt texts. `CourseHTML` and `CourseSlides` keep them; they are also
registered with nbconvert: `jupyter nbconvert --to course_html`, File > Save and Export as.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import DictLoader
from nbconvert import HTMLExporter, SlidesExporter
from nbformat import NotebookNode

from cvlib.course import atomic
from cvlib.course.errors import CourseError
from cvlib.course.notebooks.canonical import read

# nbconvert's page as it is, but with our alt texts and without the scripts of a network.
TEMPLATE = """\
{{%- extends '{base}' -%}}
{{%- block html_head_js_requirejs -%}}{{%- endblock -%}}
{{%- block html_head_js_mermaidjs -%}}{{%- endblock -%}}
{{%- block data_png scoped -%}}
<div class="jp-RenderedImage jp-OutputArea-output">
<img alt="{{{{ output | get_metadata('alt', 'image/png') | escape_html }}}}"
 src="data:image/png;base64,{{{{ output.data['image/png'] | escape_html }}}}">
</div>
{{%- endblock -%}}
{{%- block data_jpg scoped -%}}
<div class="jp-RenderedImage jp-OutputArea-output">
<img alt="{{{{ output | get_metadata('alt', 'image/jpeg') | escape_html }}}}"
 src="data:image/jpeg;base64,{{{{ output.data['image/jpeg'] | escape_html }}}}">
</div>
{{%- endblock -%}}
"""
NAME = "course.html.j2"
INJECTED = "injected-parameters"  # papermill's tag: the cell holds a folder of one machine


class CourseHTML(HTMLExporter):
    """One page."""

    export_from_notebook = "Course page (.html)"

    def __init__(self, **kwargs: Any) -> None:
        text = TEMPLATE.format(base="lab/index.html.j2")
        super().__init__(template_file=NAME, extra_loaders=[DictLoader({NAME: text})], **kwargs)

    def from_notebook_node(
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kwargs: Any
    ) -> tuple[str, dict[str, Any]]:
        """The page of a notebook, without the parameters that papermill put in."""
        return super().from_notebook_node(without_injected(nb), resources, **kwargs)


class CourseSlides(SlidesExporter):
    """A slide per section, what follows in it below: down goes on, right skips to the next."""

    export_from_notebook = "Course slides (.html)"

    def __init__(self, **kwargs: Any) -> None:
        text = TEMPLATE.format(base="reveal/index.html.j2")
        super().__init__(template_file=NAME, extra_loaders=[DictLoader({NAME: text})], **kwargs)

    def from_notebook_node(
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kwargs: Any
    ) -> tuple[str, dict[str, Any]]:
        """The slides of a notebook, without the parameters that papermill put in."""
        nb = without_injected(nb)
        for cell in nb.cells:
            section = cell.cell_type == "markdown" and cell.source.startswith(("# ", "## "))
            cell.metadata.slideshow = {"slide_type": "slide" if section else "subslide"}
        return super().from_notebook_node(nb, resources, **kwargs)


EXPORTERS = {"html": CourseHTML, "slides": CourseSlides}


def without_injected(nb: NotebookNode) -> NotebookNode:
    """A copy without papermill's own cell, which shows a path of the machine that ran it."""
    kept = [cell for cell in nb.cells if INJECTED not in cell.metadata.get("tags", [])]
    return NotebookNode({**nb, "cells": [NotebookNode(cell) for cell in kept]})


def render(path: Path, kind: str = "html") -> str:
    """A notebook as one file that holds its pictures; `kind` is `html` or `slides`."""
    if kind not in EXPORTERS:
        raise CourseError(f"a notebook is exported to {' or '.join(EXPORTERS)}, not to {kind}")
    resources = {"metadata": {"name": path.stem}}
    return EXPORTERS[kind]().from_notebook_node(read(path), resources)[0]


def export(path: Path, kind: str, folder: Path) -> Path:
    """Write `<folder>/<name>.html` or `<name>.slides.html`; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    suffix = ".html" if kind == "html" else f".{kind}.html"
    return atomic.write(folder / f"{path.stem}{suffix}", render(path, kind))
