import dataclasses

import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.synth.rooms import develop, furnished, render, worth_a_picture
from cvlib.synth.rooms_cast import CLASSES, View, cast
from cvlib.synth.rooms_labels import camera_normals, harris, labels
from cvlib.synth.rooms_pairs import relative_pose, render_pairs, second_view
from cvlib.synth.rooms_shade import photograph


@pytest.fixture(scope="module")
def seen():
    """Scenes in double precision, their views and hits."""
    scene, view = furnished(6, torch.Generator().manual_seed(0))
    scene, view = (
        type(x)(**{k: v.double() if v.is_floating_point() else v for k, v in vars(x).items()})
        for x in (scene, view)
    )
    return scene, view, cast(scene, view, 48)


def surface_residual(scene, hits, i):
    """How far each hit point of picture i lies from the surface that its id names."""
    point, ids = hits.point[i], hits.ids[i]
    size = scene.size[i]
    residual = torch.full(ids.shape, torch.inf, dtype=point.dtype)
    for face in range(6):
        wall = torch.zeros(()) if face >= 3 else size[face]
        residual = torch.where(ids == face, (point[..., face % 3] - wall).abs(), residual)
    for k in range(scene.box_yaw.shape[1]):
        c, s = scene.box_yaw[i, k].cos(), scene.box_yaw[i, k].sin()
        x, y, z = (point - scene.box_centre[i, k]).unbind(-1)
        local = torch.stack([c * x + s * y, -s * x + c * y, z], -1)
        off = (local.abs() / scene.box_half[i, k]).amax(-1)
        residual = torch.where(ids == 6 + k, (off - 1).abs(), residual)
    for k in range(scene.ball_radius.shape[1]):
        away = (point - scene.ball_centre[i, k]).norm(dim=-1)
        off = (away - scene.ball_radius[i, k]).abs()
        residual = torch.where(ids == 6 + scene.box_yaw.shape[1] + k, off, residual)
    return residual


def test_every_hit_lies_on_the_surface_that_its_id_names(seen):
    scene, _, hits = seen
    for i in range(len(hits.ids)):
        assert surface_residual(scene, hits, i).max() < 1e-9


def test_rays_end_at_their_points_and_normals_face_the_camera(seen):
    _, view, hits = seen
    end = view.position[:, None, None] + hits.distance[..., None] * hits.ray
    torch.testing.assert_close(end, hits.point, atol=1e-9, rtol=0)
    torch.testing.assert_close(hits.normal.norm(dim=-1), torch.ones_like(hits.distance))
    assert ((hits.normal * hits.ray).sum(-1) < 0).all()


def test_nothing_is_nearer_than_the_first_hit(seen):
    scene, view, hits = seen
    halfway = view.position[:, None, None] + 0.999 * hits.distance[..., None] * hits.ray
    for k in range(scene.box_yaw.shape[1]):
        c, s = scene.box_yaw[:, k].cos(), scene.box_yaw[:, k].sin()
        x, y, z = (halfway - scene.box_centre[:, None, None, k]).unbind(-1)
        c, s = c[:, None, None], s[:, None, None]
        local = torch.stack([c * x + s * y, -s * x + c * y, z], -1)
        assert ((local.abs() / scene.box_half[:, None, None, k]).amax(-1) > 1 - 1e-6).all()
    inside = (halfway >= -1e-9) & (halfway <= scene.size[:, None, None] + 1e-9)
    assert inside.all()


def test_labels_agree_with_one_another(seen):
    scene, view, hits = seen
    found = labels(torch.zeros(6, 3, 48, 48).double(), hits, scene, view)
    depth = (hits.distance * hits.cosine)[:, None]
    torch.testing.assert_close(found["depth"].exp(), depth)
    forward = view.rotation[:, :, 0]
    along = torch.einsum("bhwi,bi->bhw", hits.point - view.position[:, None, None], forward)
    torch.testing.assert_close(along[:, None], depth)
    torch.testing.assert_close(found["reshade"][:, 0], -(hits.normal * hits.ray).sum(-1))
    assert found["normal"][:, 2].min() > -0.7  # the third component points to the camera
    torch.testing.assert_close(found["normal"].norm(dim=1), torch.ones_like(hits.distance))
    ball = found["semantic"] == CLASSES.index("ball")
    assert torch.equal(found["curvature"][:, 0] > 0, ball)


def test_the_rooms_axes_are_orthogonal_and_up_is_up(seen):
    _, view, hits = seen
    axes = view.rotation  # its rows are the room's axes in the camera frame
    torch.testing.assert_close(axes @ axes.mT, torch.eye(3).double().expand(6, 3, 3))
    up = view.rotation.mT @ torch.tensor([0.0, 0, 1]).double()
    torch.testing.assert_close(axes[:, 2], up)
    floor = hits.classes == CLASSES.index("floor")
    normals = camera_normals(hits, view).permute(0, 2, 3, 1)
    for i in range(6):
        expected = torch.stack([-up[i, 1], up[i, 2], -up[i, 0]])
        assert (normals[i][floor[i]] - expected).abs().amax() < 1e-9


def test_turning_the_camera_by_a_quarter_leaves_the_vanishing_label_alone(seen):
    scene, view, hits = seen
    turned = dataclasses.replace(view, yaw=view.yaw + torch.pi / 2)
    picture = torch.zeros(6, 3, 48, 48).double()
    before, after = (labels(picture, hits, scene, v)["vanishing"] for v in (view, turned))
    torch.testing.assert_close(before, after)


def test_moving_the_texture_changes_the_picture_and_no_3d_label():
    scene, view = furnished(4, torch.Generator().manual_seed(1))
    moved = dataclasses.replace(scene, shift=scene.shift + 0.37, contrast=scene.contrast + 0.2)
    one, other = (
        develop(s, view, 32, torch.Generator().manual_seed(2))
        for s in (dataclasses.replace(scene, contrast=scene.contrast + 0.2), moved)
    )
    for name in ("depth", "normal", "reshade", "semantic", "segment", "edge3d", "layout"):
        assert torch.equal(one[name], other[name]), name
    assert (one["rgb"] - other["rgb"]).abs().mean() > 0.005


def test_pictures_depend_on_the_seed_alone():
    first = render(5, 24, seed=7)
    torch.manual_seed(99)
    again = render(5, 24, seed=7)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["rgb"], render(5, 24, seed=8)["rgb"])
    assert first["rgb"].min() >= 0
    assert first["rgb"].max() <= 1


def test_chunks_do_not_change_the_geometry(monkeypatch):
    whole = render(6, 16, seed=0)
    monkeypatch.setattr("cvlib.synth.rooms.CHUNK_PIXELS", 2 * 16 * 16)
    parts = render(6, 16, seed=0)
    torch.testing.assert_close(parts["depth"], whole["depth"])
    assert torch.equal(parts["segment"], whole["segment"])


def test_every_view_shows_furniture_and_depth():
    scene, view = furnished(64, torch.Generator().manual_seed(3))
    assert worth_a_picture(scene, view).all()
    found = render(64, 32, seed=3)
    kinds = [len(ids.unique()) for ids in found["segment"]]
    assert min(kinds) >= 4
    blind = dataclasses.replace(view, pitch=torch.full_like(view.pitch, 1.5))
    assert not worth_a_picture(scene, blind).any()  # the ceiling alone


def test_corners_answer_harris_and_edges_and_planes_do_not():
    corner = torch.zeros(1, 1, 17, 17)
    corner[..., 8:, 8:] = 1
    response = harris(corner)[0, 0]
    row, column = divmod(int(response.argmax()), 17)
    assert 7 <= row <= 9
    assert 7 <= column <= 9
    assert response[14, 8] < 0.05 * response.max()  # on an edge
    assert response[3, 3] == 0


def test_the_lamp_lights_what_faces_it(seen):
    scene, _, hits = seen
    plain = dataclasses.replace(
        scene, contrast=torch.zeros_like(scene.contrast), palette=torch.ones_like(scene.palette)
    )
    rgb = photograph(plain, hits, torch.Generator().manual_seed(0))
    away = ((scene.light[:, None, None] - hits.point) * hits.normal).sum(-1) < 0
    assert (rgb.mean(1)[away] - 0.3).abs().mean() < 0.05
    assert rgb.mean(1)[~away].mean() > 0.4


@pytest.mark.parametrize("fixated", [True, False])
def test_pairs_look_where_their_pose_says(fixated):
    scene, view = furnished(6, torch.Generator().manual_seed(4))
    other = second_view(scene, view, torch.Generator().manual_seed(5), fixated=fixated)
    target = cast(scene, view, 1).point[:, 0, 0]
    ahead = torch.einsum("bji,bj->bi", other.rotation, target - other.position)
    centred = ahead[:, 1:].abs().amax() < 1e-4
    assert bool(centred) == fixated
    pose = relative_pose(view, other)
    back = view.position + torch.einsum("bij,bj->bi", view.rotation, pose[:, :3])
    torch.testing.assert_close(back, other.position, atol=1e-5, rtol=0)
    still = relative_pose(view, View(**vars(view)))
    assert still.abs().max() < 1e-6


def test_rendered_pairs():
    pairs = render_pairs(3, 16, seed=0)
    assert pairs["first"].shape == pairs["second"].shape == (3, 3, 16, 16)
    assert pairs["pose"].shape == (3, 6)
    assert pairs["pose"][:, :3].abs().max() <= 0.9


@pytest.mark.parametrize(("count", "size"), [(0, 32), (4, 4)])
def test_bad_sizes_are_refused(count, size):
    for call in (render, render_pairs):
        with pytest.raises(CourseError, match="cannot render"):
            call(count, size)
