"""The map of the house (CONTRIBUTING): who may import whom, and what every chapter offers."""

import ast
from pathlib import Path

import pytest

from cvlib.course.chapters import CHAPTERS as TABLE
from cvlib.course.paths import ROOT

PACKAGE = ROOT / "cvlib"
MODULES = sorted(PACKAGE.rglob("*.py"))
FOLDERS = {p.name for p in PACKAGE.iterdir() if p.is_dir()}
SCIENCE = FOLDERS - {"course", "chapters", "__pycache__"}
FROM_COURSE = tuple(f"cvlib.course.{m}" for m in ("errors", "paths", "data", "atomic"))
ANATOMY = {
    "__init__", "config", "claims", "experiment", "train", "figures", "probes", "exercises",
    "checks", "solutions", "bench",
}  # fmt: skip
REQUIRED = ANATOMY - {"probes", "checks", "bench"}  # what every chapter needs
ENTRY_POINTS = {
    "config": {"CONFIG"}, "claims": {"METRICS", "PAPER", "CLAIMS"}, "experiment": {"EXPERIMENT"},
    "train": {"train"}, "exercises": {"EXERCISES"}, "bench": {"bench"},
}  # fmt: skip
CHAPTERS = sorted(p for p in (PACKAGE / "chapters").iterdir() if (p / "__init__.py").is_file())


def imported(path: Path) -> set[str]:
    """The full names of what a module imports from cvlib, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.startswith("cvlib.")}


def within(name: str, *packages: str) -> bool:
    return any(f"{name}.".startswith(f"{package}.") for package in packages)


def layer(path: Path) -> str:
    """`course`, `chapters/<slug>` or the name of a science package."""
    parts = path.relative_to(PACKAGE).parts
    return "/".join(parts[:2]) if parts[0] == "chapters" and len(parts) > 2 else parts[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_run_downwards(path):
    here = layer(path)
    names = imported(path)
    own = f"cvlib.{here.replace('/', '.')}"
    foreign = {n for n in names if within(n, "cvlib.chapters") and not within(n, own)}
    assert not foreign, "nothing imports a chapter: the chapter table does it by name"
    if here in SCIENCE:
        above = {n for n in names if within(n, "cvlib.course") and not within(n, *FROM_COURSE)}
        assert not above, "science takes from the course only errors, paths, data and atomic"
    if here == "course":
        sideways = {n for n in names if within(n, *(f"cvlib.{s}" for s in SCIENCE))}
        assert not sideways, "the machinery knows nothing of any paper"


def defined(path: Path) -> set[str]:
    """The names that a module has at its top."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {
                name.id for t in targets for name in ast.walk(t) if isinstance(name, ast.Name)
            }
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("package", CHAPTERS, ids=lambda p: p.name)
def test_who_knows_one_chapter_knows_all(package):
    assert package.name in {entry.slug for entry in TABLE}
    files = {path.stem for path in package.glob("*.py")}
    assert files <= ANATOMY, "what is no part of the anatomy belongs to the science package"
    assert files >= REQUIRED
    for name in files & ENTRY_POINTS.keys():
        assert ENTRY_POINTS[name] <= defined(package / f"{name}.py"), name
