"""Renderers look at values: here they run for real, on the CPU, and only their pictures move.

An entry of `FOR_REAL` puts quick stand-ins, of full shapes, in the place of what a chapter films,
and returns the chapter's sizes with shorter evaluations.
"""

from tests.fakecuda import device  # isort: skip  # noqa: F401  (before torch)

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any

import torch

from cvlib.chapters.ganimation import experiment as ganimation
from cvlib.dance import material
from cvlib.faces import fit
from cvlib.faces.identity import sample_identities
from cvlib.faces.render import render_many
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


@cache
def still_face(size: int, framing: tuple[float, float]) -> torch.Tensor:
    """A picture (1, 3, size, size) of the first person, drawn once."""
    face = sample_identities(1, torch.Generator().manual_seed(0))
    return render_many(face, torch.zeros(1, 17), size, framing)


def same_face(_: object, aus: torch.Tensor, size: int, framing: tuple[float, float]) -> Any:
    """What `render_many` would give, of full shape, with the first person in every place."""
    return still_face(size, framing).expand(len(aus), -1, -1, -1).to(aus.device)


def faces_for_real(config: Any) -> Any:
    """Chapter 07: its few faces are drawn on the fake GPU, those of the long search once."""
    fit.render_many = same_face
    fit.fit_by_descent = partial(fit.fit_by_descent, rounds=1, levels=1)
    ganimation.icc_columns = lambda fitted, asked: [0.0] * asked.shape[1]  # nothing varies here
    return replace(config, faces=200, people=10, estimator_steps=2)


FOR_REAL: dict[str, Callable[[Any], Any]] = {
    "07": faces_for_real,
    "08": streets_for_real,
    "09": dances_for_real,
}
