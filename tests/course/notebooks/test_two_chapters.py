"""Two generated chapters on one science package, in a copy of the course: they do not meet."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from cvlib.course.chapters import Chapter
from cvlib.course.notebooks import new_chapter
from cvlib.course.paths import ROOT

PAIR = (
    Chapter(11, "first_pair", "A first chapter on clouds", "Nobody, 2018", "1801.00011"),
    Chapter(12, "second_pair", "A second chapter on clouds", "Nobody, 2018", "1801.00012"),
)
LINE = '    Chapter({c.number}, "{c.slug}", "{c.title}", "{c.paper}", "{c.arxiv}", done=True),\n'
SCIENCE = '''"""Science that two chapters stand on."""

import torch
from torch import Tensor


def points(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Two noisy clouds in the plane: x (B, 2) and their labels y (B,) of 0 and 1."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.randint(2, (count,), generator=generator)
    x = torch.randn(count, 2, generator=generator) + 2.0 * y[:, None]
    return x, y
'''


def python(copy, *words):
    environment = {**os.environ, "PYTHONPATH": str(copy), "CVLIB_PROFILE": "smoke"}
    done = subprocess.run(
        [sys.executable, *words], cwd=copy, env=environment, capture_output=True, text=True,
        timeout=250,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A copy of the course with two more chapters, whose data is one module `cvlib.clouds`."""
    copy = tmp_path_factory.mktemp("course")
    skip = shutil.ignore_patterns("__pycache__", "*.ipynb")
    for folder in ("cvlib", "tests"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=skip)
    (copy / "data").mkdir()
    shutil.copy(ROOT / "data" / "registry.toml", copy / "data")
    for name in ("pyproject.toml", "conftest.py"):
        shutil.copy(ROOT / name, copy)
    table = copy / "cvlib" / "course" / "chapters.py"
    text, rest = table.read_text().split("\n)  # fmt: skip\n", 1)
    text += "\n" + "".join(LINE.format(c=entry) for entry in PAIR) + ")\n" + rest
    for entry in PAIR:
        new_chapter(entry, copy)
        train = copy / "cvlib" / "chapters" / entry.slug / "train.py"
        own = re.compile(r"^def points.*?return x, y\n\n\n", re.DOTALL | re.MULTILINE)
        loop = own.sub("", train.read_text())
        loop = loop.replace(
            "from cvlib.course", "from cvlib.clouds import points\nfrom cvlib.course", 1
        )
        train.write_text(loop)
    table.write_text(text)
    (copy / "cvlib" / "clouds").mkdir()
    (copy / "cvlib" / "clouds" / "__init__.py").write_text(SCIENCE)
    return copy


def test_each_runs_under_its_own_name_into_its_own_folder(course):
    for entry in PAIR:
        said = python(course, "-m", "cvlib", "run", str(entry.number), "--out", f"out/{entry.slug}")
        assert f"Chapter {entry.number:02d} · {entry.title}" in said
        record = json.loads((course / "out" / entry.slug / "record.json").read_text())
        assert (record["chapter"], record["title"]) == (entry.number, entry.title)
        assert record["complete"]
        assert record["verdict"][0]["status"] == "holds"
    folders = sorted(p.name for p in (course / "out").iterdir())
    assert folders == sorted(entry.slug for entry in PAIR)


def test_both_keep_the_map_and_pass_their_own_tests(course):
    chapters = [f"tests/chapters/{entry.slug}" for entry in PAIR]
    said = python(
        course, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k",
        " or ".join(["clouds", *(entry.slug for entry in PAIR)]), "tests/test_map.py", *chapters,
    )  # fmt: skip
    assert re.search(r"^\d+ passed", said, re.MULTILINE), said
    assert "failed" not in said


def test_the_generated_page_runs(course):
    source = (
        "from cvlib.course.notebooks import problems, refresh\n"
        "from cvlib.course.chapters import chapter\n"
        f"path = chapter({PAIR[0].number}).notebook\n"
        "print(refresh([path], jobs=1), problems(path))\n"
    )
    assert "{} []" in python(course, "-c", source)
