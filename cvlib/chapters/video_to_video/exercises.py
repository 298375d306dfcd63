"""Exercises of chapter 08; their checks are in `checks`, one right answer each in `solutions`."""

from __future__ import annotations

from cvlib.chapters.video_to_video import checks, solutions
from cvlib.course.page.exercises import Exercise

EXERCISES: dict[str, Exercise] = {
    "08.1": Exercise(
        "08.1", "The newest run at every pace", 10, 1, checks.check_last_runs,
        ("Pace s looks at every `K**s`-th frame: a run of K frames spans `(K - 1) * K**s` steps.",
         "It ends in frame T - 1; its first frame is T - 1 minus that span, and if that is "
         "negative, the run is empty."),
        solutions.last_runs,
    ),
    "08.2": Exercise(
        "08.2", "Who paints which pixel", 15, 2, checks.check_shares,
        ("Read the composition as a sum of three pictures, each times a weight; the weights of a "
         "pixel add up to 1.",
         "Paper: 1 - m, m b and m (1 - b). Code: the first two only where b = 1, and all of the "
         "rest, 1 - b, from the foreground's net."),
        solutions.shares,
    ),
    "08.3": Exercise(
        "08.3", "Warp a label map", 15, 2, checks.check_warp_labels,
        ("Labels cannot be averaged: round p + flow to whole pixels and look the label up there.",
         "`torch.meshgrid` gives rows and columns; test whether the rounded place is inside, clamp "
         "it for the lookup, and put `ignore` where it was not."),
        solutions.warp_labels,
    ),
    "08.4": Exercise(
        "08.4", "The flow of the road", 25, 2, checks.check_ground_flow,
        ("A ray `below` pixels under the horizon falls `below / focal` metres per metre ahead: it "
         "meets the ground at z = focal * height / below.",
         "One frame ago the same point was at depth z + step, so it was seen at p z / (z + step), "
         "measured from the vanishing point. Subtract p."),
        solutions.ground_flow,
    ),
    "08.5": Exercise(
        "08.5", "Where nobody lands", 25, 3, checks.check_landings,
        ("Send every pixel along its flow; a place between four pixels gives each the product of "
         "how near it is in x and in y.",
         "`landed.index_add_(0, place, share)` adds also where several meet; `landed[place] += "
         "share` keeps only one of them."),
        solutions.landings,
    ),
    "08.6": Exercise(
        "08.6", "The drift of a wrong corner", 20, 3, checks.check_drifted,
        ("Column i of the output shows what was at s(i) = i W / (W - 1) - 1/2. Which column does s "
         "leave alone?",
         "Measured from the middle, s multiplies by W / (W - 1). Content at c is seen where "
         "s(i) = c: divide, once per warp."),
        solutions.drifted,
    ),
}  # fmt: skip
