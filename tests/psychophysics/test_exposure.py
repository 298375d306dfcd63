import pytest

from cvlib.course.errors import CourseError
from cvlib.psychophysics.exposure import SCREENS, ExposurePlan, exposure_table, frames_for


@pytest.mark.parametrize(
    ("hz", "picture", "mask", "seen_ms", "mask_ms"),
    [
        (60, 4, 3, 66.7, 50.0),
        (75, 5, 4, 66.7, 53.3),
        (120, 8, 6, 66.7, 50.0),
        (144, 9, 7, 62.5, 48.6),
        (165, 10, 8, 60.6, 48.5),
        (240, 15, 12, 62.5, 50.0),
    ],
)
def test_frames_of_common_screens(hz, picture, mask, seen_ms, mask_ms):
    _, stimulus, first_mask, *_ = ExposurePlan().phases(hz)
    assert (stimulus.frames, first_mask.frames) == (picture, mask)
    assert stimulus.ms == pytest.approx(seen_ms, abs=0.05)
    assert first_mask.ms == pytest.approx(mask_ms, abs=0.05)
    assert abs(stimulus.ms - 63) <= 4  # an ordinary screen is good enough


def test_nearest_and_never_none():
    assert frames_for(1, 60) == 1
    assert frames_for(25, 60) == 2  # 1.5 frames: the larger, as the browser has it
    assert frames_for(24, 60) == 1
    assert frames_for(63, 59.94) == 4
    with pytest.raises(CourseError, match="above zero"):
        frames_for(63, 0)
    with pytest.raises(CourseError, match="above zero"):
        frames_for(float("nan"), 60)


def test_a_trial_in_order():
    plan = ExposurePlan(masks=2, response_ms=1000)
    phases = plan.phases(60, fixation_ms=500)
    assert [p.name for p in phases] == ["fixation", "picture", "mask 1", "mask 2", "blank"]
    assert [p.frames for p in phases] == [30, 4, 3, 3, 60]
    assert plan.trial_ms(60) == pytest.approx(750 + 66.7 + 100 + 1000, abs=0.1)


def test_the_table_names_every_screen():
    lines = exposure_table(ExposurePlan()).splitlines()[1:]
    assert [int(line.split()[0]) for line in lines] == list(SCREENS)
