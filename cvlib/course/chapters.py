"""The table of the ten chapters; a new chapter changes one line here."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from cvlib import __version__
from cvlib.course.errors import CourseError
from cvlib.course.paths import ROOT

REPOSITORY = "ten-papers-2018/course"  # owner/name on GitHub: the badges and the set-up cell use it
# What the badges open and the set-up cell clones: a release its own tag, everything else main.
RELEASE = "main" if "dev" in __version__ else f"v{__version__}"


@dataclass(frozen=True)
class Chapter:
    """One paper: its number, its notebook, and its package `cvlib.chapters.<slug>`."""

    number: int
    slug: str
    title: str
    paper: str
    arxiv: str
    done: bool = False

    @property
    def name(self) -> str:
        """`04_group_normalization`: the stem of the notebook and of the recorded folder."""
        return f"{self.number:02d}_{self.slug}"

    @property
    def notebook(self) -> Path:
        """The stored notebook."""
        return ROOT / "notebooks" / f"{self.name}.ipynb"

    @property
    def recorded(self) -> Path:
        """The folder of the recorded full run."""
        return ROOT / "data" / "recorded" / self.name

    def module(self, part: str) -> ModuleType:
        """`cvlib.chapters.<slug>.<part>`, such as `experiment`, `exercises` or `bench`.

        Raises `CourseError` when the chapter is planned but not written, or has no such part.
        """
        if not self.done:
            written = ", ".join(f"{c.number:02d}" for c in CHAPTERS if c.done)
            raise CourseError(
                f"chapter {self.number:02d} ({self.title}) is planned, not written yet; "
                f"written: {written}"
            )
        name = f"cvlib.chapters.{self.slug}.{part}"
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
            raise CourseError(f"chapter {self.number:02d} has no {part}") from None


CHAPTERS = (
    Chapter(1, "spherical_cnns", "Spherical CNNs", "Cohen et al., ICLR 2018", "1801.10130",
            done=True),
    Chapter(2, "adversarial_humans", "Adversarial examples that fool humans too",
            "Elsayed et al., NeurIPS 2018", "1802.08195", done=True),
    Chapter(3, "fast_photo_style", "FastPhotoStyle", "Li et al., ECCV 2018", "1802.06474",
            done=True),
    Chapter(4, "group_normalization", "Group Normalization", "Wu & He, ECCV 2018", "1803.08494",
            done=True),
    Chapter(5, "taskonomy", "Taskonomy", "Zamir et al., CVPR 2018", "1804.08328", done=True),
    Chapter(6, "self_attention_gan", "Self-Attention GAN", "Zhang et al., ICML 2019",
            "1805.08318", done=True),
    Chapter(7, "ganimation", "GANimation", "Pumarola et al., ECCV 2018", "1807.09251",
            done=True),
    Chapter(8, "video_to_video", "Video-to-Video Synthesis", "Wang et al., NeurIPS 2018",
            "1808.06601", done=True),
    Chapter(9, "everybody_dance_now", "Everybody Dance Now", "Chan et al., ICCV 2019",
            "1808.07371", done=True),
    Chapter(10, "biggan", "BigGAN", "Brock et al., ICLR 2019", "1809.11096",
            done=True),
)  # fmt: skip


def chapter(number: int | str) -> Chapter:
    """The chapter with this number, given as `4`, `"4"` or `"04"`."""
    for entry in CHAPTERS:
        if str(number).lstrip("0") == str(entry.number):
            return entry
    raise CourseError(f"there is no chapter {number!r}: chapters are 01 to 10 (`cvlib list`)")


def written() -> tuple[Chapter, ...]:
    """The chapters that can be run."""
    return tuple(c for c in CHAPTERS if c.done)
