"""The command line: `cvlib list | doctor | run | record | data | notebooks | course | site | lab`.

Everything heavy is imported inside the commands: `cvlib run` needs neither Jupyter nor a network.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import click

from cvlib import __version__
from cvlib.course import atomic
from cvlib.course.chapters import CHAPTERS, chapter, written
from cvlib.course.cli_data import data
from cvlib.course.cli_options import JOBS, Folder
from cvlib.course.cli_run import record, run
from cvlib.course.errors import CourseError
from cvlib.course.paths import CHECKOUT, ROOT

BUILD = (ROOT if CHECKOUT else Path.cwd()) / "build"


class _Group(click.Group):
    """A group whose commands turn a CourseError into one line and exit code 1.

    So too a folder that cannot be written; any other error is ours and shows its traceback.
    """

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except CourseError as error:
            raise click.ClickException(str(error)) from error
        except OSError as error:
            if error.errno not in atomic.REASONS or not error.filename:
                raise
            sentence = f"cannot write {error.filename}: {atomic.reason(error)}"
            raise click.ClickException(sentence) from error


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def cli() -> None:
    """Ten computer-vision papers of 2018, measured.

    \b
    cvlib list                              the chapters
    cvlib run 04 --profile smoke            train, measure and judge chapter 04 here
    cvlib run 04 --profile full --seeds 3   the recorded run, on a GPU
    cvlib data fetch 04 --profile workshop  download before the classroom loses its network
    """


@cli.command("list")
def list_chapters() -> None:
    """The ten chapters and whether they are written."""
    for entry in CHAPTERS:
        state = "done" if entry.done else "planned"
        click.echo(f"{entry.number:02d}  {state:8s}{entry.title}  ({entry.paper})")


@cli.command()
def doctor() -> None:
    """Examine this machine: versions, GPU, disk, folders, and what to mend.

    \b
    Example:  cvlib doctor
    """
    from cvlib.course.doctor import examine

    findings = examine()
    width = max(len(f.subject) for f in findings)
    for f in findings:
        mend = f"  -> {f.mend}" if f.mend else ""
        click.echo(f"{'!!' if f.mend else 'ok'}  {f.subject.ljust(width)}  {f.state}{mend}")
    sys.exit(any(f.mend for f in findings))


cli.add_command(run)
cli.add_command(record)
cli.add_command(data)


@cli.command()
@click.argument("number")
@click.option("--quick", is_flag=True, help="Small sizes only.")
def bench(number: str, quick: bool) -> None:
    """Time a chapter's hot spots against the limits of this machine.

    \b
    Example:  cvlib bench 04 --quick
    """
    click.echo(chapter(number).module("bench").bench(quick=quick))


@cli.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1)
def lab(arguments: tuple[str, ...]) -> None:
    """Open JupyterLab on the chapters.

    \b
    Example:  cvlib lab --no-browser --port 8899
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise CourseError("JupyterLab is not installed: pip install jupyterlab ipywidgets")
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={ROOT}"]
    sys.exit(subprocess.call([*command, *arguments]))


@cli.group()
def notebooks() -> None:
    """The stored notebooks: refresh, check, export, times, new."""


@notebooks.command("refresh")
@click.argument("numbers", nargs=-1)
@JOBS
def notebooks_refresh(numbers: tuple[str, ...], jobs: int) -> None:
    """Execute in profile smoke, keep clean outputs, and rewrite README's table of results.

    \b
    Example:  cvlib notebooks refresh 04
    """
    from cvlib.course import notebooks as books
    from cvlib.course.notebooks import readme

    failures = books.refresh(_stored(numbers), jobs)
    readme.refresh()
    for path, error in failures.items():
        click.echo(f"FAIL {Path(path).name}: {error}", err=True)
    sys.exit(bool(failures))


@notebooks.command("check")
@click.argument("numbers", nargs=-1)
def notebooks_check(numbers: tuple[str, ...]) -> None:
    """Say what is not as a stored notebook must be, without executing anything.

    The last lines say how much of what a reader sees `make test` compares with a fresh run.
    """
    from cvlib.course import notebooks as books
    from cvlib.course.notebooks.verify import shares

    paths = _stored(numbers)
    found = [(p, line) for p in paths for line in books.problems(p)]
    for path, line in found:
        click.echo(f"{path.name}: {line}", err=True)
    for path, share in shares(paths):
        click.echo(f"{path.name}: {share}")
    sys.exit(bool(found))


@notebooks.command("export")
@click.argument("numbers", nargs=-1)
@click.option(
    "--to", "kind", type=click.Choice(["html", "slides"]), default="html", show_default=True
)
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("build/export"), show_default=True
)
def notebooks_export(numbers: tuple[str, ...], kind: str, out: Path) -> None:
    """Write stored notebooks as HTML pages or slides, each figure with its alt text.

    \b
    Example:  cvlib notebooks export 04 --to slides
    """
    from cvlib.course.notebooks.export import export

    for path in _stored(numbers):
        click.echo(export(path, kind, out))


@notebooks.command("times")
@click.argument("number")
def notebooks_times(number: str) -> None:
    """Execute a chapter alone, keep the times of its sections and draw TEACHING.md's tables."""
    from cvlib.course.notebooks import pool, readme
    from cvlib.course.notebooks.refresh import time_one

    paths = _stored((number,))
    (outcome,) = pool.run_all(time_one, [(path, ()) for path in paths], 1, click.echo)
    readme.refresh()
    sys.exit(bool(outcome.error))


@notebooks.command("new")
@click.argument("number")
def notebooks_new(number: str) -> None:
    """Write what a planned chapter lacks of notebook, package and tests: a stub that runs.

    \b
    Example:  cvlib notebooks new 07
    """
    from cvlib.course import notebooks as books

    for path in books.new_chapter(chapter(number)):
        click.echo(path.relative_to(ROOT))


@cli.command()
@click.option("--out", type=Folder(), default=BUILD / "course")
@click.option("--seed", default=0, show_default=True)
@JOBS
def course(out: Path, seed: int, jobs: int) -> None:
    """Execute every chapter headlessly, print one scoreboard table, write OUT/index.html."""
    from cvlib.course.notebooks.coursebuild import build

    sys.exit(build(out, seed, jobs))


@cli.command()
@click.option("--out", type=Folder(), default=BUILD / "site")
def site(out: Path) -> None:
    """Write the stored notebooks as a site that needs no network; nothing is executed."""
    from cvlib.course.site import build

    click.echo(f"open {build(out, {entry: entry.notebook for entry in written()})}")


def _stored(numbers: tuple[str, ...]) -> list[Path]:
    entries = [chapter(n) for n in numbers] or list(written())
    missing = [e.name for e in entries if not e.notebook.is_file()]
    if missing:
        raise CourseError(f"there is no notebook {missing[0]}.ipynb yet: `cvlib notebooks new`")
    return [e.notebook for e in entries]


def main() -> None:
    """Entry point."""
    cli()
