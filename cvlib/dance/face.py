"""The face: where it is, cut out and put back, and a generator that only adds a correction."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.course.errors import CourseError
from cvlib.dance.nets import Residual, block
from cvlib.dance.placing import EARS, middle
from cvlib.dance.skeleton import BODY21, Skeleton
from cvlib.dance.smoothing import gaussian


def face_boxes(
    keypoints: Tensor, size: int, height: int, width: int,
    skeleton: Skeleton = BODY21, sigma: float = 1.5,
) -> Tensor:  # fmt: skip
    """The top left corners (T, 2), row and column, of boxes of one size around the head.

    The centre of keypoints (T, K, 3) is the nose, else the middle of the ears, else where the head
    was last; smoothed over `sigma` frames, so that the box does not jump. Boxes lie wholly inside
    the frame. Raises `CourseError` when no frame shows a head or a box does not fit.
    """
    if size > min(height, width):
        raise CourseError(f"a face box of {size} pixels does not fit into {height}x{width}")
    nose, seen = middle(keypoints, skeleton.index("nose"))
    ears, heard = middle(keypoints, skeleton.index(*EARS))
    center = torch.where(seen[:, None], nose, ears)  # (T, 2): x, y
    trust = (seen | heard)[:, None]  # (T, 1)
    if not trust.any():
        raise CourseError("no frame shows a nose or an ear: there is no face to cut out")

    track = torch.cat([center, trust.to(center)], dim=1)[:, None]  # (T, 1, 3)
    track = _held(track)
    track = gaussian(track, sigma)[:, 0]  # (T, 3)
    corner = (track[:, [1, 0]] - (size - 1) / 2).round().long()  # row, column
    limit = torch.tensor([height - size, width - size], device=corner.device)
    return torch.minimum(corner.clamp_min(0), limit)


def _held(track: Tensor) -> Tensor:
    """A track (T, 1, 3) whose gaps hold the last place that was found, or the first one."""
    found = track[:, 0, 2] > 0
    frame = torch.arange(len(track), device=track.device)
    last = torch.where(found, frame, -1).cummax(0).values
    return track[last.clamp_min(int(found.nonzero()[0]))]


def crop(images: Tensor, corners: Tensor, size: int) -> Tensor:
    """Cut boxes (B, C, size, size) out of images (B, C, H, W) at `corners` (B, 2)."""
    batch, rows, columns = _places(corners, size)
    return images[batch, :, rows, columns].permute(0, 3, 1, 2)  # from (B, size, size, C)


def paste(images: Tensor, corners: Tensor, boxes: Tensor) -> Tensor:
    """Images (B, C, H, W) with boxes (B, C, size, size) put back; nothing else changes."""
    batch, rows, columns = _places(corners, boxes.shape[-1])
    out = images.clone()
    out[batch, :, rows, columns] = boxes.permute(0, 2, 3, 1)
    return out


def _places(corners: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Indices of all pixels of all boxes: (B, 1, 1), (B, size, 1) and (B, 1, size)."""
    offset = torch.arange(size, device=corners.device)
    batch = torch.arange(len(corners), device=corners.device)[:, None, None]
    rows = (corners[:, 0, None] + offset)[:, :, None]
    columns = (corners[:, 1, None] + offset)[:, None, :]
    return batch, rows, columns


class FaceResidual(nn.Module):
    """G_f: what to add to the face that the main generator drew (Sec. 3.3).

    The last layer starts at zero, so that training starts at "no change".
    """

    def __init__(self, width: int = 16, blocks: int = 2) -> None:
        super().__init__()
        self.enter = block(6, width, kernel=5)
        self.down = block(width, 2 * width, stride=2)
        self.middle = nn.Sequential(*[Residual(2 * width) for _ in range(blocks)])
        self.up = block(2 * width, width)
        self.out = nn.Conv2d(2 * width, 3, 5, padding=2)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, sticks: Tensor, face: Tensor) -> Tensor:
        """The correction (B, 3, s, s) for a face (B, 3, s, s) in [-1, 1] with its sticks."""
        h = self.enter(torch.cat([sticks, face], dim=1))  # (B, w, s, s)
        skip = h

        h = self.down(h)  # (B, 2w, s/2, s/2)
        h = self.middle(h)
        h = F.interpolate(h, scale_factor=2.0)  # (B, 2w, s, s)
        h = self.up(h)  # (B, w, s, s)

        return self.out(torch.cat([h, skip], dim=1))  # (B, 3, s, s)


def with_face(
    G_f: FaceResidual, image: Tensor, sticks: Tensor, corners: Tensor, size: int
) -> Tensor:
    """The main generator's image (B, 3, H, W) with the corrected face put back (Sec. 3.3).

    `sticks` (B, 3, H, W) are the frame's, `corners` (B, 2) its face box of `size` pixels.
    """
    x_F = crop(sticks, corners, size)  # (B, 3, s, s)
    face = crop(image, corners, size)
    r = G_f(x_F, face)
    return paste(image, corners, face + r)


def changed_outside(before: Tensor, after: Tensor, corners: Tensor, size: int) -> float:
    """The largest change of images (B, 3, H, W) outside their face boxes, at corners (B, 2)."""
    change = (after - before).abs()
    nothing = change.new_zeros(len(change), 3, size, size)
    return float(paste(change, corners, nothing).max())
