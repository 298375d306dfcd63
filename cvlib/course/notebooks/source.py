"""What a notebook's code may not hold, because it differs live, headless or on another machine."""

from __future__ import annotations

import ast
import io
import re
import symtable
import tokenize
from collections.abc import Iterator, Sequence

from nbformat import NotebookNode

from cvlib.course.notebooks.cells import PARAMETERS

MAX_LINES = 40
_SLIDER = "use cvlib.course.page.explore.explore, which leaves a figure on a page without a kernel"
_CLOCK = "a page with times in it differs at every run"
BANNED = {
    "tqdm": "use run.task(...), whose progress is one constant line when headless",
    "interact": _SLIDER,
    "interactive": _SLIDER,
    "ipywidgets": _SLIDER,
    "get_ipython": "a chapter also runs without IPython",
}
BANNED_IMPORTS = dict.fromkeys(("time", "timeit", "datetime"), _CLOCK)


def source_problems(cells: Sequence[tuple[int, NotebookNode]]) -> Iterator[tuple[int | None, str]]:
    """Number and sentence for each thing that the code cells may not hold."""
    for number, cell in cells:
        if (lines := cell.source.count("\n") + 1) > MAX_LINES:
            yield number, f"has {lines} lines, more than {MAX_LINES}: move code into the library"
        for sentence in _problems(cell.source):
            yield number, sentence
    yield from _parameters(cells)
    yield from _rebound(cells)


def _rebound(cells: Sequence[tuple[int, NotebookNode]]) -> Iterator[tuple[int, str]]:
    """Names that a slider's drawing reads and a later cell binds anew: the picture would change."""
    tables = []
    for number, cell in cells:
        try:
            tables.append((number, cell, symtable.symtable(cell.source, "cell", "exec")))
        except SyntaxError:
            continue  # said already
    for i, (number, cell, table) in enumerate(tables):
        if not re.search(r"\bexplore\(", cell.source):
            continue
        read = {name for part in table.get_children() for name in _globals(part)}
        for later, _, other in tables[i + 1 :]:
            bound = {symbol.get_name() for symbol in other.get_symbols() if symbol.is_assigned()}
            for name in sorted(read & bound):
                yield number, f"has a slider that reads {name}, which cell {later} binds anew"


def _globals(table: symtable.SymbolTable) -> Iterator[str]:
    yield from (symbol.get_name() for symbol in table.get_symbols() if symbol.is_global())
    for child in table.get_children():
        yield from _globals(child)


def _problems(source: str) -> Iterator[str]:
    try:
        tree = ast.parse(source)
    except SyntaxError:
        yield "is not plain Python (magics with % and ! are banned)"
        return
    nodes = list(ast.walk(tree))
    imported = {name for node in nodes for name in _imported(node)}
    named = {getattr(node, "id", getattr(node, "attr", None)) for node in nodes}
    for name in sorted((imported | named - {None}) & BANNED.keys()):
        yield f"uses {name}: {BANNED[name]}"
    for name in sorted(imported & BANNED_IMPORTS.keys()):
        yield f"imports {name}: {BANNED_IMPORTS[name]}"
    if re.search(r"\bpip\b\W+\binstall\b", source):
        yield "installs packages with pip, which needs a restart of the kernel"
    if re.search(r"^\s*#\s*(NBVAL|PYTEST_VALIDATE)_\w+", source, re.MULTILINE):
        yield "has an nbval comment: use the tag nbval-ignore-output, which is counted"
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    if any(token.type == tokenize.OP and token.string == ";" for token in tokens):
        yield "has a `;`: nbval still sees the value that it hides"


def _imported(node: ast.AST) -> set[str]:
    """Every part of the names that an import statement mentions."""
    if isinstance(node, ast.ImportFrom):
        return {*(node.module or "").split("."), *(alias.name for alias in node.names)}
    if isinstance(node, ast.Import):
        return {part for alias in node.names for part in alias.name.split(".")}
    return set()


def _parameters(cells: Sequence[tuple[int, NotebookNode]]) -> Iterator[tuple[int | None, str]]:
    tagged = [(n, cell) for n, cell in cells if "parameters" in cell.metadata.get("tags", [])]
    wanted = ", ".join(f"{name} = {value!r}" for name, value in PARAMETERS.items())
    if len(tagged) != 1:
        yield None, f"{len(tagged)} cells are tagged parameters instead of one with {wanted}"
    for number, cell in tagged[:1]:
        if _literals(cell.source) != PARAMETERS:
            yield number, f"is tagged parameters and must assign exactly {wanted}"


def _literals(source: str) -> dict[str, object] | None:
    """The assignments `NAME = literal` of a cell that holds nothing else, else None."""
    try:
        values = {}
        for node in ast.parse(source).body:
            (target,) = node.targets  # type: ignore[attr-defined]
            values[target.id] = ast.literal_eval(node.value)  # type: ignore[attr-defined]
        return values
    except (SyntaxError, AttributeError, ValueError):
        return None
