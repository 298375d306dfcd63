"""The three sizes at which every chapter runs."""

import os

from cvlib.course.errors import CourseError

PROFILES = ("smoke", "workshop", "full")


def resolve(profile: str = "auto") -> str:
    """`auto` becomes `$CVLIB_PROFILE`, else `workshop` where CUDA is there, else `smoke`."""
    if profile == "auto":
        profile = os.environ.get("CVLIB_PROFILE") or _by_device()
    if profile not in PROFILES:
        raise CourseError(
            f"there is no profile {profile!r}: choose one of auto, {', '.join(PROFILES)}"
        )
    return profile


def _by_device() -> str:
    import torch

    return "workshop" if torch.cuda.is_available() else "smoke"
