"""The session in a live page: the widget around `brief_exposure.js`; needs anywidget."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
from PIL import Image

from cvlib.course.errors import CourseError
from cvlib.psychophysics import log
from cvlib.psychophysics.design import BREAK_EVERY, Session
from cvlib.psychophysics.masks import CELLS

WIDTH = 320  # of a picture on the screen, in CSS pixels, as near as whole zooms come
WORDS = {
    "warnings": [
        "Flicker: after each picture black and white noise changes twenty times a second for half "
        "a second. Do not start if you or someone in the room has photosensitive epilepsy, or "
        "gets migraines from flicker.",
        "What is shown: the pictures of this session are named above this box. Skip it if they "
        "are of something that frightens you.",
        "You can stop at any moment with Esc or the button; what you answered until then stays. "
        "Your answers and their times are kept in a file on the computer that runs this notebook. "
        "There is no name in it, and nothing is sent anywhere.",
    ],
    "agree": "I have read this and want to take part.",
    "still": "Without flicker: one grey mask that stands still (kept apart in the analysis).",
}


class BriefExposure(anywidget.AnyWidget):
    """One session for one person; its log, `entries`, is also kept in the file `path`."""

    _esm = Path(__file__).with_name("brief_exposure.js")
    setup = traitlets.Dict().tag(sync=True)
    pictures = traitlets.List(traitlets.Bytes()).tag(sync=True)

    def __init__(self, session: Session, path: Path, fullscreen: bool = True) -> None:
        """All that the page needs goes into the widget's state at once; nothing is sent later."""
        header = session.header()
        super().__init__(
            setup={
                **header,
                "cells": CELLS,
                "width": WIDTH,
                "break_every": BREAK_EVERY,
                "fullscreen": fullscreen,
                "words": WORDS,
            },
            pictures=[_png(version) for version in session.shown],
        )
        self.entries: list[dict[str, Any]] = [header]
        self.path = path
        self.trouble = ""  # why the file could not be written, if it could not
        self.on_msg(self._keep)

    def _keep(self, _widget: Any, entry: dict[str, Any], _buffers: Any) -> None:
        """Take one entry from the page, and write it down before the next one comes."""
        new = [entry] if len(self.entries) > 1 else [self.entries[0], entry]
        self.entries.append(entry)
        try:
            for line in new:
                log.append(self.path, line)
        except CourseError as error:  # the session goes on: its answers are in memory
            self.trouble = str(error)


def _png(version: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(version).save(file, format="PNG")
    return file.getvalue()
