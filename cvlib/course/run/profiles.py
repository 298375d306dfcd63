"""The sizes at which every chapter runs."""

import os

from cvlib.course.errors import CourseError

PROFILES = ("smoke", "laptop", "workshop", "full")
GPU = ("workshop", "full")  # meant for a GPU


def resolve(profile: str = "auto") -> str:
    """`auto` becomes `$CVLIB_PROFILE`, else `workshop` where CUDA is there, else `smoke`."""
    return choose(profile)[0]


def choose(profile: str = "auto") -> tuple[str, str]:
    """The profile, and why `auto` took it (empty when the profile was named)."""
    why = ""
    if profile == "auto":
        profile, why = _automatic()
    if profile not in PROFILES:
        raise CourseError(
            f"there is no profile {profile!r}: choose one of auto, {', '.join(PROFILES)}"
        )
    return profile, why


def _automatic() -> tuple[str, str]:
    if named := os.environ.get("CVLIB_PROFILE"):
        return named, "CVLIB_PROFILE says so"
    import torch

    if torch.cuda.is_available():
        return "workshop", "there is a CUDA GPU"
    return "smoke", "there is no CUDA GPU; --profile laptop is the evidence without one"
