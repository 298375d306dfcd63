"""The command line: `cvlib list | doctor | run | data | notebooks | course | bench | lab`.

Everything heavy is imported inside the commands: `cvlib run` needs neither Jupyter nor pooch.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import click

from cvlib import __version__
from cvlib.course.chapters import CHAPTERS, chapter, written
from cvlib.course.errors import CourseError
from cvlib.course.paths import ROOT

PROFILE = click.option(
    "--profile", default="auto", show_default=True,
    help="smoke (CPU, half a minute), laptop (two CPU cores, 45 min), workshop (a free Colab T4, "
    "10 min), full (a GPU), or auto.",
)  # fmt: skip


class _Group(click.Group):
    """A group whose commands turn a CourseError into one line and exit code 1."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except CourseError as error:
            raise click.ClickException(str(error)) from error


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


@cli.command()
@click.argument("number")
@PROFILE
@click.option("--seeds", default=1, show_default=True, help="How many seeds, from 0 on.")
@click.option("--minutes", type=float, help="Stop in time, with a checkpoint; run again to go on.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of checkpoints and record.")
@click.option("--fresh", is_flag=True, help="Throw earlier checkpoints away.")
@click.option("--force-cpu", is_flag=True, help="Allow profile full without a GPU.")
@click.option("--accept-code", is_flag=True, help="Go on with what other code has trained.")
def run(
    number: str, profile: str, seeds: int, minutes: float | None, out: Path | None, fresh: bool,
    force_cpu: bool, accept_code: bool,
) -> None:  # fmt: skip
    """Run a chapter's experiment, print its scoreboard and write DIR/record.json.

    \b
    Examples:
      cvlib run 04 --profile smoke
      cvlib run 04 --profile full --seeds 3 --out runs/04-full
      cvlib run 04 --profile workshop --minutes 10   (run it again to go on)
      torchrun --nproc-per-node=2 -m cvlib run 04 --profile smoke
    """
    from cvlib.course.page.scoreboard import scoreboard
    from cvlib.course.run.runner import run_chapter

    record = run_chapter(
        number, profile, seeds, minutes=minutes, out=out, fresh=fresh, force_cpu=force_cpu,
        accept_code=accept_code,
    )  # fmt: skip
    if _first_process():
        click.echo(f"\n{scoreboard(record)}")
    sys.exit(not record["complete"])


def _first_process() -> bool:
    import torch

    distributed = torch.distributed.is_available() and torch.distributed.is_initialized()
    first = not distributed or torch.distributed.get_rank() == 0
    if distributed:
        torch.distributed.destroy_process_group()
    return first


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
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={ROOT}"]
    sys.exit(subprocess.call([*command, *arguments]))


@cli.group()
def data() -> None:
    """The course's data: list, fetch, verify, bundle."""


@data.command("list")
def data_list() -> None:
    """Every registered file: whether it is here, its size, licence and chapters."""
    from cvlib.course import data as store

    for row in store.listing():
        here = "here" if row.present else "----"
        size = f"{row.bytes / 1e6:8.1f} MB" if row.bytes else " " * 11
        click.echo(f"{here}  {size}  {row.name.ljust(34)} {', '.join(row.chapters)}  {row.licence}")


@data.command("fetch")
@click.argument("number")
@PROFILE
def data_fetch(number: str, profile: str) -> None:
    """Download and check what a chapter needs.

    \b
    Example:  cvlib data fetch 04 --profile workshop
    """
    from cvlib.course import data as store
    from cvlib.course.run.profiles import resolve

    rows = store.fetch(chapter(number).number, resolve(profile))
    for row in rows:
        click.echo(row)
    if not rows:
        click.echo("nothing to fetch: what this profile needs ships with the course")


@data.command("verify")
@click.argument("number", required=False)
def data_verify(number: str | None) -> None:
    """Check the files that are here against their checksums (all, or one chapter's).

    \b
    Example:  cvlib data verify 04
    """
    from cvlib.course import data as store

    rows = store.verify(chapter(number).number if number else None)
    for row in rows:
        click.echo(row)
    sys.exit(any(row.wrong for row in rows))


@data.command("bundle")
@click.argument("number")
@PROFILE
@click.option("--out", type=click.Path(path_type=Path), default="bundle", show_default=True)
@click.option("--quality", type=click.IntRange(1, 95), help="Recompress pictures as JPEG: lossy.")
def data_bundle(number: str, profile: str, out: Path, quality: int | None) -> None:
    """Pack what a chapter needs for a room without network; point CVLIB_DATA at it there.

    \b
    Example:  cvlib data bundle 04 --profile workshop --quality 75 --out usb-stick/cvlib
    """
    from cvlib.course import data as store
    from cvlib.course.run.profiles import resolve

    for path in store.bundle(chapter(number).number, resolve(profile), out, quality):
        click.echo(path)


@cli.group()
def notebooks() -> None:
    """The stored notebooks: refresh, check, new."""


@notebooks.command("refresh")
@click.argument("numbers", nargs=-1)
@click.option("--jobs", default=2, show_default=True)
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


@notebooks.command("times")
@click.argument("number")
def notebooks_times(number: str) -> None:
    """Execute a chapter alone and write its table of times into TEACHING.md."""
    from cvlib.course.notebooks import teaching

    teaching.refresh(chapter(number))


@notebooks.command("new")
@click.argument("number")
def notebooks_new(number: str) -> None:
    """Write the skeleton of a planned chapter's notebook, with every section in its place."""
    from cvlib.course import notebooks as books

    click.echo(books.new_notebook(chapter(number)))


@cli.command()
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "build" / "course")
@click.option("--seed", default=0, show_default=True)
@click.option("--jobs", default=2, show_default=True)
def course(out: Path, seed: int, jobs: int) -> None:
    """Execute every chapter headlessly, print one scoreboard table, write OUT/index.html."""
    from cvlib.course.notebooks.coursebuild import build

    sys.exit(build(out, seed, jobs))


def _stored(numbers: tuple[str, ...]) -> list[Path]:
    entries = [chapter(n) for n in numbers] or list(written())
    missing = [e.name for e in entries if not e.notebook.is_file()]
    if missing:
        raise CourseError(f"there is no notebook {missing[0]}.ipynb yet: `cvlib notebooks new`")
    return [e.notebook for e in entries]


def main() -> None:
    """Entry point."""
    cli()
