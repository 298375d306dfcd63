"""The builder: an empty chapter with every section in its place."""

from __future__ import annotations

from nbformat.v4 import new_code_cell, new_markdown_cell
from nbformat.v4 import new_notebook as _notebook

from cvlib.course import atomic
from cvlib.course.chapters import Chapter
from cvlib.course.errors import CourseError
from cvlib.course.notebooks.canonical import canonical, dumps
from cvlib.course.notebooks.cells import PARAMETERS_CELL, SETUP_CELL, badge

HEADER = """\
# {number} · {title}

{badge}

[{paper}](https://arxiv.org/abs/{arxiv})

| | |
|---|---|
| **Claim** | TODO: the paper's claim in one sentence |
| **Time** | smoke TODO · workshop TODO · full TODO (measured) |
| **GPU memory** | TODO |
| **Data** | TODO: name and licence |
| **You should know** | TODO |"""

# Section, what belongs there, and the code that every chapter has in it.
SECTIONS: tuple[tuple[str, str, str], ...] = (
    ("1 Set-up", "Run these two cells first; nothing else needs an installation.", "{setup}"),
    (
        "2 The claim, first",
        "What you will be able to produce: the recorded full run beside the paper.",
        "from cvlib.course.run import record\n"
        "from cvlib.course.chapters import chapter\n"
        "from cvlib.course.page.scoreboard import scoreboard\n\n"
        "full = record.recorded(chapter({n}))\n"
        'scoreboard(full) if full else print("no record yet")',
    ),
    ("3 Objectives and warm-up", "Three objectives; a quiz with folded answers and reasons.", ""),
    ("4 The problem, seen", "The baseline fails before your eyes, on data.", ""),
    ("5 Theory", "Numbered equations, a table symbol ↔ variable, an example by hand.", ""),
    ("6 From scratch", "3-6 cells of at most 25 lines, each followed by a check: one ✓ line.", ""),
    ("7 The same in `cvlib`", "`torch.testing.assert_close(mine(x), library(x))`.", ""),
    ("8 Data", "The card, the checksum line, a grid of samples.", ""),
    (
        "9 Experiment",
        "The same cell in all profiles. It goes on where it stopped if you run it again.",
        "from cvlib.course.run.run import Run\n"
        "from cvlib.chapters.{slug}.experiment import EXPERIMENT\n\n"
        "run = Run(EXPERIMENT, profile=PROFILE, seed=SEED, out=OUT)\n"
        "result = run.execute()",
    ),
    ("10 Scoreboard", "What the numbers say, and what differs from the paper.",
     "scoreboard(result)"),
    ("11 Probe", "A qualitative grid and an explorer.", ""),
    ("12 One ablation", "Change one thing that the paper argues matters.", ""),
    (
        "13 Exercises",
        "Replace a stub, run its cell, read the line below it.",
        "from cvlib.course.page.exercises import check, hint, solution\n\n\n"
        "def answer(x):\n    return NotImplemented\n\n\n"
        'check("{number}.1", answer)',
    ),
    ("14 Since 2018", "What held up, failure modes, people and consent, references.", ""),
)  # fmt: skip


def new_notebook(entry: Chapter) -> str:
    """Write the skeleton of a chapter's notebook and return its path.

    It is canonical and not executed: `cvlib notebooks refresh` does that once the package is
    there. Raises `CourseError` when the notebook exists.
    """
    if entry.notebook.exists():
        raise CourseError(f"{entry.notebook.name} exists: delete it first to start anew")
    words = {
        "number": f"{entry.number:02d}", "n": entry.number, "title": entry.title,
        "paper": entry.paper, "arxiv": entry.arxiv, "slug": entry.slug,
        "badge": badge(entry.notebook.name), "setup": SETUP_CELL,
    }  # fmt: skip
    cells = [new_markdown_cell(HEADER.format(**words))]
    for heading, text, source in SECTIONS:
        cells.append(new_markdown_cell(f"## {heading}\n\n{text}"))
        if source:
            cells.append(new_code_cell(source.format(**words)))
        if source == "{setup}":
            cells.append(new_code_cell(PARAMETERS_CELL, metadata={"tags": ["parameters"]}))
    return str(atomic.write(entry.notebook, dumps(canonical(_notebook(cells=cells)))))
