"""Renderers look at values: here they run for real, on the CPU, and only their pictures move.

An entry of `FOR_REAL` puts quick stand-ins, of full shapes, in the place of what a chapter films,
and returns the chapter's sizes with shorter evaluations.
"""

from tests.fakecuda import device  # isort: skip  # noqa: F401  (before torch)

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from cvlib.dance import material
from cvlib.synth import dancer
from cvlib.synth.clip import Clip, Scene, film, stacked
from cvlib.synth.street import draw_street
from cvlib.video import streets


def stands_still(scene: Scene, frames: int) -> Clip:
    """A clip of one frame, cast once and shown `frames` times: casting is what takes long."""
    shot = film(scene, 1)
    repeated = {name: value.expand(frames, *value.shape[1:]) for name, value in vars(shot).items()}
    return Clip(**repeated)


def still_streets(seeds: Sequence[int], frames: int, size: tuple[int, int], _: object) -> Clip:
    """The first street for every seed, past the cache, which must hold no such clips."""
    clip = stands_still(draw_street(seeds[0], size), frames)
    return stacked([clip] * len(seeds))


def streets_for_real(config: Any) -> Any:
    """Chapter 08: still streets, and roll-outs of a few frames, whose batches are as they were."""
    streets.film = stands_still
    streets.street_set = still_streets
    return replace(config, horizon=8, stay=4)


def still_dance(frames: int, *who: Any, **options: Any) -> dancer.Clip:
    """A dance that stops at once: two frames are cast, the second is shown `frames` times."""
    clip = vars(dancer.dance_clip(2, *who, **options))
    moments = {name: value for name, value in clip.items() if value is not None}
    room = moments.pop("background")
    shown = {name: value[1:].expand(frames, *value.shape[1:]) for name, value in moments.items()}
    return dancer.Clip(**shown, background=room)


def dances_for_real(config: Any) -> Any:
    """Chapter 09: dances that stop, of so few frames that batches are just as they were."""
    material.dance_clip = still_dance
    short = replace(config.dances, train=(11,), frames=18, test=4, transfer=4)
    heads = replace(config.portrait.dances, train=(11,), frames=18, test=4)
    portrait = replace(config.portrait, dances=heads)
    return replace(config, dances=short, portrait=portrait, stats_frames=60)


FOR_REAL: dict[str, Callable[[Any], Any]] = {"08": streets_for_real, "09": dances_for_real}
