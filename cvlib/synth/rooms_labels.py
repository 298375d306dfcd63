"""The labels of rendered rooms: exact ones from the hits, image-based ones from the picture."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.synth.rooms_cast import Hits, Scene, View

CREASE = 0.5  # change of the normal between neighbours that counts as an edge


def labels(rgb: Tensor, hits: Hits, scene: Scene, view: View) -> dict[str, Tensor]:
    """All labels by name; maps are (B, C, H, W) floats or (B, H, W) int64, vectors (B, n).

    depth: log z-depth in metres. distance: log distance. normal: right, up, towards the camera.
    reshade: brightness under a lamp at the camera. curvature: 1/m. edge3d, edge2d, keypoint2d,
    keypoint3d: responses. segment: ids. semantic: classes. vanishing: (cos 4ψ, sin 4ψ, pitch).
    layout: log metres to floor, ceiling and the farthest point.
    """
    normal = camera_normals(hits, view)
    segment = hits.ids
    return {
        "depth": (hits.distance * hits.cosine).log()[:, None],
        "distance": hits.distance.log()[:, None],
        "normal": normal,
        "reshade": -(hits.normal * hits.ray).sum(-1)[:, None],
        "curvature": hits.curvature[:, None],
        "edge3d": occlusion_edges(segment, normal),
        "edge2d": texture_edges(rgb),
        "keypoint2d": harris(rgb.mean(1, keepdim=True)),
        "keypoint3d": harris(normal),
        "segment": segment,
        "semantic": hits.classes,
        "vanishing": vanishing(view),
        "layout": layout(hits, scene, view),
    }


def camera_normals(hits: Hits, view: View) -> Tensor:
    """Unit normals (B, 3, H, W) as right, up, towards the camera."""
    local = torch.einsum("bji,bhwj->bhwi", view.rotation, hits.normal)
    forward, left, up = local.unbind(-1)
    return torch.stack([-left, up, -forward], 1)


def occlusion_edges(segment: Tensor, normal: Tensor) -> Tensor:
    """(B, 1, H, W) of 0 and 1: the id or the normal changes to the right or below."""
    other = _changes(segment[:, None].float()) > 0
    crease = _changes(normal) > CREASE
    return (other | crease).float()


def texture_edges(rgb: Tensor) -> Tensor:
    """Sobel's gradient magnitude of the grey picture, (B, 1, H, W)."""
    across, down = _gradients(rgb.mean(1, keepdim=True))
    return (across.square() + down.square()).sqrt()


def harris(maps: Tensor, k: float = 0.05) -> Tensor:
    """Harris' corner response of a map (B, C, H, W), its channels summed, as a root: (B, 1, H, W).

    det(M) - k trace(M)² of the structure tensor M over 5x5 pixels, negative values cut off.
    """
    across, down = _gradients(maps)

    def pooled(product: Tensor) -> Tensor:
        return F.avg_pool2d(product.sum(1, keepdim=True), 5, 1, 2, count_include_pad=False)

    xx, yy, xy = pooled(across.square()), pooled(down.square()), pooled(across * down)
    response = xx * yy - xy.square() - k * (xx + yy).square()
    return response.clamp(min=0).sqrt()


def vanishing(view: View) -> Tensor:
    """(B, 3): cos 4ψ, sin 4ψ and pitch of the camera.

    A box room looks the same after a quarter turn, so only four times the yaw can be seen.
    """
    return torch.stack([(4 * view.yaw).cos(), (4 * view.yaw).sin(), view.pitch], -1)


def layout(hits: Hits, scene: Scene, view: View) -> Tensor:
    """(B, 3): log metres from the camera down to the floor, up to the ceiling, to the farthest."""
    height = view.position[:, 2]
    farthest = hits.distance.flatten(1).amax(1)
    return torch.stack([height, scene.size[:, 2] - height, farthest], -1).log()


def _changes(maps: Tensor) -> Tensor:
    """Summed absolute differences to the right and to the lower neighbour, (B, 1, H, W)."""
    right = (maps[..., 1:] - maps[..., :-1]).abs().sum(1, keepdim=True)
    below = (maps[..., 1:, :] - maps[..., :-1, :]).abs().sum(1, keepdim=True)
    return F.pad(right, (0, 1)) + F.pad(below, (0, 0, 0, 1))


def _gradients(maps: Tensor) -> tuple[Tensor, Tensor]:
    """Sobel's derivatives to the right and downwards, each like `maps`."""
    channels = maps.shape[1]
    kernel = torch.tensor([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]).to(maps) / 8
    padded = F.pad(maps, (1, 1, 1, 1), mode="replicate")
    across = F.conv2d(padded, kernel.expand(channels, 1, 3, 3), groups=channels)
    down = F.conv2d(padded, kernel.T.expand(channels, 1, 3, 3), groups=channels)
    return across, down
