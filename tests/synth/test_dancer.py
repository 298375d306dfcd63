import dataclasses

import pytest
import torch
import torch.nn.functional as F

from cvlib.course.errors import CourseError
from cvlib.synth import dancer
from cvlib.synth.dancer import (
    BODIES,
    JOINTS,
    PARTS,
    Body,
    Stage,
    dance_clip,
    motion_clip,
    portrait_stage,
)
from cvlib.synth.dancer_body import HEAD_SIZE, pose_body
from cvlib.synth.motion import Motion
from cvlib.synth.motion_asf import read_amc, read_asf
from cvlib.synth.motion_dance import synth_dance
from cvlib.synth.raycast import NOTHING, Moment, motion

STAGE = Stage(72, 72)


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setattr("cvlib.course.paths.user_cache", lambda: tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def dance(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cvlib.course.paths.user_cache", lambda: tmp_path_factory.getbasetemp())
        return dance_clip(24, BODIES["tall"], STAGE, seed=1, flow=True)


def still(frames, step=(0.0, 0.0, 0.0)):
    """The same pose in every frame, `step` metres further each time."""
    pose = synth_dance(1, seed=2)
    root = pose.root.repeat(frames, 1)
    root[:, :3] += torch.arange(frames)[:, None] * torch.tensor(step, dtype=torch.float64)
    return Motion(root, {k: v.repeat(frames, 1) for k, v in pose.angles.items()}, 30.0)


def joint(clip, name):
    return clip.keypoints[:, JOINTS.index(name)]


def test_joints_lie_on_the_dancer(dance):
    place = dance.keypoints[..., :2].round().long()
    inside = dance.keypoints[..., 2] > 0
    assert inside.float().mean() > 0.95
    on = torch.zeros_like(inside)
    for t in range(len(dance)):
        x, y = place[t].clamp(0, 71).unbind(-1)
        on[t] = dance.parts[t, y, x] > 0
    assert on[inside].float().mean() >= 0.95


def test_she_faces_us_so_her_left_is_on_the_right(dance):
    assert (joint(dance, "LShoulder")[:, 0] > joint(dance, "RShoulder")[:, 0]).all()
    x, y = dance.keypoints[0, JOINTS.index("LKnee"), :2].round().long()
    assert PARTS[dance.parts[0, y, x]] in ("left thigh", "left shin")
    hidden_by = {PARTS[p] for p in dance.parts.unique()}
    assert hidden_by == set(PARTS), "every part shows itself in some frame"


def test_neck_and_hips_are_halfway_and_the_head_is_where_its_pixels_are(dance):
    middle = (joint(dance, "LShoulder") + joint(dance, "RShoulder")) / 2
    assert (joint(dance, "Neck") - middle)[:, :2].abs().max() < 0.2  # perspective
    v, u = torch.meshgrid(torch.arange(72.0), torch.arange(72.0), indexing="ij")
    for t in range(len(dance)):
        x, y, radius = dance.head[t]
        mine = dance.parts[t] == PARTS.index("head")
        away = ((u - x).square() + (v - y).square()).sqrt()
        assert away[mine].max() < 1.4 * radius  # the hair stands out a little
        assert mine[away < 0.6 * radius].float().mean() > 0.8  # an arm may cross it


def test_a_dancer_at_rest_has_no_motion_and_hides_nothing():
    clip = motion_clip(still(3), Body(), STAGE)
    assert clip.flow.abs().max() < 1e-3
    assert clip.visible[1:].all()
    assert not clip.visible[0].any()
    assert torch.equal(clip.rgb[0], clip.rgb[2])


def test_a_step_aside_moves_each_point_by_focal_over_depth():
    step = 0.03
    figure = pose_body(Body(), still(2, (step, 0.0, 0.0)))
    camera = STAGE.camera
    before, now = (Moment(camera, (), figure.solids(t)) for t in (0, 1))
    pixels = camera.pixels()
    hits = now.cast(pixels)
    on = hits.surface != NOTHING
    flow = motion(pixels, hits, now, before).flow
    assert on.sum() > 200
    torch.testing.assert_close(flow[on, 0], -camera.focal * step / hits.depth[on])
    assert flow[on, 1].abs().max() < 1e-9
    assert flow[~on].abs().max() < 1e-9


def warped(previous, flow):
    """`previous` (3, H, W) fetched along the backward flow (2, H, W)."""
    _, height, width = previous.shape
    v, u = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    grid = torch.stack([(u + flow[0]) / (width - 1), (v + flow[1]) / (height - 1)], -1) * 2 - 1
    return F.grid_sample(previous[None], grid[None], align_corners=True, padding_mode="border")[0]


def test_the_true_flow_fetches_the_frame_before(dance):
    errors = {"flow": [], "copy": [], "backwards": []}
    for t in range(1, len(dance)):
        seen = (dance.visible[t] & dance.person[t])[0]
        for name, flow in (("flow", 1.0), ("copy", 0.0), ("backwards", -1.0)):
            found = warped(dance.rgb[t - 1], flow * dance.flow[t])
            errors[name].append((found - dance.rgb[t])[:, seen].square().mean())
    found = {name: float(torch.stack(values).mean()) for name, values in errors.items()}
    assert found["flow"] < 0.5 * found["copy"]
    assert found["backwards"] > 1.2 * found["copy"]
    assert 0.97 < dance.visible[1:].float().mean() < 1


def test_what_appears_behind_the_dancer_was_not_visible(dance):
    uncovered = dance.person[:-1] & ~dance.person[1:]  # background now, dancer before
    assert uncovered.sum() > 100
    assert not dance.visible[1:][uncovered].any()
    left = ~dance.person[:-1] & ~dance.person[1:]
    assert dance.visible[1:][left].all()


def test_the_stage_stays_as_it_is(dance):
    change = dance.rgb - dance.background  # (T, 3, H, W)
    away = F.max_pool2d(dance.person.float(), 3, 1, 1) == 0  # nor does she touch the pixel
    wall = torch.arange(72)[:, None] < 40
    assert change[(away & wall).expand_as(change)].abs().max() == 0
    assert change[away.expand_as(change)].max() <= 1e-6, "shadows only darken"
    assert change[away.expand_as(change)].min() < -0.1, "there is a shadow"
    assert change[dance.person.expand_as(change)].abs().mean() > 0.2


def test_another_body_dances_the_same_dance():
    motion = synth_dance(20, seed=4)
    tall, short = (pose_body(BODIES[name], motion) for name in ("tall", "short"))

    def direction(figure, start, end):
        limb = figure.joints[:, JOINTS.index(end)] - figure.joints[:, JOINTS.index(start)]
        return F.normalize(limb, dim=-1), limb.norm(dim=-1)

    for start, end, ratio in (("LHip", "LKnee", 0.82), ("RElbow", "RWrist", 1.0)):
        (one, long), (other, less) = (direction(f, start, end) for f in (tall, short))
        torch.testing.assert_close(one, other)
        torch.testing.assert_close(less, ratio * long)
    assert short.joints[..., 1].amin() > -0.01  # nobody sinks into the floor


def test_a_portrait_keeps_a_head_of_about_twenty_pixels_in_the_picture():
    for name, body in BODIES.items():
        stage = portrait_stage(96, 96, body)
        for seed in range(5):
            figure = pose_body(body, synth_dance(200, seed=seed), stage.room)
            centre, depth = stage.camera.project(figure.head)
            radius = HEAD_SIZE[1] * stage.camera.focal / depth
            assert radius.min() > 19.9, (name, seed)
            assert ((centre - radius[:, None]).amin(0) > 0).all(), (name, seed)
            assert ((centre + radius[:, None]).amax(0) < 95).all(), (name, seed)


def test_the_whole_dance_takes_place_on_the_stage():
    stage = Stage(64, 64)
    inside = []
    for name, seed in zip(sorted(BODIES) * 3, range(9), strict=True):
        figure = pose_body(BODIES[name], synth_dance(200, seed=seed))
        places, _ = stage.camera.project(figure.joints)
        inside.append(stage.camera.frames(places.reshape(-1, 2)))
    assert torch.stack(inside).float().mean() > 0.98


def test_a_face_has_features():
    body = BODIES["tall"]
    clip = motion_clip(still(1), body, portrait_stage(96, 96, body))
    eye = clip.keypoints[0, JOINTS.index("LEye"), :2].round().long()
    around = clip.rgb[0, :, eye[1] - 3 : eye[1] + 4, eye[0] - 3 : eye[0] + 4]
    assert around.amax() > 0.55  # the white of the eye
    assert around.amin() < -0.6  # and its pupil
    bald = dataclasses.replace(body, hair=body.skin)
    other = motion_clip(still(1), bald, portrait_stage(96, 96, bald))
    assert ((clip.rgb - other.rgb).abs().amax(1) > 0.1).sum() > 300


def test_dances_are_kept_bit_for_bit_and_other_settings_are_others(monkeypatch):
    stage = Stage(16, 16)
    first = dance_clip(2, Body(), stage, seed=9, flow=True)
    other = dance_clip(2, Body(leg=0.9), stage, seed=9, flow=True)
    assert not torch.equal(first.rgb, other.rgb)

    def never(*_):
        raise AssertionError("rendered again")

    monkeypatch.setattr(dancer, "_render", never)
    again = dance_clip(2, Body(), stage, seed=9, flow=True)
    for field in dataclasses.fields(first):
        assert torch.equal(getattr(first, field.name), getattr(again, field.name)), field.name
    assert first.visible.dtype == torch.bool
    assert first.rgb.min() >= -1
    with pytest.raises(AssertionError, match="rendered again"):
        dance_clip(2, Body(), stage, seed=10, flow=True)


def test_shapes_without_flow():
    clip = dance_clip(2, Body(), Stage(12, 20))
    assert clip.rgb.shape == (2, 3, 12, 20)
    assert clip.keypoints.shape == (2, 21, 3)
    assert clip.parts.shape == (2, 12, 20)
    assert clip.flow is None
    assert clip.visible is None


CAPTURED = """
:units
  length 0.45
:bonedata
  begin
    name thorax
    direction 0 1 0
    length 8
    axis 0 0 0
  end
  {sides}
  begin
    name upperneck
    direction 0 1 0
    length 2
    axis 0 0 0
  end
  begin
    name head
    direction 0 1 0
    length 2
    axis 0 0 0
  end
:hierarchy
  root thorax lhipjoint rhipjoint
  thorax upperneck lclavicle rclavicle
  upperneck head
  lhipjoint lfemur
  lfemur ltibia
  ltibia ltoes
  rhipjoint rfemur
  rfemur rtibia
  rtibia rtoes
  lclavicle lhumerus
  lhumerus lwrist
  rclavicle rhumerus
  rhumerus rwrist
"""


def test_a_captured_skeleton_wears_the_body():
    sides = ""
    for side, x in (("l", 1), ("r", -1)):
        for bone, way, length in (
            ("hipjoint", f"{0.8 * x} -0.6 0", 2), ("femur", "0 -1 0", 7), ("tibia", "0 -1 0", 7),
            ("toes", "0 0 1", 3), ("clavicle", f"{x} 0 0", 3), ("humerus", f"{x} 0 0", 5),
            ("wrist", f"{x} 0 0", 5),
        ):  # fmt: skip
            sides += f"begin\n name {side}{bone}\n direction {way}\n length {length}\n"
            sides += " axis 0 0 0\n dof rx rz\nend\n"
    skeleton = read_asf(CAPTURED.format(sides=sides))
    motion = read_amc("1\nroot 0 0 0 0 0 0\n2\nroot 1 0 0 0 0 0\n", skeleton)
    clip = motion_clip(motion, Body(skeleton=skeleton), STAGE)
    assert joint(clip, "LWrist")[0, 0] > joint(clip, "LElbow")[0, 0] + 3
    assert {"head", "torso", "left foot", "right thigh"} <= {PARTS[p] for p in clip.parts.unique()}
    across = clip.flow[1, 0][clip.person[1, 0]]
    assert across.max() < -0.5  # all of her came from the left


def test_stages_too_small_are_refused():
    with pytest.raises(CourseError, match="at least 8x8"):
        dance_clip(2, Body(), Stage(4, 64))
