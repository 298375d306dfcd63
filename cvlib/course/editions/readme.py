"""What README.zh.md has from files: the promise, the chapters, their first verdicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cvlib.course.chapters import CHAPTERS, Chapter
from cvlib.course.editions.edition import ENGLISH, TRANSLATIONS
from cvlib.course.notebooks import cards
from cvlib.course.notebooks.cells import badge
from cvlib.course.notebooks.verify import FIGURES, PRINTED
from cvlib.course.page.scoreboard import NOT_RECORDED
from cvlib.course.paths import ROOT
from cvlib.course.run import record

(CHINESE,) = TRANSLATIONS
RECORDS = CHINESE.words.records
README = ROOT / "README.zh.md"


def verified_markdown() -> str:
    """How much of what a reader sees is compared, as the tests demand it."""
    figures = "每一幅图" if FIGURES == 100 else f"至少 {FIGURES} % 的图"
    return (
        f"已存笔记本里的{figures}和至少 {PRINTED} % 的打印文字，"
        "在每次改动时都**与一次全新的运行对照**：文字逐字比较，图按肉眼看得出的差别比较，"
        "本次运行的得分允许差十分之一或一个百分点。\n"
    )


def chapters_markdown() -> str:
    """The ten chapters: title, paper, first claim and its verdict in each kind of record."""
    lines = [
        f"| | 章 | 论文 | 主张 | {' | '.join(RECORDS.values())} | |",
        f"|{'---|' * (5 + len(RECORDS))}",
    ]
    return "\n".join([*lines, *(_row(entry) for entry in CHAPTERS)]) + "\n"


def _row(entry: Chapter) -> str:
    start = f"| {entry.number:02d} |"
    title, paper = CHINESE.title(entry), f"[{entry.paper}](https://arxiv.org/abs/{entry.arxiv})"
    if not entry.done:
        return f"{start} {title} | {paper} | {CHINESE.words.planned} |{' |' * len(RECORDS)} |"
    edition = CHINESE if CHINESE.has(entry) else ENGLISH
    file = edition.file(entry)
    language = "" if edition is CHINESE else "（英文）"
    claim = CHINESE.claim(entry) or "（见英文版）"
    verdicts = " | ".join(_verdict(entry, profile) for profile in RECORDS)
    opened = badge(file.removeprefix("notebooks/"))
    return f"{start} [{title}]({file}){language} | {paper} | {claim} | {verdicts} | {opened} |"


def _verdict(entry: Chapter, profile: str) -> str:
    """The first claim's verdict in a record of this profile."""
    made = record.recorded(entry, profile)
    return CHINESE.words.statuses[made["verdict"][0]["status"] if made else NOT_RECORDED]


TABLES: Mapping[str, Callable[[], str]] = {
    "gallery": lambda: cards.gallery(CHINESE),
    "verified": verified_markdown,
    "chapters": chapters_markdown,
}
