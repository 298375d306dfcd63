import math

import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.synth.motion import Motion, euler, forward_kinematics
from cvlib.synth.motion_asf import read_amc, read_asf
from cvlib.synth.motion_dance import SKELETON, grounded, synth_dance

# A lamp with two arms: the shade's hinge, axis 0 0 90, turns its rx into a turn about y.
ASF = """
# a desk lamp
:version 1.10
:name LAMP
:units
  mass 1.0
  length 0.45
  angle deg
:documentation
   drawn by hand for this test
:root
   order TX TY TZ RX RY RZ
   axis XYZ
   position 0 0 0
   orientation 0 0 0
:bonedata
  begin
     id 1
     name post
     direction 0 1 0
     length 9
     axis 0 0 0 XYZ
     dof rx ry rz
     limits (-180.0 180.0)
            (-180.0 180.0)
            (-180.0 180.0)
  end
  begin
     id 2
     name shade
     direction 1 0 0
     length 4.5
     axis 0 0 90 XYZ
     dof rx
     limits (-90.0 90.0)
  end
:hierarchy
  begin
    root post
    post shade
  end
"""
AMC = """
#!OML:ASF
:FULLY-SPECIFIED
:DEGREES
1
root 1 2 3 0 0 0
post 0 0 0
shade 0
2
root 0 0 0 0 0 0
post 0 0 90
shade 0
3
root 0 0 0 0 0 0
post 0 0 0
shade 90
"""
UNIT = 0.0254 / 0.45


@pytest.fixture(scope="module")
def dance():
    motion = synth_dance(90, seed=3)
    return motion, forward_kinematics(SKELETON, motion)


def test_euler_turns_about_x_first_and_z_last():
    angles = torch.tensor([20.0, -50.0, 115.0], dtype=torch.float64)
    x, y, z = (euler(torch.diag(angles)[i]) for i in range(3))
    torch.testing.assert_close(euler(angles), z @ y @ x)
    ahead = torch.tensor([0.0, 0, 1], dtype=torch.float64)
    quarter = euler(torch.tensor([90.0, 0, 0], dtype=torch.float64)) @ ahead
    torch.testing.assert_close(quarter, torch.tensor([0.0, -1, 0], dtype=torch.float64))


def test_the_lamp_of_the_text_stands_where_paper_and_pencil_put_it():
    lamp = read_asf(ASF)
    pose = forward_kinematics(lamp, read_amc(AMC, lamp))
    post, shade = 9 * UNIT, 4.5 * UNIT
    root = [UNIT, 2 * UNIT, 3 * UNIT]
    expected = [
        [root[0] + shade, root[1] + post, root[2]],  # at rest: up, then to the side
        [-post, shade, 0],  # the post tipped over to the left: the shade points up
        [0, post, -shade],  # the hinge: x turned about y, a quarter
    ]
    torch.testing.assert_close(pose.ends["shade"], torch.tensor(expected, dtype=torch.float64))


def test_at_rest_every_end_is_the_sum_of_the_bones_on_the_way():
    still = Motion(torch.zeros(1, 6, dtype=torch.float64), {}, 30)
    ends = forward_kinematics(SKELETON, still).ends
    for bone in SKELETON.bones:
        end, name = torch.zeros(3, dtype=torch.float64), bone.name
        while name != "root":
            step = torch.tensor(SKELETON[name].direction, dtype=torch.float64)
            end, name = end + step * SKELETON[name].length, SKELETON[name].parent
        torch.testing.assert_close(ends[bone.name][0], end)


def test_bones_keep_their_lengths_and_joints_hold(dance):
    _, pose = dance
    for bone in SKELETON.bones:
        length = (pose.ends[bone.name] - pose.ends[bone.parent]).norm(dim=1)
        size = math.hypot(*bone.direction) * bone.length
        assert (length - size).abs().max() < 1e-9, bone.name
        R = pose.turns[bone.name]
        assert (R @ R.mT - torch.eye(3)).abs().max() < 1e-9
        assert (torch.linalg.det(R) > 0).all()


def test_stretched_bones_are_longer_and_turn_the_same(dance):
    motion, pose = dance
    other = forward_kinematics(SKELETON, motion, {"lfemur": 1.3})
    thigh = (other.ends["lfemur"] - other.ends["lhipjoint"]).norm(dim=1)
    assert (thigh - 1.3 * 0.42).abs().max() < 1e-9
    assert torch.equal(other.turns["ltibia"], pose.turns["ltibia"])
    assert torch.equal(other.ends["rtoes"], pose.ends["rtoes"])


def test_a_mirrored_dance_is_the_dance_in_a_mirror(dance):
    motion, pose = dance
    flip = torch.tensor([1.0, -1, -1], dtype=torch.float64)  # a turn about x keeps its sign
    signs = {3: flip, 2: flip[:2], 1: flip[:1]}
    sided = {bone.name[1:] for bone in SKELETON.bones if f"r{bone.name[1:]}" == bone.name}
    angles = {}
    for name, track in motion.angles.items():
        other = {"l": "r", "r": "l"}[name[0]] + name[1:] if name[1:] in sided else name
        angles[other] = track * signs[track.shape[1]]

    across = torch.tensor([-1.0, 1, 1], dtype=torch.float64)
    root = torch.cat([motion.root[:, :3] * across, motion.root[:, 3:] * flip], 1)
    other = forward_kinematics(SKELETON, Motion(root, angles, motion.fps))
    for left, right in (("lhand", "rhand"), ("ltoes", "rtoes"), ("head", "head")):
        torch.testing.assert_close(other.ends[left], pose.ends[right] * across)


def test_a_dance_depends_on_its_seed_and_not_on_its_length():
    short, long = synth_dance(20, seed=5), synth_dance(60, seed=5)
    torch.testing.assert_close(short.root, long.root[:20])
    for name, track in short.angles.items():
        torch.testing.assert_close(track, long.angles[name][:20])
    assert (synth_dance(20, seed=6).root - short.root).abs().max() > 0.1


def test_a_dance_repeats_with_the_beat_and_moves_no_faster_than_a_body():
    beats = 24  # the common period of 1, 1/2, 1/4, 1/8 and 1/12 of the beat
    motion = synth_dance(2 * beats * 10, fps=20, bpm=120, seed=1)
    pose = forward_kinematics(SKELETON, motion)
    hand = pose.ends["lhand"]
    torch.testing.assert_close(hand[: beats * 10], hand[beats * 10 :])
    assert (hand[1:] - hand[:-1]).norm(dim=1).max() * 20 < 8  # metres a second


def test_the_lower_foot_stands_on_the_floor(dance):
    _, pose = dance
    placed = grounded(pose)
    ankles = torch.minimum(placed.ends["ltibia"][:, 1], placed.ends["rtibia"][:, 1])
    assert (ankles < 0.14).all()
    assert placed.ends["head"][:, 1].min() > 1.3
    soles = torch.stack(
        [placed.ends[s + b][:, 1] - h for s in "lr" for b, h in
         (("tibia", 0.085), ("foot", 0.028), ("toes", 0.02))]
    )  # fmt: skip
    torch.testing.assert_close(soles.amin(0), torch.zeros(90, dtype=torch.float64))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("post 0 0 90", "post 0 0", "line 11: expected 3 numbers"),
        ("post 0 0 90", "post 0 0 x", "line 11: expected 3 numbers"),
        ("shade 90", "bulb 90", "line 16: 'bulb' is no bone"),
        ("shade 90", "", "do not name the same bones"),
    ],
)
def test_bad_motions_are_refused_with_their_line(old, new, says):
    with pytest.raises(CourseError, match=says):
        read_amc(AMC.replace(old, new), read_asf(ASF))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (ASF, "", "no ASF skeleton"),
        ("direction 1 0 0", "", "'shade' lacks its direction"),
        ("dof rx\n", "dof tx\n", "only rx, ry and rz"),
        ("axis 0 0 90 XYZ", "axis 0 0 90 ZYX", "only XYZ"),
        ("root post", "post post", "hangs on 'post'"),
        ("RX RY RZ", "RZ RY RX", "line 12: a root's order"),
    ],
)
def test_bad_skeletons_are_refused(old, new, says):
    with pytest.raises(CourseError, match=says):
        read_asf(ASF.replace(old, new))


def test_no_frames_no_dance():
    with pytest.raises(CourseError, match="cannot dance 0 frames"):
        synth_dance(0)
