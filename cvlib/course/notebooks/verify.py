"""What a fresh run shows against what is stored, output by output, and the share that is compared.

Text is compared letter by letter, pictures by what the eye can tell, the scores of this run in a
scoreboard to a tenth, or one point of a percentage: another processor rounds otherwise, and
training carries that on.
"""

from __future__ import annotations

import base64
import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cvlib.course.notebooks.canonical import read
from cvlib.course.notebooks.cells import IGNORED
from cvlib.course.notebooks.likeness import difference

# What README promises; the gate and the tests hold the notebooks to it.
PRINTED, FIGURES = 95, 100  # percent
SCORE = re.compile(r'(?<=<td class="this-run">)[^<]*(?=</td>)')  # in a scoreboard's HTML
SCORE_TEXT = re.compile(r"(?<= \| )[^|\n]*$", re.MULTILINE)  # the last column of its text
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")
TENTH, POINT = 0.1, 1.0

Items = list[tuple[str, str]]


def differences(stored: Sequence[Any], fresh: Sequence[Any]) -> list[str]:
    """Sentences on what a cell shows otherwise than its stored outputs; empty when alike."""
    before, now = items(stored), items(fresh)
    kinds = [kind for kind, _ in before], [kind for kind, _ in now]
    if kinds[0] != kinds[1]:
        return [f"the cell shows {', '.join(kinds[1]) or 'nothing'}, stored is {kinds[0]}"]
    found = []
    for (kind, old), (_, new) in zip(before, now, strict=True):
        if kind.startswith("image/"):
            said = difference(base64.b64decode(old), base64.b64decode(new))
        else:
            said = _otherwise(old, new)
        if said:
            found.append(f"{kind}: {said}")
    return found


def items(outputs: Sequence[Any]) -> Items:
    """The parts of a cell's outputs in order: kind and content; alt texts are parts too."""
    found: Items = []
    for output in outputs:
        if "text" in output:
            found.append((output["name"], output["text"]))
        for kind, content in sorted(output.get("data", {}).items()):
            found.append((kind, content))
            if kind.startswith("image/"):
                found.append(("alt", output.get("metadata", {}).get(kind, {}).get("alt", "")))
    return found


def _otherwise(old: str, new: str) -> str:
    """How a text changed, in a few lines; empty when it did not."""
    if old == new:
        return ""
    if old.startswith(("Chapter ", '<div class="scoreboard">')) and _same_scores(old, new):
        return ""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), "stored", "fresh", "", "", 0)
    return "\n".join(line[:200] for line in list(lines)[:12])


def _same_scores(old: str, new: str) -> bool:
    """Whether two scoreboards agree: all words and verdicts, this run's numbers to a tenth."""
    pattern = SCORE if old.startswith("<") else SCORE_TEXT
    frames = [re.sub(r"[ -]{2,}", " ", pattern.sub("", text)) for text in (old, new)]
    scores = [pattern.findall(text) for text in (old, new)]
    if frames[0] != frames[1] or len(scores[0]) != len(scores[1]):
        return False
    return all(_near(a, b) for a, b in zip(*scores, strict=True))


def _near(old: str, new: str) -> bool:
    """Whether `51.9 % (n = 360)` and `52.2 % (n = 360)` agree; what is in brackets is exact."""
    (old, *behind), (new, *behind_new) = old.strip().split(" ("), new.strip().split(" (")
    if behind != behind_new or NUMBER.sub("", old).split() != NUMBER.sub("", new).split():
        return False
    least = POINT if "%" in old or "point" in old else 0.0
    pairs = zip(NUMBER.findall(old), NUMBER.findall(new), strict=True)
    values = [(float(a.replace(",", "")), float(b.replace(",", ""))) for a, b in pairs]
    return all(abs(a - b) <= max(TENTH * max(abs(a), abs(b)), least) for a, b in values)


@dataclass(frozen=True)
class Share:
    """How much of what a reader sees is compared: bytes of text, and figures."""

    compared: int = 0
    printed: int = 0
    alike: int = 0
    figures: int = 0

    def __add__(self, other: Share) -> Share:
        return Share(
            self.compared + other.compared, self.printed + other.printed,
            self.alike + other.alike, self.figures + other.figures,
        )  # fmt: skip

    def __str__(self) -> str:
        percent = 100 * self.compared / self.printed if self.printed else 100
        return (
            f"compared with a fresh run: {percent:.1f} % of {self.printed:,} printed bytes, "
            f"{self.alike} of {self.figures} figures"
        )

    @property
    def enough(self) -> bool:
        """Whether README's promise holds."""
        return (
            100 * self.compared >= PRINTED * self.printed
            and 100 * self.alike >= FIGURES * self.figures
        )


def share(outputs: Sequence[Any], compared: bool) -> Share:
    """The share of one cell."""
    parts = items(outputs)
    figures = sum(kind.startswith("image/") for kind, _ in parts)
    printed = sum(len(text.encode()) for kind, text in parts if not kind.startswith("image/"))
    return Share(compared * printed, printed, compared * figures, figures)


def shares(paths: Iterable[Path]) -> Iterator[tuple[Path, Share]]:
    """The share of each stored notebook: all but the cells that ask not to be compared."""
    for path in paths:
        total = Share()
        for cell in read(path).cells:
            if cell.cell_type == "code":
                total += share(cell.outputs, IGNORED not in cell.metadata.get("tags", []))
        yield path, total
