"""The cells and the metadata that every notebook has word for word."""

from typing import Any

from cvlib.course.chapters import RELEASE, REPOSITORY

CLONE = "ten-papers-2018"  # a folder that nobody has for another purpose

# One cell for Colab, Kaggle, Jupyter and CI. It asks where the course is, not what the platform
# is (Kaggle sets Colab's variables), and installs nothing: a pip install into a running kernel
# needs a restart, and cvlib's dependencies are in Colab's image.
SETUP_CELL = f"""\
import subprocess
import sys
from pathlib import Path

# The course is in this folder or above it; on a fresh machine it is fetched.
here = Path.cwd()
places = [here / "{CLONE}", here, *here.parents]
course = next((p for p in places if (p / "cvlib" / "course").is_dir()), None)
if course is None:
    course, url = places[0], "https://github.com/{REPOSITORY}"
    git = ["git", "clone", "--depth=1", "--branch={RELEASE}", url, str(course)]
    done = subprocess.run(git, capture_output=True, text=True)
    if done.returncode:  # no network, or a half copy that has to be removed first
        raise SystemExit(f"the course could not be fetched: {{done.stderr.strip()}}")
sys.path.insert(0, str(course))"""

# Papermill puts its own values after this cell.
PARAMETERS: dict[str, Any] = {"PROFILE": "auto", "SEED": 0, "OUT": None}
PARAMETERS_CELL = """\
PROFILE = "auto"  # or "smoke" (CPU), "workshop" (10 min on a T4), "full" (the training run)
SEED = 0
OUT = None  # a folder for checkpoints and the record; None: Drive if mounted, else runs/"""

METADATA: dict[str, Any] = {
    "accelerator": "GPU",
    "colab": {"gpuType": "T4"},
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {  # nbconvert takes the suffix of a script from here
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    },
}
IGNORED = "nbval-ignore-output"  # what this cell prints is chaotic, and not compared
CARD = "card"  # this cell's first figure stands on the chapter's card
TAGS = ("parameters", IGNORED, CARD)
WIDGET = "application/vnd.jupyter.widget-view+json"


def badge_url(notebook: str) -> str:
    """Where Colab opens `notebooks/<notebook>` from."""
    where = f"{REPOSITORY}/blob/{RELEASE}/notebooks/{notebook}"
    return f"https://colab.research.google.com/github/{where}"


def badge(notebook: str) -> str:
    """The Markdown of the Colab badge."""
    return (
        "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
        f"({badge_url(notebook)})"
    )
