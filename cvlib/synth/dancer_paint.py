"""The dancer's colours: striped shirt, woven trousers, a face, and light on all of it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.synth.dancer_body import CLOTHS, HEAD_SIZE, RGB, Body, Figure
from cvlib.synth.raycast import Camera, Hits, Moment
from cvlib.synth.textures import bandlimit, soft_pulse, value_noise

LIGHT = (0.45, 0.72, -0.53)  # towards the lamp, in the world: above, to the right, in front
AMBIENT, DIFFUSE = 0.5, 0.55
STRIPES = 2  # a bone of the trunk
WEAVE = 0.03  # metres
HEM = 0.25  # of the lowest bone of the trunk: below it are trousers
FAR = 9.0  # bones: beyond every end
BARE = {"sleeve": 0.62, "shin": 0.86}  # from this share of the bone on, the skin shows
WHITE, IRIS, PUPIL, LIPS = (
    (0.97, 0.97, 0.95),
    (0.3, 0.42, 0.35),
    (0.06, 0.05, 0.05),
    (0.7, 0.27, 0.27),
)


def paint(body: Body, figure: Figure, moment: Moment, hits: Hits) -> Tensor:
    """The colours (N, 3) in [0, 1] of N hits on the figure."""
    local = moment.local(hits.surface, hits.point)  # (N, 3)
    footprint = hits.depth / moment.camera.focal  # (N,), metres that a pixel covers
    cloth = figure.cloth[hits.surface]  # (N,)
    albedo = torch.zeros_like(local)
    for number, name in enumerate(CLOTHS):
        mine = cloth == number
        if mine.any():
            where = local[mine], figure.size[hits.surface[mine]], footprint[mine]
            albedo[mine] = _cloth(body, name, *where)
    return lit(albedo, moment.normals(hits), hits, moment.camera)


def lit(albedo: Tensor, normal: Tensor, hits: Hits, camera: Camera) -> Tensor:
    """Colours (N, 3) under ambient light and a lamp; flanks seen at a slant are darker."""
    lamp = F.normalize(torch.tensor(LIGHT, dtype=torch.float64), dim=0)
    towards = F.normalize(camera.position - hits.point, dim=1)  # (N, 3)
    diffuse = (normal @ lamp).clamp(min=0)
    slant = 1 - (normal * towards).sum(1).clamp(0, 1)
    shade = AMBIENT + DIFFUSE * diffuse - 0.2 * slant**3
    return (albedo * shade[:, None]).clamp(0, 1)


def _cloth(body: Body, name: str, local: Tensor, size: Tensor, footprint: Tensor) -> Tensor:
    """The colour (N, 3) of one cloth at points (N, 3) of solids of sizes (N, 3)."""
    height = local[:, 1] / size[:, 0]  # (N,): 0 at a bone's start, 1 at its end
    soft = footprint / size[:, 0] + 1e-3
    if name == "face":
        return _face(body, local, footprint)
    if name in ("waist", "shirt", "sleeve"):
        color = _shirt(body, local, height, soft)
    elif name in ("trousers", "shin"):
        color = _trousers(body, local, footprint)
    else:
        color = _flat(getattr(body, name), local)
    if name == "waist":
        return _over(color, body.trousers, soft_pulse(height, -FAR, HEM, soft))
    bare = BARE.get(name, FAR)
    return _over(color, body.skin, soft_pulse(height, bare, FAR, soft))


def _shirt(body: Body, local: Tensor, height: Tensor, soft: Tensor) -> Tensor:
    """Stripes around the bone, (N, 3); they fade where a pixel spans them."""
    phase = torch.remainder(height * STRIPES + 0.25, 1.0)
    band = soft_pulse(phase, 0.0, 0.45, STRIPES * soft)
    return _over(_flat(body.shirt, local), body.stripe, band * bandlimit(1.0, STRIPES * soft))


def _trousers(body: Body, local: Tensor, footprint: Tensor) -> Tensor:
    """Worn cloth, (N, 3): noise around the leg and along it."""
    around = torch.atan2(local[:, 0], local[:, 2])
    wear = value_noise(6 * around + 40, local[:, 1] / WEAVE, 11) - 0.5
    light = 1 + 0.3 * wear * bandlimit(WEAVE, footprint)
    return _flat(body.trousers, local) * light[:, None]


def _face(body: Body, local: Tensor, footprint: Tensor) -> Tensor:
    """Eyes, brows, lips and cheeks (N, 3) on the front of the head."""
    color = _flat(body.skin, local)
    x, y, z = local.unbind(1)
    front = (z > 0).double()

    def spot(cx: float, cy: float, rx: float, ry: float) -> Tensor:
        """1 inside an ellipse on the face, with a border as soft as a pixel is wide: (N,)."""
        radius = (((x - cx) / rx).square() + ((y - cy) / ry).square()).sqrt()
        border = footprint / min(rx, ry)
        return front * ((1 - radius) / border + 0.5).clamp(0, 1)

    for side in (-1.0, 1.0):
        eye = 0.031 * side
        blush = 0.22 * spot(0.043 * side, -0.026, 0.02, 0.014)
        color = _over(color, LIPS, blush)
        color = _over(color, WHITE, spot(eye, 0.02, 0.0165, 0.0095))
        color = _over(color, IRIS, spot(eye, 0.02, 0.0085, 0.0088))
        color = _over(color, PUPIL, spot(eye, 0.02, 0.0042, 0.0042))
        color = _over(color, body.hair, spot(eye, 0.043, 0.02, 0.0045))
    y = y - 9 * x.square()  # a smile: the corners of the mouth are up
    color = _over(color, LIPS, spot(0.0, -0.06, 0.028, 0.0085))
    color = _over(color, WHITE, spot(0.0, -0.059, 0.022, 0.003))
    chin = 0.12 * (-y / HEAD_SIZE[1]).clamp(0, 1)
    return color * (1 - chin)[:, None]


def _flat(color: RGB, like: Tensor) -> Tensor:
    return torch.tensor(color, dtype=torch.float64).expand_as(like)


def _over(below: Tensor, color: RGB, alpha: Tensor) -> Tensor:
    """`color` laid over the colours `below` (N, 3) with opacity `alpha` (N,)."""
    return torch.lerp(below, _flat(color, below), alpha[:, None])
