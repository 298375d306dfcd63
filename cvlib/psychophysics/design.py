"""Who sees which picture in which condition, and what a session's trials are.

Each observer sees every base picture once, so no answer is a memory of an earlier trial. A Latin
square moves the conditions on by one from observer to observer: over as many observers as there
are conditions, every picture is seen once in each.

In `false` the picture shows neither of the two options. It is pushed towards the one for half of
the observers and towards the other for the rest, so that whatever it looks like by itself, an
observer whom the push leaves cold chooses the target in exactly half of the trials.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from cvlib.course.errors import CourseError
from cvlib.psychophysics.exposure import FIXATION_MS, ExposurePlan

CONDITIONS = ("image", "adv", "flip")  # of a picture that shows one of the options
KEYS = ("f", "j")  # left and right; which option each means is drawn for every session
BREAK_EVERY = 40
LAST_SEED = 2**31 - 1000  # a trial's masks count on from its seed


@dataclass(frozen=True)
class Picture:
    """A base picture and what was made of it: condition, or target, -> its version.

    label: the option that it shows, and versions for `image`, `adv` and `flip`; or None, and one
    version per option, each pushed towards that option.
    versions: (N, N) or (N, N, 3) uint8, all of a session equally large.
    """

    label: str | None
    versions: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Trial:
    """One trial; `target` is where the perturbation pushes, `label` what the picture shows."""

    id: int
    picture: int
    condition: str
    label: str | None
    target: str | None
    fixation_ms: int
    seed: int
    practice: bool = False


@dataclass(frozen=True)
class Session:
    """All that one observer will be shown, in order; `shown[t.id]` is the version of trial t."""

    options: tuple[str, str]
    keys: Mapping[str, str]
    trials: tuple[Trial, ...]
    shown: tuple[np.ndarray, ...] = field(repr=False, compare=False)
    plan: ExposurePlan

    def header(self) -> dict[str, Any]:
        """What the analysis must know, as the first entry of a log: no pictures, no names."""
        return {
            "type": "session",
            "options": list(self.options),
            "keys": dict(self.keys),
            "plan": asdict(self.plan),
            "trials": [asdict(trial) for trial in self.trials],
        }

    def minutes(self, hz: float = 60) -> float:
        """How long the trials take, without the breaks."""
        return len(self.trials) * self.plan.trial_ms(hz) / 60_000


def plan_session(
    pictures: Sequence[Picture],
    options: tuple[str, str],
    *,
    observer: int,
    seed: int,
    practice: Sequence[Picture] = (),
    plan: ExposurePlan | None = None,
) -> Session:
    """The trials of one observer, in a random order, after the practice trials.

    pictures: as many of each option, a multiple of three, and an even number of neither.
    observer: its number, 0, 1, 2 and so on: it says where the Latin square begins.
    practice: other pictures, shown as they are, whose answers never count.
    Raises `CourseError` for a set that cannot be balanced, names the fault and the remedy.
    """
    _check(pictures, practice, options)
    rng = np.random.default_rng([seed, observer])
    assigned = _latin_square(pictures, options, observer)
    warm_up = [(-1, picture, "image", None) for picture in practice]
    tests = [(int(i), pictures[i], *assigned[i]) for i in rng.permutation(len(pictures))]

    trials, shown = [], []
    for index, picture, condition, target in warm_up + tests:
        trials.append(_trial(len(trials), index, picture.label, condition, target, rng))
        shown.append(picture.versions[target if condition == "false" else condition])

    left = int(rng.integers(2))
    keys = {KEYS[0]: options[left], KEYS[1]: options[1 - left]}
    return Session(tuple(options), keys, tuple(trials), tuple(shown), plan or ExposurePlan())


def _trial(
    id: int, picture: int, label: str | None, condition: str, target: str | None,
    rng: np.random.Generator,
) -> Trial:  # fmt: skip
    """A trial with a waiting time and a seed of its own; practice pictures have the number -1."""
    fixation_ms = int(rng.integers(FIXATION_MS[0], FIXATION_MS[1] + 1))
    seed = int(rng.integers(1, LAST_SEED))
    return Trial(id, picture, condition, label, target, fixation_ms, seed, practice=picture == -1)


def _latin_square(
    pictures: Sequence[Picture], options: tuple[str, str], observer: int
) -> list[tuple[str, str | None]]:
    """Condition and target of every picture, for this observer."""
    met: Counter[str | None] = Counter()  # how many pictures with the same label came before
    assigned: list[tuple[str, str | None]] = []
    for picture in pictures:
        place = met[picture.label] + observer
        met[picture.label] += 1
        if picture.label is None:
            assigned.append(("false", options[place % 2]))
            continue
        condition = CONDITIONS[place % len(CONDITIONS)]
        other = options[1 - options.index(picture.label)]
        assigned.append((condition, None if condition == "image" else other))
    return assigned


def _check(
    pictures: Sequence[Picture], practice: Sequence[Picture], options: tuple[str, str]
) -> None:
    if len(set(options)) != 2:
        raise CourseError(f"the options {options!r} must be two different words")
    if not pictures:
        raise CourseError("a session needs pictures: the list is empty")
    for picture in pictures:
        needed = options if picture.label is None else CONDITIONS
        _check_picture(picture, needed, options)
    for picture in practice:
        _check_picture(picture, ("image",), options)
        if picture.label is None:
            raise CourseError("a practice picture must show one of the options: give it a label")
    _check_counts(Counter(picture.label for picture in pictures), options)
    versions = [v for p in [*pictures, *practice] for v in p.versions.values()]
    sizes = {version.shape[:2] for version in versions}
    if len(sizes) != 1 or len(set(next(iter(sizes)))) != 1:
        raise CourseError(f"the pictures must be square and equally large, not {sorted(sizes)}")


def _check_picture(picture: Picture, needed: Sequence[str], options: tuple[str, str]) -> None:
    if picture.label not in (*options, None):
        raise CourseError(f"a picture is labelled {picture.label!r}, the options are {options!r}")
    missing = [name for name in needed if name not in picture.versions]
    if missing:
        raise CourseError(f"a picture labelled {picture.label!r} lacks the versions {missing}")
    for name, version in picture.versions.items():
        form = version.shape[2:] in ((), (3,)) and version.ndim >= 2
        if version.dtype != np.uint8 or not form:
            raise CourseError(
                f"the version {name!r} is {version.dtype} of shape {version.shape}: "
                "give uint8 of (N, N) or (N, N, 3)"
            )


def _check_counts(counts: Counter[str | None], options: tuple[str, str]) -> None:
    first, second = (counts[option] for option in options)
    if first != second or first % len(CONDITIONS):
        raise CourseError(
            f"{first} pictures of {options[0]} and {second} of {options[1]} cannot be balanced "
            f"over {len(CONDITIONS)} conditions: give equally many of both, a multiple of three"
        )
    if counts[None] % 2:
        raise CourseError(
            f"{counts[None]} pictures of neither option cannot be split into two targets: "
            "leave one out"
        )
