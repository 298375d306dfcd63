"""The procedural face: its oracles, and the two faults that such a renderer falls into."""

import itertools
import math
from dataclasses import replace

import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.faces.aus import NUMBERS, PLACE, UNITS, expression
from cvlib.faces.canvas import Canvas, Muscles
from cvlib.faces.eyes import lids_of
from cvlib.faces.identity import sample_identities
from cvlib.faces.mouth import mouth_of
from cvlib.faces.render import HEAD, TIGHT, change_mask, render_face

SIZE = 96


def people(n=4, seed=0):
    return sample_identities(n, torch.Generator().manual_seed(seed))


def shown(face, strengths, size=SIZE, framing=HEAD):
    aus = expression(strengths).expand(len(face), -1)
    return render_face(face, aus, size, framing)


def test_pictures_are_the_same_for_the_same_seed_and_lie_in_the_unit_range():
    one, two = shown(people(), {12: 0.5}), shown(people(), {12: 0.5})
    assert torch.equal(one, two)
    assert one.shape == (4, 3, SIZE, SIZE)
    assert one.min() >= 0
    assert one.max() <= 1
    assert not torch.equal(one, shown(people(seed=1), {12: 0.5}))


@pytest.mark.parametrize("unit", UNITS, ids=lambda u: u.name)
def test_a_unit_changes_nothing_outside_its_box(unit):
    face = people(12, seed=5)
    canvas = Canvas(face, SIZE, *HEAD)
    left, top, right, bottom = unit.box
    x, y = canvas.side, canvas.y
    allowed = (x >= left) & (x <= right) & (y >= top) & (y <= bottom)
    for others in ({}, {26: 1.0, 25: 1.0}):
        before = shown(face, {**others, unit.number: 0.0})
        after = shown(face, {**others, unit.number: 1.0})
        change = (after - before).abs().amax(1)
        assert change[~allowed].max() < 1e-3, f"{unit.name} leaks"
        if others == {}:
            assert change.amax((1, 2)).min() > 0.02, f"{unit.name} is not seen on somebody"


def test_a_smile_does_not_move_the_brows():
    face = people(12)
    canvas = Canvas(face, SIZE, *HEAD)
    above = canvas.y < face.eye_y[:, None, None] - 0.08
    change = (shown(face, {12: 1.0}) - shown(face, {})).abs().amax(1)
    assert change[above].max() < 1e-3


def test_no_faint_line_goes_on_beyond_mouth_and_brows():
    """Clamped coordinates leak: where both lips meet, half of the mask would remain."""
    face = people(12)
    redder = replace(face, lip_red=1 - face.lip_red)
    canvas = Canvas(face, SIZE, *HEAD)
    beyond_mouth = canvas.side > (face.mouth_width * 1.3 + 0.08)[:, None, None]
    for strengths in ({}, {26: 1.0, 25: 1.0}):
        change = (shown(face, strengths) - shown(redder, strengths)).abs().amax(1)
        assert change[beyond_mouth].max() < 1e-3
    thicker = replace(face, brow_thickness=2 * face.brow_thickness)
    beyond_brow = canvas.side > (face.eye_x + face.brow_length + 0.16)[:, None, None]
    change = (shown(face, {}) - shown(thicker, {})).abs().amax(1)
    assert change[beyond_brow].max() < 1e-3


def bright_people(n):
    """People on whom nothing is dark but what is meant to be."""
    face = people(n)
    light = torch.full((n, 3), 0.8)
    return replace(face, skin=light, iris=light, hair=light, cloth=light, back_0=light,
                   back_1=light, ambient=torch.full((n,), 0.8), beard=torch.zeros(n))  # fmt: skip


def test_a_dropped_jaw_opens_a_mouth_only_when_the_lips_part():
    face = bright_people(8)
    canvas = Canvas(face, 192, *HEAD)
    mouth = (canvas.side < 0.15) & (canvas.y > 0.26) & (canvas.y < 0.70)

    def dark(strengths):
        green = shown(face, strengths, 192)[:, 1]
        return ((green < 0.12) & mouth).float().sum((1, 2))

    areas = [dark({25: s, 26: s}) for s in (0.0, 0.5, 0.75, 1.0)]
    assert areas[0].max() == 0
    for less, more in itertools.pairwise(areas):
        assert (more >= less).all()
    assert areas[-1].min() > 20
    assert (dark({26: 1.0}) < 0.1 * areas[-1]).all(), "closed lips hide a dropped jaw"


def test_muscles_move_what_they_are_named_after():
    face = people(8)

    def mouth(strengths):
        return mouth_of(face, Muscles(expression(strengths).expand(8, -1)))

    def lids(strengths):
        return lids_of(face, Muscles(expression(strengths).expand(8, -1)))

    neutral = mouth({})
    heights = [mouth({12: s}).corner_y for s in (0.0, 0.3, 0.6, 1.0)]
    assert all((low > high).all() for low, high in itertools.pairwise(heights))
    assert (mouth({15: 1.0}).corner_y > neutral.corner_y).all(), "corners go down: y grows"
    assert (mouth({20: 1.0}).corner_x > neutral.corner_x).all()
    assert (mouth({23: 1.0}).corner_x < neutral.corner_x).all()

    def opening(strengths):
        return lids(strengths).lower - lids(strengths).upper

    assert (opening({5: 1.0}) > opening({})).all()
    assert (opening({7: 1.0}) < opening({})).all()
    assert (opening({45: 1.0}).abs() < 0.3 * opening({})).all()


def test_the_white_of_the_eyes_shrinks_as_they_close():
    face = people(8)
    brown = torch.full((8, 3), 0.35)
    face = replace(face, skin=brown, hair=brown, back_0=brown, back_1=brown, cloth=brown)
    areas = [(shown(face, {45: s}, 192).amin(1) > 0.6).float().sum((1, 2)) for s in (0, 0.5, 1)]
    assert (areas[0] > areas[1]).all()
    assert (areas[1] >= areas[2]).all()
    assert (areas[2] < 0.1 * areas[0]).all()


def test_what_the_mask_leaves_out_is_the_same_person():
    face = people(6)
    before, after = shown(face, {}), shown(face, {12: 1.0, 4: 1.0})
    mask = change_mask(before, after, 0.05)
    assert 0.005 < mask.float().mean() < 0.25
    assert (before - after).abs().amax(1)[~mask].max() <= 0.05
    assert not change_mask(before, before).any()


def test_gradients_reach_every_unit_and_stay_finite():
    face = people(3)
    for level in (0.0, 0.4, 0.9):
        aus = torch.full((3, 17), level, requires_grad=True)
        picture = render_face(face, aus, 64)
        weights = torch.randn(picture.shape, generator=torch.Generator().manual_seed(0))
        (picture * weights).sum().backward()
        assert aus.grad.isfinite().all()
        silent = [n for n in NUMBERS if not (aus.grad[:, PLACE[n]] != 0).any()]
        assert silent == []


def test_the_slope_is_what_finite_differences_say():
    face = people(2)
    face = replace(face, **{k: getattr(face, k).double() for k in face.__dataclass_fields__})
    aus = torch.full((2, 17), 0.5, dtype=torch.float64, requires_grad=True)
    render_face(face, aus, 32).square().sum().backward()
    step = torch.zeros_like(aus)
    step[:, PLACE[12]] = 1e-6
    with torch.no_grad():
        up = render_face(face, aus + step, 32).square().sum()
        down = render_face(face, aus - step, 32).square().sum()
    got = aus.grad[:, PLACE[12]].sum()
    assert got.item() == pytest.approx((up - down).item() / 2e-6, rel=1e-3)


def test_an_upright_face_lit_from_the_front_is_symmetric():
    face = people(4)
    zero = torch.zeros(4)
    plain = torch.full((4, 3), 0.5)
    face = replace(face, turn=zero, shift_x=zero, light_x=zero, back_0=plain, back_1=plain,
                   phase=zero)  # fmt: skip
    picture = shown(face, {1: 0.5, 12: 0.7, 45: 0.3})
    difference = (picture - picture.flip(3)).abs().amax(1)
    off_the_nose = Canvas(face, SIZE, *HEAD).side > 0.12
    assert difference[off_the_nose].max() < 1e-4, "units are symmetric: a flip changes none"


@pytest.mark.parametrize(
    ("aus", "sentence"),
    [
        (torch.full((4, 17), 1.5), "outside \\[0, 1\\]"),
        (torch.full((4, 17), math.nan), "outside \\[0, 1\\]"),
        (torch.zeros(4, 12), "a row of 17"),
        (torch.zeros(17), "a row of 17|make 17 expressions"),
        (torch.zeros(3, 17), "4 people make 3 expressions"),
    ],
)
def test_what_is_no_expression_is_refused_in_a_sentence(aus, sentence):
    with pytest.raises(CourseError, match=sentence):
        render_face(people(), aus, 32, TIGHT)
