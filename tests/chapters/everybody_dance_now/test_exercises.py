"""Chapter 09's exercises: right answers pass, plausible wrong ones are named."""

import dataclasses

import pytest
import torch

from cvlib.chapters.everybody_dance_now import checks
from cvlib.chapters.everybody_dance_now import solutions as s
from cvlib.chapters.everybody_dance_now.exercises import EXERCISES
from cvlib.dance.placing import normalize
from cvlib.dance.skeleton import BODY21
from cvlib.dance.smoothing import gaussian
from tests.course.exercise_tests import assert_accepted, assert_exercise


def people_swapped(placed, source, target, center):
    return checks._placed(placed, target, source)


def about_the_border(placed, source, target, center):
    right = s.undo(placed, source, target, center)
    c = (placed[0, 1] - placed[-1, 1]) / (right[0, 1] - right[-1, 1])
    return torch.stack([placed[:, 0] / c, right[:, 1]], 1)


def feet_only(placed, source, target, center):
    back = s.undo(placed, source, target, center)[-1, 1] - placed[-1, 1]
    return torch.stack([placed[:, 0], placed[:, 1] + back], 1)


def foot_stays(placed, source, target, center):
    right = s.undo(placed, source, target, center)
    return right + torch.tensor([0.0, 1.0]) * (placed[-1, 1] - right[-1, 1])


def ends(low, high, far, close, first):
    return max(abs((far - 1) * (low - first)), abs((close - 1) * (high - first)))


def whole_scale(low, high, far, close, first):
    return max(abs(far * (low - first)), abs(close * (high - first)))


def one_end(low, high, far, close, first):
    return abs((close - 1) * (high - first))


def whole_rows(low, high, far, close, first):
    slope = (close - far) / (high - low)
    rows = range(int(low), int(high) + 1)
    return max(abs((far - 1 + slope * (a - low)) * (a - first)) for a in rows)


def by_search(low, high, far, close, first):
    a = torch.linspace(low, high, 200_001, dtype=torch.float64)
    c = far + (a - low) / (high - low) * (close - far)
    return ((c - 1) * (a - first)).abs().max()


def pages_profile(d, width):
    return (width / 2 - d.abs() + 0.5).clamp(0, 1)


def a_bell(d, width):
    a = torch.exp(-d.square())
    return a * width / a.sum()


def mean_of_neighbours(track, confidence, sigma):
    keypoints = torch.cat([track, confidence[:, None]], 1)[:, None]
    return gaussian(keypoints, sigma)[:, 0, :2]


def window_cut(track, confidence, sigma):
    near = [s.smooth_lines(track, _only_near(confidence, t, sigma), sigma)[t] for t in range(25)]
    return torch.stack(near)


def _only_near(confidence, t, sigma):
    away = (torch.arange(len(confidence)) - t).abs()
    return confidence * (away <= 3 * sigma)


def votes_of_all(track, confidence, sigma):
    return s.smooth_lines(track, torch.ones_like(confidence), sigma)


def found_or_not(track, confidence, sigma):
    return s.smooth_lines(track, (confidence > 0).to(track), sigma)


def other_side(shoulder, wrist, upper, lower):
    return s.elbow(wrist, shoulder, lower, upper)


def fixed_middle(shoulder, wrist, upper, lower):
    way = wrist - shoulder
    right = torch.stack([-way[1], way[0]]) / way.norm()
    aside = (upper**2 - way.square().sum() / 4).clamp(min=0).sqrt()
    return shoulder + way / 2 + aside * right


def no_reach(shoulder, wrist, upper, lower):
    way = wrist - shoulder
    d = way.norm()
    along = (d**2 + upper**2 - lower**2) / (2 * d)
    aside = (upper**2 - along**2).clamp(min=0).sqrt()
    return shoulder + along * way / d + aside * torch.stack([-way[1], way[0]]) / d


def in_the_test_set(real, fake, threshold, share):
    alarms, caught = (real > threshold).sum(), (fake > threshold).sum()
    return alarms / (alarms + caught) if alarms + caught else 0.0


def false_alarms(real, fake, threshold, share):
    return (real > threshold).double().mean()


def at_least(real, fake, threshold, share):
    return s.wrongly_accused(real, fake, threshold - 1e-9, share)


WRONG = {
    "09.1": {
        "nothing": (lambda placed, *_: placed, "goes there, not back"),
        "people swapped": (people_swapped, "wrong at a foot on row 214"),
        "about the border": (about_the_border, "scaled about the middle column"),
        "feet only": (feet_only, "the heads are not"),
        "foot stays": (foot_stays, "find u from m(a) first"),
    },
    "09.2": {
        "both ends": (ends, "the miss is a parabola"),
        "whole scale": (whole_scale, "it is c - 1 that counts"),
        "one end": (one_end, "somewhere on the stage"),
        "whole rows": (whole_rows, "somewhere on the stage"),
        "signed": (lambda *case: -s.worst_miss(*case), "no sign here"),
        "twice": (lambda *case: 2 * s.worst_miss(*case), "no foot on the stage"),
    },
    "09.3": {
        "the page's": (pages_profile, "that is the page's formula"),
        "all or nothing": (lambda d, w: (d.abs() <= w / 2).double(), "half covered"),
        "one-sided": (lambda d, w: (w / 2 - d + 0.5).clamp(0, 1), "two sides"),
        "a bell": (a_bell, "over the wrong pixels"),
        "unclamped": (lambda d, w: w / 2 - d.abs() + 0.5, "below 0"),
    },
    "09.4": {
        "a mean": (mean_of_neighbours, "lags at the ends"),
        "all vote": (votes_of_all, "have no vote"),
        "found or not": (found_or_not, "half the vote"),
        "no half": (
            lambda track, c, sigma: s.smooth_lines(track, c, sigma / 2**0.5),
            "the half missing",
        ),
        "a window": (window_cut, "cut no window"),
        "as it came": (lambda track, c, sigma: track, "noise would stay"),
    },
    "09.5": {
        "other side": (other_side, "bends to the other side"),
        "halfway": (fixed_middle, "the upper arm is"),
        "bones swapped": (lambda a, b, u, w: s.elbow(a, b, w, u), "changed places"),
        "no reach": (no_reach, "out of reach"),
        "on the way": (lambda a, b, u, w: a + u * (b - a) / (b - a).norm(), "the forearm is"),
    },
    "09.6": {
        "in the test set": (in_the_test_set, "you count in the test set"),
        "false alarms": (false_alarms, "ask it of the flagged ones"),
        "the guilty": (lambda *case: 1 - s.wrongly_accused(*case), "ask for the others"),
        "at least": (at_least, "does not exceed it"),
        "shares swapped": (
            lambda r, f, t, share: s.wrongly_accused(r, f, t, 1 - share),
            "real ones are the rest",
        ),
    },
}


@pytest.mark.parametrize("id", EXERCISES)
def test_right_answers_pass_and_wrong_ones_are_named(id):
    assert_exercise(EXERCISES[id], WRONG[id])
    assert_accepted(EXERCISES[id])


def test_other_right_answers_pass():
    for id, answer in (
        ("09.2", by_search),
        ("09.3", overlap_of_ramps),
        ("09.3", lambda d, w: (w / 2 - d.abs() + 0.5).clamp(0, min(1, w))),
        ("09.4", by_normal_equations),
    ):
        EXERCISES[id].check(answer)


def overlap_of_ramps(d, width):
    """The running integral of the stick, at the pixel's two borders."""
    ramp = lambda x: x.clamp(-width / 2, width / 2)  # noqa: E731
    return ramp(d + 0.5) - ramp(d - 0.5)


def by_normal_equations(track, confidence, sigma):
    time = torch.arange(len(track), dtype=track.dtype)
    out = []
    for t in range(len(track)):
        w = torch.exp(-0.5 * ((time - t) / sigma) ** 2) * confidence
        A = torch.stack([torch.ones_like(time), time - t], 1)
        out.append(torch.linalg.solve(A.T @ (w[:, None] * A), A.T @ (w[:, None] * track))[0])
    return torch.stack(out)


def test_the_checks_place_as_the_library_does():
    points = checks._person(214.0)
    keypoints = torch.zeros(1, 21, 3, dtype=torch.float64)
    for name, point in zip(("nose", "left_wrist", "left_ankle"), points, strict=True):
        keypoints[0, BODY21.index(name)[0]] = torch.cat([point, torch.ones(1)])
    placed = normalize(keypoints, checks.SOURCE, checks.TARGET, width=256)[0]
    chosen = placed[BODY21.index("nose", "left_wrist", "left_ankle"), :2]
    torch.testing.assert_close(chosen, checks._placed(points, checks.SOURCE, checks.TARGET))


def test_the_miss_is_what_the_library_makes_with_another_pivot():
    low, high = checks.SOURCE.min, checks.SOURCE.max
    source, target = checks.SOURCE, dataclasses.replace(checks.TARGET, far=168.0, close=170.0)
    rows = torch.linspace(low, high, 401, dtype=torch.float64)
    keypoints = torch.zeros(401, 21, 3, dtype=torch.float64)
    ankle = BODY21.index("left_ankle")[0]
    keypoints[:, ankle] = torch.stack([rows * 0 + 100, rows, rows * 0 + 1], 1)
    exact, wrong = (
        normalize(keypoints, source, target, 256, pivot=p)[:, ankle, 1] for p in (None, low)
    )
    far, close = target.far / source.far, target.close / source.close
    expected = s.worst_miss(low, high, far, close, low)
    assert abs(float((wrong - exact).abs().max()) - expected) < 1e-2
