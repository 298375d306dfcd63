from dataclasses import astuple

import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.dance.placing import PoseStats, body_height, foot_line, normalize, placing, pose_stats
from cvlib.dance.skeleton import BODY21
from tests.dance.tracks import scattered, standing

S = PoseStats(max=238.2, min=185.3, median=210.0, close=170.3, far=120.2)
T = PoseStats(max=246.4, min=202.8, median=220.0, close=186.2, far=137.8)
W = 256


def test_extremes_go_to_extremes():
    kp = standing([S.max, S.min], [S.close, S.far], W)
    out = normalize(kp, S, T, W)
    line, _ = foot_line(out)
    height, _ = body_height(out)
    torch.testing.assert_close(line, torch.tensor([T.max, T.min]).double(), atol=1e-5, rtol=0)
    torch.testing.assert_close(height, torch.tensor([T.close, T.far]).double(), atol=1e-5, rtol=0)
    assert abs(float(line[0]) - T.max) < 1e-9
    assert abs(float(line[1]) - T.min) < 1e-9
    scale = placing(kp, S, T).scale
    assert abs(float(scale[0]) - T.close / S.close) < 1e-12
    assert abs(float(scale[1]) - T.far / S.far) < 1e-12


def test_the_same_stage_changes_nothing():
    kp = scattered(7)
    torch.testing.assert_close(normalize(kp, S, S, W), kp)


def test_there_and_back_keeps_the_feet_and_the_extremes():
    kp = standing(torch.linspace(S.min, S.max, 5), 150.0, W)
    back = normalize(normalize(kp, S, T, W), T, S, W)
    torch.testing.assert_close(foot_line(back)[0], foot_line(kp)[0])
    # scales are affine in u, and so are not each other's inverse between the two ends
    torch.testing.assert_close(back[[0, -1]], kp[[0, -1]])


def test_foot_line_and_scale_are_affine_in_the_foot():
    where = placing(standing([190.0, 200.0, 210.0], 150.0), S, T)
    for values in (where.foot, where.scale):
        torch.testing.assert_close(values[1], (values[0] + values[2]) / 2)


def test_widths_scale_and_the_middle_column_stays():
    kp = standing([220.0], 150.0, W)
    kp[0, 3, 0] += 11
    c = float(placing(kp, S, T).scale[0])
    out = normalize(kp, S, T, W)
    assert float(out[0, 3, 0] - out[0, 4, 0]) == pytest.approx(11 * c)
    assert float(out[0, 4, 0]) == pytest.approx((W - 1) / 2)


def test_another_pivot_misses_the_foot_line_by_the_formula():
    kp = standing(torch.linspace(S.min, S.max, 9), 150.0, W)
    first = float(foot_line(kp)[0][0])
    where = placing(kp, S, T)
    line, _ = foot_line(normalize(kp, S, T, W, pivot=first))
    error = (where.scale - 1) * (where.line - first)
    torch.testing.assert_close(line - where.foot, error)
    assert error.abs().max() > 3


def test_confidences_stay():
    kp = scattered(3)
    kp[1, 4, 2] = 0.25
    torch.testing.assert_close(normalize(kp, S, T, W)[..., 2], kp[..., 2])


# -- the stage of a person -------------------------------------------------------------------------


def ramp():
    a = torch.linspace(100, 200, 101)
    return standing(a, 0.5 * a)


def test_stats_of_a_ramp_are_known():
    stats = pose_stats(ramp())
    assert astuple(stats) == pytest.approx((200, 100, 150, 100, 52.5), abs=1e-4)


def test_the_order_of_frames_does_not_matter():
    kp = ramp()
    order = torch.randperm(len(kp), generator=torch.Generator().manual_seed(0))
    assert pose_stats(kp[order]) == pose_stats(kp)


def test_one_outlier_does_not_move_the_farthest_line():
    kp = torch.cat([ramp(), standing([0.0], 40.0)])
    assert pose_stats(kp).min == pytest.approx(100)
    assert pose_stats(kp, alpha=3.0).min == pytest.approx(0), "a loose rule lets it in"


def test_a_missing_nose_is_replaced_by_the_ears_and_one_ankle_is_enough():
    kp = ramp()
    kp[:, BODY21.index("nose"), 2] = 0
    kp[:, BODY21.index("right_ear", "left_ear"), 1] = kp[:, BODY21.index("nose"), 1]
    kp[:, BODY21.index("left_ankle")] = 0.0
    assert astuple(pose_stats(kp)) == pytest.approx((200, 100, 150, 100, 52.5), abs=1e-4)


def test_frames_without_ankles_do_not_count_and_take_the_last_place():
    kp = ramp()
    ankles = BODY21.index("right_ankle", "left_ankle")
    kp[10:20, ankles] = 0.0
    assert pose_stats(kp).max == pytest.approx(200)
    where = placing(kp, S, T)
    assert (where.line[10:20] == where.line[9]).all()
    kp[:3, ankles] = 0.0
    assert (placing(kp, S, T).line[:3] == placing(kp, S, T).line[3]).all()


def test_nobody_who_never_moves_divides_by_zero():
    kp = standing([180.0] * 5, 90.0)
    stats = pose_stats(kp)
    assert stats.max == stats.min == 180
    out = normalize(kp, stats, T, W)
    assert torch.isfinite(out).all()
    assert foot_line(out)[0][0] == pytest.approx((T.max + T.min) / 2)


def test_a_video_without_feet_is_refused():
    kp = ramp()
    kp[:, BODY21.index("right_ankle", "left_ankle"), 2] = 0
    with pytest.raises(CourseError, match="film the whole body"):
        pose_stats(kp)
    with pytest.raises(CourseError, match="nobody can be placed"):
        placing(kp, S, T)
