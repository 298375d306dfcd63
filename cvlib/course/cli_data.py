"""`cvlib data list | fetch | verify | bundle`: the course's data."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cvlib.course.chapters import chapter
from cvlib.course.cli_options import PROFILE, Folder


@click.group()
def data() -> None:
    """The course's data: list, fetch, verify, bundle."""


@data.command("list")
def data_list() -> None:
    """Every registered file: whether it is here, its size, licence and chapters."""
    from cvlib.course import data as store

    for row in store.listing():
        here = "here" if row.present else "----"
        size = f"{row.bytes / 1e6:8.1f} MB" if row.bytes else " " * 11
        click.echo(f"{here}  {size}  {row.name.ljust(32)} {', '.join(row.chapters)}  {row.licence}")


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
@click.argument("what", required=False)
def data_verify(what: str | None) -> None:
    """Check the files that are here against their checksums (all, a chapter's, a set's, one).

    \b
    Examples:
      cvlib data verify 04
      cvlib data verify mnist
    """
    from cvlib.course import data as store

    rows = store.verify(what)
    for row in rows:
        click.echo(row)
    sys.exit(any(row.wrong for row in rows))


@data.command("bundle")
@click.argument("number")
@PROFILE
@click.option("--out", type=Folder(), default="bundle", show_default=True)
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
