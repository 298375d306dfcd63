import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.dance.skeleton import BLAZE33, BODY21, BODY25, COCO17, COCO18, Skeleton, convert
from tests.dance.tracks import scattered

ALL = (BODY21, BODY25, COCO17, COCO18, BLAZE33)


def track(skeleton, frames=3):
    draw = torch.Generator().manual_seed(1)
    return torch.rand(frames, len(skeleton.joints), 3, generator=draw) * 0.9 + 0.1


@pytest.mark.parametrize(("skeleton", "joints"), zip(ALL, (21, 25, 17, 18, 33), strict=True))
def test_counts_are_those_of_the_names(skeleton, joints):
    assert len(set(skeleton.joints)) == len(skeleton.joints) == joints
    for edge in skeleton.edges:
        skeleton.index(*edge)


def test_known_places_of_the_public_formats():
    assert BODY25.index("mid_hip", "left_big_toe", "right_heel") == [8, 19, 24]
    assert COCO17.index("nose", "left_shoulder", "right_hip", "right_ankle") == [0, 5, 12, 16]
    assert BLAZE33.index("left_shoulder", "left_hip", "left_ankle", "right_big_toe") == [
        11, 23, 27, 32,
    ]  # fmt: skip
    assert COCO18.index("right_hip", "right_eye", "left_ear") == [8, 14, 17]


def test_body25_through_coco17_keeps_the_common_joints():
    kp = track(BODY25)
    back = convert(convert(kp, BODY25, COCO17), COCO17, BODY25)
    common = [j for j in BODY25.joints if j in COCO17.joints]
    torch.testing.assert_close(
        back[:, BODY25.index(*common)], kp[:, BODY25.index(*common)], rtol=0, atol=0
    )
    assert len(common) == 17


def test_the_neck_is_the_middle_of_the_shoulders_with_the_lesser_confidence():
    kp = track(COCO17)
    neck = convert(kp, COCO17, BODY21)[:, BODY21.index("neck")[0]]
    right, left = kp[:, COCO17.index("right_shoulder")[0]], kp[:, COCO17.index("left_shoulder")[0]]
    torch.testing.assert_close(neck[:, :2], (right + left)[:, :2] / 2)
    torch.testing.assert_close(neck[:, 2], torch.minimum(right[:, 2], left[:, 2]))

    kp[1, COCO17.index("left_shoulder")[0], 2] = 0
    assert convert(kp, COCO17, BODY21)[1, BODY21.index("neck")[0], 2] == 0


def test_what_a_source_cannot_tell_is_missing():
    toes = convert(track(COCO17), COCO17, BODY21)[:, BODY21.index("left_big_toe")[0]]
    assert (toes == 0).all()


def test_another_number_of_joints_is_refused():
    with pytest.raises(CourseError, match="BODY25 keypoints are"):
        convert(torch.zeros(2, 17, 3), BODY25, COCO17)
    with pytest.raises(CourseError, match="COCO17 has no neck"):
        COCO17.index("neck")


def test_mirroring_twice_is_nothing_and_swaps_sides():
    order = BODY21.mirrored()
    assert [order[i] for i in order] == list(range(21))
    assert BODY21.joints[order[BODY21.index("left_knee")[0]]] == "right_knee"
    assert order[0] == 0


def test_all_sticks_have_colours_of_their_own_and_sides_differ():
    colors = BODY21.colors()
    assert colors.shape == (20, 3)
    assert len({tuple(row) for row in colors.tolist()}) == 20
    right = colors[[e[1].startswith("right") for e in BODY21.edges]]
    left = colors[[e[1].startswith("left") for e in BODY21.edges]]
    assert (right[:, 0] > right[:, 2]).all(), "warm"
    assert (left[:, 2] > left[:, 0]).all(), "cool"


def test_the_dancer_of_the_renderer_has_the_same_joints():
    dancer = pytest.importorskip("cvlib.synth.dancer")

    def snake(name):
        name = name.replace("_", "").lower()
        return name

    ours = [j.replace("right_", "r").replace("left_", "l").replace("_", "") for j in BODY21.joints]
    assert [snake(j) for j in dancer.JOINTS] == ours


def test_a_skeleton_without_sides_still_has_colours():
    assert Skeleton("I", ("a", "b"), (("a", "b"),)).colors().shape == (1, 3)
    assert scattered(2).shape == (2, 21, 3)
