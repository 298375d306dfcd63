"""The executed chapters as HTML pages, and a front page with the scoreboard."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cvlib.course import atomic
from cvlib.course.chapters import CHAPTERS, REPOSITORY
from cvlib.course.notebooks.pool import Outcome

PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Ten computer-vision papers of 2018, measured</title>
<style>
body {{ font: 16px/1.5 sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem }}
table {{ border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto }}
th, td {{ border-bottom: 1px solid #ccc; padding: .3rem .8rem .3rem 0; text-align: left }}
pre {{ overflow-x: auto; background: #f6f6f6; padding: .5rem }}
.failed {{ color: #a30000 }} .planned {{ color: #666 }}
</style>
</head>
<body>
<main>
<h1>Ten computer-vision papers of 2018, measured</h1>
<p>The chapters as they were executed here, and what they measured. Everything is in this folder;
only the formulas need a network, for MathJax. Source: <a
href="https://github.com/{repository}">{repository}</a>.</p>
<h2>Chapters</h2>
<ol>
{chapters}
</ol>
<h2>Scoreboard</h2>
{table}
</main>
</body>
</html>
"""


def build_index(out_dir: Path, outcomes: Sequence[Outcome], table: str) -> Path:
    """Render the executed copies in `out_dir` and write `out_dir/index.html`; returns its path.

    outcomes: what `execute` returned. table: the scoreboard as HTML, put in as it is.
    """
    from cvlib.course.notebooks.export import render

    by_name = {outcome.path.stem: outcome for outcome in outcomes}
    for name in by_name:
        if (executed := out_dir / f"{name}.ipynb").is_file():
            atomic.write(out_dir / f"{name}.html", render(executed))
    lines = [_line(entry, by_name.get(entry.name), out_dir) for entry in CHAPTERS]
    page = PAGE.format(repository=REPOSITORY, chapters="\n".join(lines), table=table)
    return atomic.write(out_dir / "index.html", page)


def _line(entry: Any, outcome: Outcome | None, out_dir: Path) -> str:
    """One chapter of the list: a link, how long it took, or why it is not there."""
    title = f"{html.escape(entry.title)} <small>({html.escape(entry.paper)})</small>"
    if outcome is None:
        return f'<li class="planned">{title}: not executed</li>'
    if (out_dir / f"{entry.name}.html").is_file():
        title = f'<a href="{entry.name}.html">{title}</a>'
    if not outcome.error:
        return f"<li>{title}: {outcome.seconds:.0f} s</li>"
    reason = html.escape(outcome.error)
    return f'<li class="failed">{title}: failed<pre>{reason}</pre></li>'
