"""Which code made a number: the commit, and a hash of the sources that train and measure."""

from __future__ import annotations

import ast
import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from cvlib.course.paths import PACKAGE, ROOT

UNTRAINED = {"claims", "figures", "exercises", "checks", "solutions", "bench"}
TRAINED = ("config", "train")  # beside the experiment, even where it does not import them
CARRIED = "COMMIT"  # a file that names the commit where the checkout comes without git


def code_hash(units: Any) -> str:
    """A hash of the code of an experiment's `units` function and of the science it imports.

    Comments, docstrings and layout do not count, nor does the machinery, figures or exercises.
    """
    main = Path(sys.modules[units.__module__].__file__ or "")
    return _hash_of(main.resolve())


@lru_cache
def _hash_of(main: Path) -> str:
    beside = [main.with_name(f"{name}.py") for name in TRAINED]
    waiting = [main, *(path for path in beside if path.is_file() and "chapters" in path.parts)]
    seen: dict[Path, str] = {}
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        seen[path] = _skeleton(tree)
        waiting += [p for name in _imports(tree) for p in _files(name)]
    whole = sorted(f"{path.name}\n{text}" for path, text in seen.items())
    return hashlib.sha256("\n".join(whole).encode()).hexdigest()[:16]


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _files(name: str) -> list[Path]:
    """The file of a module of cvlib that trains or measures; none for anything else."""
    parts = name.split(".")
    if parts[0] != "cvlib" or len(parts) < 2 or parts[1] == "course":
        return []
    if parts[1] == "chapters" and parts[-1] in UNTRAINED:
        return []
    path = PACKAGE.parent.joinpath(*parts)
    return [p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()]


def _skeleton(node: Any) -> str:
    """A syntax tree as text, the same under every Python: empty fields and docstrings left out."""
    if isinstance(node, list):
        return "[" + ",".join(map(_skeleton, node)) + "]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = []
    for name, value in sorted(ast.iter_fields(node)):
        if name == "body" and isinstance(value, list) and _has_docstring(node):
            value = value[1:]
        if value not in (None, []) and name not in ("kind", "type_comment"):
            fields.append(f"{name}={_skeleton(value)}")
    return f"{type(node).__name__}({','.join(fields)})"


def _has_docstring(node: ast.AST) -> bool:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return isinstance(node, kinds) and ast.get_docstring(node, clean=False) is not None


@lru_cache
def commit() -> str:
    """The commit of the course, with `-dirty` when files differ.

    `$CVLIB_COMMIT`, or a file `COMMIT` in the course's folder, names it where git is not at hand;
    `unknown` without all of them. An outer repository's commit is not the course's.
    """
    if named := os.environ.get("CVLIB_COMMIT"):
        return named
    try:
        if Path(_git("rev-parse", "--show-toplevel")).resolve() == ROOT:
            changed = _git("status", "--porcelain")
            return _git("rev-parse", "HEAD") + ("-dirty" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        pass
    try:
        return (ROOT / CARRIED).read_text(encoding="utf-8").strip() or "unknown"
    except OSError:
        return "unknown"


def _git(*words: str) -> str:
    command = ["git", "-C", str(ROOT), *words]
    return subprocess.check_output(command, text=True, stderr=subprocess.DEVNULL).strip()


def versions() -> dict[str, str]:
    """Of python and of the packages that numbers depend on."""
    found = {"python": platform.python_version(), "torch": torch.__version__}
    for name in ("numpy", "scipy", "scikit-learn", "pillow"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "absent"
    return found
