"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

PROFILE = click.option(
    "--profile", default="auto", show_default=True,
    help="smoke (CPU, half a minute), laptop (two CPU cores, 45 min), workshop (a free Colab T4, "
    "10 min), full (a GPU), or auto.",
)  # fmt: skip


class Folder(click.Path):
    """A folder to write into: created when needed, and refused where a file stands."""

    name = "folder"

    def __init__(self) -> None:
        super().__init__(file_okay=False, path_type=Path)

    def convert(self, value: Any, parameter: Any, context: Any) -> Path:
        """The folder, with `~` resolved."""
        if not str(value).strip():
            self.fail("a folder needs a name", parameter, context)
        return super().convert(value, parameter, context).expanduser()


JOBS = click.option(
    "--jobs", type=click.IntRange(1), default=2, show_default=True, help="Side by side."
)
