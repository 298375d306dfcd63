"""The stored notebooks: written by `refresh`, guarded by `problems`, run by `execute`."""

import sys

# jsonschema would build the grammars of a format that notebooks do not use: 2 s per process.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

from cvlib.course.notebooks.canonical import check  # noqa: E402
from cvlib.course.notebooks.cells import SETUP_CELL  # noqa: E402
from cvlib.course.notebooks.execute import Outcome, execute  # noqa: E402
from cvlib.course.notebooks.gates import problems  # noqa: E402
from cvlib.course.notebooks.refresh import refresh  # noqa: E402
from cvlib.course.notebooks.skeleton import new_chapter  # noqa: E402
from cvlib.course.notebooks.stats import stats  # noqa: E402

__all__ = [
    "SETUP_CELL",
    "Outcome",
    "check",
    "execute",
    "new_chapter",
    "problems",
    "refresh",
    "stats",
]
