import math

import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.synth import kept_clips as keeping
from cvlib.synth.clip import Clip, film, instance_edges, stacked
from cvlib.synth.raycast import NOTHING, Camera, Moment, motion
from cvlib.synth.street import (
    ASPHALT,
    CAR,
    CLASSES,
    SKY,
    draw_street,
    repainted,
    street_clip,
    street_set,
)
from cvlib.synth.street_parts import BODIES, CARS, WHEELS, solids
from cvlib.video.flow import fb_consistency, warp

SIZE = (64, 128)


@pytest.fixture(scope="module")
def clips():
    """Four short drives: seed 0 with traffic that passes."""
    return [street_clip(seed, 4, SIZE) for seed in range(4)]


def psnr(error, where):
    """Of values in [-1, 1]; `where` (T, 1, H, W) bool."""
    mean = error.square()[where.expand_as(error)].mean()
    return float(10 * torch.log10(4 / mean))


def test_the_past_frame_explains_this_one_where_it_was_visible(clips):
    inner = []
    for clip in clips:
        before, now = clip.rgb[:-1], clip.rgb[1:]
        error = warp(before, clip.flow[1:]) - now
        visible = clip.visible[1:]
        edge = instance_edges(clip.instances[1:] * 10 + clip.labels[1:])[:, None].bool()
        inner.append(psnr(error, visible & ~edge))
        copied = psnr(before - now, torch.ones_like(visible))
        assert inner[-1] > max(31, copied + 8)
        assert psnr(error, visible) > psnr(error, torch.ones_like(visible))


def test_few_pixels_are_hidden_and_the_motion_is_that_of_a_drive(clips):
    hidden = torch.stack([(~clip.visible[1:]).float().mean() for clip in clips])
    speed = torch.stack([clip.flow[1:].norm(dim=1).mean() for clip in clips])
    assert ((hidden > 0.005) & (hidden < 0.06)).all()
    assert ((speed > 1) & (speed < 5)).all()


def test_nothing_moves_for_a_camera_at_rest_among_parked_cars():
    street = draw_street(0, SIZE)
    now = street.moment(3)
    pixels = now.camera.pixels()
    flow, visible = motion(pixels, now.cast(pixels), now, street.moment(3))
    assert flow.abs().max() < 1e-9
    assert visible.all()


def test_the_static_street_expands_from_where_the_drive_leads():
    street = draw_street(1, SIZE)
    now = street.moment(2)
    rotation, place = now.camera.rotation, now.camera.position
    step = 0.5
    earlier = place - step * rotation[:, 2]
    camera = Camera(rotation, earlier, now.camera.focal, *SIZE)
    pixels = now.camera.pixels()
    hits = now.cast(pixels)
    flow, _ = motion(pixels, hits, now, Moment(camera, now.planes, now.solids))

    depth = torch.where(hits.surface == NOTHING, math.inf, hits.depth)[:, None]
    right = -(pixels - now.camera.centre) * step / (depth + step)
    assert (flow - right).abs().max() < 1e-4


def test_ground_depth_follows_from_the_row():
    street = draw_street(2, SIZE)
    now = street.moment(0)
    level = Camera(torch.eye(3).double(), now.camera.position, now.camera.focal, *SIZE)
    pixels = level.pixels()
    hits = Moment(level, now.planes, ()).cast(pixels)
    ground = hits.surface == 0
    below = pixels[ground, 1] - level.centre[1]
    torch.testing.assert_close(hits.depth[ground], level.focal * level.position[1] / below)


def test_cars_move_by_their_own_speed():
    street = draw_street(0, SIZE)
    now, before = street.moment(8), street.moment(7)
    pixels = now.camera.pixels()
    hits = now.cast(pixels)
    labels, instances = street.names(now, hits)
    flow, _ = motion(pixels, hits, now, before)
    seen = instances[labels == CAR].unique()
    assert len(seen) >= 2
    for number in seen.tolist():
        mine = (instances == number) & (labels == CAR)
        step = torch.zeros(3).double()
        step[2] = street.parts.car_speed[number - 1] / 10
        place, _ = before.camera.project(hits.point[mine] - step)
        torch.testing.assert_close(pixels[mine] + flow[mine], place, rtol=0, atol=1e-9)


def test_a_car_stands_on_four_wheels_and_drives_lamps_first():
    street = draw_street(0, SIZE)
    groups = solids(street.parts, 1.5)
    wheels = groups[WHEELS].position.reshape(4, CARS, 3)  # four corners of all cars
    body = groups[BODIES]
    torch.testing.assert_close(wheels.mean(0)[:, ::2], body.position[:, ::2])
    assert len({tuple(corner) for corner in (wheels[:, 0] - body.position[0]).tolist()}) == 4
    torch.testing.assert_close(wheels[..., 1], groups[WHEELS].size[0, 1].expand(4, CARS))
    assert (body.rotation[:, 2, 2] == street.parts.car_speed.sign()).all()


def test_there_and_back_again():
    street = draw_street(0, SIZE)
    now, before = street.moment(6), street.moment(5)
    pixels = now.camera.pixels()
    back, visible = motion(pixels, now.cast(pixels), now, before)
    there, _ = motion(pixels, before.cast(pixels), before, now)
    maps = [f.T.reshape(1, 2, *SIZE).float() for f in (back, there)]
    around = (maps[0] + warp(maps[1], maps[0])).norm(dim=1).flatten()  # (H W,)
    assert around[visible].median() < 2e-3
    assert around[~visible].median() > 0.5

    guess = fb_consistency(*maps).flatten() < 0.5
    both = (guess & ~visible).sum()
    either = (guess | ~visible).sum()
    assert 0.3 < both / either < 0.9, "a good detector of occlusion, and not the truth"


def test_names_are_those_of_the_scene(clips):
    clip = clips[0]
    assert set(clip.labels.unique().tolist()) == set(range(len(CLASSES)))
    assert (clip.instances[(clip.labels == SKY) | (clip.labels == ASPHALT)] == 0).all()
    assert (clip.instances[clip.labels == CAR] > 0).all()
    assert (clip.instances[clip.labels == CAR] <= 4).all()
    assert clip.depth[clip.labels == SKY].isinf().all()
    assert clip.depth[clip.labels != SKY].isfinite().all()


def test_instances_keep_their_number_over_time(clips):
    clip = clips[0]
    before, now = clip.instances[:-1], clip.instances[1:]
    followed = warp(before[:, None].double(), clip.flow[1:].double())[:, 0]
    sure = clip.visible[1:, 0] & ~instance_edges(now).bool()
    agree = (followed - now).abs() < 0.5
    assert agree[sure].float().mean() > 0.97


def test_the_look_is_not_in_the_labels():
    street = draw_street(0, SIZE)
    plain = film(street, 1)
    red = film(repainted(street, 1, (0.9, 0.1, 0.1)), 1)
    torch.testing.assert_close(plain.labels, red.labels)
    changed = (plain.rgb != red.rgb).any(1)
    assert changed.any()
    near = torch.nn.functional.max_pool2d((plain.instances == 1).float(), 3, 1, 1).bool()
    assert near[changed].all(), "only the car changes"


def test_a_seed_is_a_street(clips):
    torch.testing.assert_close(street_clip(2, 4, SIZE).rgb, clips[2].rgb, rtol=0, atol=0)
    assert not torch.equal(clips[2].rgb, clips[3].rgb)
    torch.testing.assert_close(clips[2][:2].rgb, street_clip(2, 2, SIZE).rgb, rtol=0, atol=0)


def test_colours_do_not_flicker_where_nothing_happens(clips):
    for clip in clips:
        assert clip.rgb.min() >= -1
        assert clip.rgb.max() <= 1
        assert 0.15 < clip.rgb.std() < 0.8


def test_kept_clips_are_the_cast_ones(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = street_set([3, 5], 2, (16, 32))
    direct = stacked([street_clip(seed, 2, (16, 32)) for seed in (3, 5)])
    assert first.rgb.shape == (2, 2, 3, 16, 32)
    assert (first.rgb - direct.rgb).abs().max() <= 1 / 255 + 1e-6
    assert (first.flow - direct.flow).abs().max() < 0.02
    for name in ("labels", "instances", "visible"):
        torch.testing.assert_close(getattr(first, name), getattr(direct, name))

    def no_casting(*args):
        raise AssertionError("the kept clips should do")

    monkeypatch.setattr("cvlib.synth.street.street_clip", no_casting)
    again = street_set([3, 5], 2, (16, 32))
    torch.testing.assert_close(again.rgb, first.rgb, rtol=0, atol=0)
    with pytest.raises(AssertionError):
        street_set([3, 6], 2, (16, 32))
    monkeypatch.setattr(keeping, "_code", lambda: b"another renderer")
    with pytest.raises(AssertionError):
        street_set([3, 5], 2, (16, 32))


def test_clips_move_together():
    clip = street_clip(0, 2, (16, 32))
    assert len(clip) == 2
    assert isinstance(clip.to("cpu"), Clip)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: street_clip(0, 0, SIZE), "at least one frame"),
        (lambda: street_clip(0, 1, (4, 64)), "8 pixels"),
        (lambda: repainted(draw_street(0, SIZE), 9, (1, 0, 0)), "no car 9"),
        (lambda: stacked([street_clip(0, 1, (8, 16)), street_clip(0, 2, (8, 16))]), "share"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(make, words):
    with pytest.raises(CourseError, match=words):
        make()
