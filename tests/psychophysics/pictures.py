"""Small pictures for sessions: a plain grey level tells which one it is."""

import numpy as np

from cvlib.psychophysics.design import CONDITIONS, Picture

OPTIONS = ("four", "nine")


def flat(level):
    return np.full((8, 8), level % 256, dtype=np.uint8)


def labelled(label, level):
    return Picture(label, {name: flat(level + i) for i, name in enumerate(CONDITIONS)})


def neither(level):
    return Picture(None, {option: flat(level + i) for i, option in enumerate(OPTIONS)})


def stimuli(each=6, false=4):
    """`each` pictures of both options, and some of neither."""
    known = [labelled(OPTIONS[i % 2], 3 * i) for i in range(2 * each)]
    return known + [neither(200 + 2 * i) for i in range(false)]
