import pytest
import torch

from cvlib.synth.ray_solids import Boxes, Ellipsoids, RoundCones
from cvlib.synth.raycast import (
    NOTHING,
    Camera,
    Moment,
    Plane,
    candidates,
    motion,
    supersampled,
    turn_x,
    turn_y,
)

EYE = torch.eye(3, dtype=torch.float64)


def doubles(*values):
    return torch.tensor(values, dtype=torch.float64)


def camera(rotation=EYE, position=(0.0, 1.5, 0.0), focal=60.0, height=40, width=64):
    return Camera(rotation, doubles(*position), focal, height, width)


def turned(count, seed):
    """Random rotations (count, 3, 3)."""
    draw = torch.Generator().manual_seed(seed)
    angles = torch.rand(count, 2, generator=draw) * 6
    return torch.stack([turn_y(float(a)) @ turn_x(float(b)) for a, b in angles])


def solids():
    """A few of each kind, turned, some overlapping on the screen, one behind the camera."""
    draw = torch.Generator().manual_seed(3)
    groups = []
    for number, kind in enumerate((Boxes, Ellipsoids, RoundCones)):
        place = torch.rand(6, 3, generator=draw, dtype=torch.float64) * doubles(6, 3, 8)
        place = place + doubles(-3, 0, 4)
        place[5, 2] = -6
        size = 0.2 + 0.7 * torch.rand(6, 3, generator=draw, dtype=torch.float64)
        if kind is RoundCones:
            size = torch.stack([size[:, 0] * 1.5, size[:, 1], 0.3 * size[:, 1]], -1)
        groups.append(kind(turned(6, number), place, size))
    return tuple(groups)


GROUND = Plane(doubles(0, 1, 0), 0.0)


def outside(group, which, point):
    """How far points (N, 3) of the world lie outside of one solid (a bound for boxes' corners)."""
    local = (point - group.position[which]) @ group.rotation[which]
    size = group.size[which]
    if isinstance(group, Boxes):
        return (local.abs() - size).amax(-1)
    if isinstance(group, Ellipsoids):
        return (local / size).norm(dim=-1) - 1
    s = torch.linspace(0, 1, 3001, dtype=torch.float64)[:, None]  # all the balls in between
    centre = torch.zeros(len(s), 3, dtype=torch.float64)
    centre[:, 1] = s[:, 0] * size[0]
    radius = size[1] + s * (size[2] - size[1])  # (S, 1)
    return (torch.cdist(centre, local) - radius).amin(0)


@pytest.fixture(scope="module")
def seen():
    moment = Moment(camera(turn_x(0.05)), (GROUND,), solids())
    pixels = moment.camera.pixels()
    return moment, pixels, moment.cast(pixels)


def test_pixels_are_where_their_rays_go():
    eye = camera(turn_y(0.3) @ turn_x(-0.2), (1.0, 2.0, 3.0))
    pixels = eye.pixels() + 0.3
    point = eye.position + 7.5 * eye.rays(pixels)
    place, depth = eye.project(point)
    torch.testing.assert_close(place, pixels, rtol=0, atol=1e-10)
    torch.testing.assert_close(depth, torch.full_like(depth, 7.5))
    far, _ = eye.project(eye.rays(pixels), 0.0)
    torch.testing.assert_close(far, pixels, rtol=0, atol=1e-10)


def test_positive_angles_look_right_and_down():
    ahead = doubles(0, 0, 1)
    assert (turn_y(0.1) @ ahead)[0] > 0
    assert (turn_x(0.1) @ ahead)[1] < 0


def test_every_hit_lies_on_the_solid_that_it_names(seen):
    moment, _, hits = seen
    met = 0
    for kind, group in enumerate(moment.solids):
        for which in range(len(group)):
            mine = hits.surface == 1 + 6 * kind + which
            met += bool(mine.any())
            if mine.any():
                off = outside(group, which, hits.point[mine])
                assert off.abs().max() < 2e-6, (kind, which)
    assert met >= 12, "most of the solids must be seen, or this test says little"


def test_nothing_stands_between_the_camera_and_a_hit(seen):
    moment, pixels, hits = seen
    direction = moment.camera.rays(pixels)
    depth = torch.where(hits.surface == NOTHING, 60.0, hits.depth)
    for share in (0.2, 0.5, 0.8, 0.95, 0.999):
        point = moment.camera.position + share * depth[:, None] * direction
        assert (point[:, 1] > -1e-9).all()
        for group in moment.solids:
            for which in range(len(group)):
                assert outside(group, which, point).min() > -1e-6


def test_a_screen_box_loses_no_hit(seen):
    moment, pixels, hits = seen
    direction = moment.camera.rays(pixels)
    for kind, group in enumerate(moment.solids):
        for which in range(len(group)):
            all_of_it = torch.full((len(pixels),), which)
            t = group.hit(moment.camera.position, direction, all_of_it)
            assert (hits.depth <= t).all(), (kind, which)


def test_corners_hold_their_solids(seen):
    moment, _, hits = seen
    for kind, group in enumerate(moment.solids):
        for which in range(len(group)):
            corners = group.corners()[which]  # (8, 3), in the order of the signs
            edges = corners[[4, 2, 1]] - corners[0]
            inside = (hits.point[hits.surface == 1 + 6 * kind + which] - corners[0]) @ edges.T
            share = inside / edges.square().sum(1)  # along each edge, from 0 to 1
            assert ((share > -1e-9) & (share < 1 + 1e-9)).all()
    cone = RoundCones(EYE[None], doubles(0, 0, 0)[None], doubles(2.0, 0.5, 0.2)[None])
    assert cone.corners().amax(1)[0].tolist() == [0.5, 2.5, 0.5]


def test_culling_pays(seen):
    moment, pixels, _ = seen
    pixel, which = candidates(moment.camera, moment.solids[0], pixels)
    assert len(pixel) < 0.5 * len(pixels) * len(moment.solids[0])
    assert 5 not in which, "what is all behind the camera is never tried"


def test_a_solid_around_the_near_plane_is_still_seen():
    wall = Boxes(EYE[None], doubles(1.0, 1.5, 2.0)[None], doubles(0.2, 3.0, 9.0)[None])
    moment = Moment(camera(), (), (wall,))
    hits = moment.cast(moment.camera.pixels())
    share = (hits.surface == 0).double().mean()
    assert 0 < share < 0.5, "the wall begins behind the camera and fills its right side"


def test_normals_are_the_surfaces_and_face_the_camera(seen):
    moment, pixels, hits = seen
    normal = moment.normals(hits)
    direction = moment.camera.rays(pixels)
    met = hits.surface != NOTHING
    torch.testing.assert_close(normal[met].norm(dim=-1), torch.ones(int(met.sum())).double())
    assert ((normal * direction).sum(-1)[met] < 1e-9).all()
    for kind, group in enumerate(moment.solids[1:], start=1):  # boxes have no gradient at edges
        for which in range(len(group)):
            mine = hits.surface == 1 + 6 * kind + which
            if mine.any():
                a, b = (
                    outside(group, which, hits.point[mine] + step * normal[mine])
                    for step in (-1e-3, 1e-3)
                )
                assert (b > a).all()
                tangent = torch.linalg.cross(normal[mine], doubles(0.3, 0.5, 0.8).expand(1, 3))
                c = outside(group, which, hits.point[mine] + 1e-3 * tangent)
                assert (c.abs() < 0.1 * (b - a)).all(), "along the surface nothing changes"


def test_a_plane_is_only_where_it_is_covered():
    house = Plane(doubles(0, 0, 1), 10.0, lambda p: (p[:, 0] > 0) & (p[:, 1] > 0))
    moment = Moment(camera(), (house,), ())
    hits = moment.cast(moment.camera.pixels())
    met = hits.surface == 0
    assert (hits.point[met][:, 0] > 0).all()
    torch.testing.assert_close(hits.depth[met], torch.full_like(hits.depth[met], 10))
    assert met.double().mean() < 0.5
    assert (hits.surface[~met] == NOTHING).all()


def test_nothing_moves_if_nothing_moves(seen):
    moment, pixels, hits = seen
    flow, visible = motion(pixels, hits, moment, moment)
    assert flow.abs().max() < 1e-9
    assert visible.all()


def test_forward_motion_expands_from_the_vanishing_point(seen):
    moment, pixels, hits = seen
    step = 0.4
    behind = moment.camera.position - step * turn_x(0.05)[:, 2]
    earlier = camera(turn_x(0.05), behind)
    flow, _ = motion(pixels, hits, moment, Moment(earlier, moment.planes, moment.solids))
    met = hits.surface != NOTHING
    away = pixels - moment.camera.centre
    right = -away * (step / (hits.depth + step))[:, None]
    torch.testing.assert_close(flow[met], right[met], rtol=0, atol=1e-9)
    assert flow[~met].abs().max() < 1e-9, "the sky is too far to move"


def test_yaw_moves_the_sky_by_its_homography():
    eye = camera(turn_x(-0.5))
    now = Moment(eye, (), ())
    turn = 0.03
    before = Moment(camera(turn_y(turn) @ turn_x(-0.5)), (), ())
    pixels = eye.pixels()
    flow, visible = motion(pixels, now.cast(pixels), now, before)

    K = torch.diag(doubles(eye.focal, -eye.focal, 1))
    K[:2, 2] = eye.centre
    H = K @ (turn_y(turn) @ turn_x(-0.5)).T @ turn_x(-0.5) @ K.inverse()
    there = torch.cat([pixels, torch.ones(len(pixels), 1)], -1) @ H.T
    torch.testing.assert_close(flow, there[:, :2] / there[:, 2:] - pixels, rtol=0, atol=1e-9)
    torch.testing.assert_close(visible, eye.frames(pixels + flow))
    assert 0 < (~visible).sum() < 0.1 * len(visible)


def test_points_ride_on_a_turning_solid():
    box = doubles(1, 1, 1)[None]
    now = Moment(camera(), (), (Boxes(turn_y(0.4)[None], doubles(0, 1.5, 6)[None], box),))
    before = Moment(camera(), (), (Boxes(turn_y(0.1)[None], doubles(0.3, 1.5, 6)[None], box),))
    pixels = now.camera.pixels()
    hits = now.cast(pixels)
    mine = hits.surface == 0
    flow, visible = motion(pixels, hits, now, before)

    local = (hits.point[mine] - doubles(0, 1.5, 6)) @ turn_y(0.4)
    place, _ = now.camera.project(local @ turn_y(0.1).T + doubles(0.3, 1.5, 6))
    torch.testing.assert_close(flow[mine], place - pixels[mine], rtol=0, atol=1e-9)
    assert 0 < (~visible[mine]).sum() < mine.sum(), "a side has turned into view"


def test_what_a_box_uncovers_was_hidden_and_nothing_else():
    wall = Plane(doubles(0, 0, 1), 12.0)
    size = doubles(1.0, 1.0, 0.1)[None]
    now = Moment(camera(), (wall,), (Boxes(EYE[None], doubles(0.5, 1.5, 6.0)[None], size),))
    before = Moment(camera(), (wall,), (Boxes(EYE[None], doubles(0.0, 1.5, 6.0)[None], size),))
    pixels = now.camera.pixels()
    hits = now.cast(pixels)
    _, visible = motion(pixels, hits, now, before)

    hidden_then = before.cast(pixels).surface == 1
    shown_now = hits.surface == 0
    torch.testing.assert_close(~visible, hidden_then & shown_now)
    assert (~visible).sum() > 20


def test_sub_pixels_are_centred():
    pixels = camera().pixels()
    inside = supersampled(pixels, 3).reshape(9, -1, 2)
    torch.testing.assert_close(inside.mean(0), pixels)
    assert (inside - pixels).abs().max() < 0.5
