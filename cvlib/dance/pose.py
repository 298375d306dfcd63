"""Who estimates poses in a real video: one function in front of three packages, none of them ours.

Each is imported only when asked for. All give keypoints of the course's skeleton, `BODY21`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.dance.skeleton import BLAZE33, BODY21, COCO17, Skeleton, convert

LEAST = 0.3  # confidence below which a joint counts as not found


def estimate_pose(
    video: Tensor, backend: str = "torchvision", device: torch.device | str = "cpu",
    model: str | None = None,
) -> Tensor:  # fmt: skip
    """The largest person's keypoints (T, 21, 3) in a video (T, 3, H, W) in [-1, 1].

    `backend` is "torchvision" (Keypoint R-CNN, fetches 226 MB once), "rtmlib" (RTMPose) or
    "mediapipe" (BlazePose, `model` is its .task file). A frame without anybody has confidence 0.
    Raises `CourseError` for another name, a package that is missing or a video of another shape.
    """
    if video.ndim != 4 or video.shape[1] != 3 or not len(video):
        raise CourseError(
            f"a video is (T, 3, H, W) with a frame at least, not {tuple(video.shape)}"
        )
    if backend not in BACKENDS:
        raise CourseError(f"no backend {backend!r}: choose one of {', '.join(BACKENDS)}")
    estimate, skeleton = BACKENDS[backend]
    poses = estimate(video, torch.device(device), model)  # (T, K, 3)
    poses[..., 2] = poses[..., 2].clamp(0, 1)
    poses[poses[..., 2] < LEAST] = 0.0
    return convert(poses, skeleton, BODY21)


def _package(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError:
        root = name.partition(".")[0]
        raise CourseError(f"{root} is not here: pip install {root}, or another backend") from None


def _torchvision(video: Tensor, device: torch.device, model: str | None) -> Tensor:
    detection = _package("torchvision.models.detection")
    net = detection.keypointrcnn_resnet50_fpn(weights="DEFAULT").to(device).eval()
    poses = []
    with torch.no_grad():
        for frame in video:
            (found,) = net([(frame.to(device) + 1) / 2])
            poses.append(_largest(found))
    return torch.stack(poses)


def _largest(found: dict[str, Tensor]) -> Tensor:
    """The keypoints (17, 3) of the largest person that Keypoint R-CNN is fairly sure of."""
    sure = found["scores"] > 0.7
    if not sure.any():
        return torch.zeros(17, 3)
    boxes = found["boxes"][sure]  # (n, 4)
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    person = int(area.argmax())
    place = found["keypoints"][sure][person, :, :2]  # (17, 2)
    # its scores are logits, about 0 for a joint that is out of sight
    trust = found["keypoints_scores"][sure][person].sigmoid()
    return torch.cat([place, trust[:, None]], dim=1).cpu().float()


def _rtmlib(video: Tensor, device: torch.device, model: str | None) -> Tensor:
    body = _package("rtmlib").Body(backend="onnxruntime", device=device.type)
    poses = []
    for picture in _pictures(video):
        places, scores = body(picture[..., ::-1].copy())  # (n, 17, 2), (n, 17); it wants BGR
        people = np.concatenate([places, np.asarray(scores)[..., None]], axis=-1)
        poses.append(_biggest(torch.from_numpy(people).float(), 17))
    return torch.stack(poses)


def _biggest(people: Tensor, joints: int) -> Tensor:
    """Of people (n, K, 3) the one whose joints span the most, (K, 3)."""
    if not len(people):
        return torch.zeros(joints, 3)
    span = people[..., :2].amax(1) - people[..., :2].amin(1)  # (n, 2)
    return people[int(span.prod(1).argmax())]


def _mediapipe(video: Tensor, device: torch.device, model: str | None) -> Tensor:
    if model is None:
        raise CourseError("mediapipe's package holds no model: give model='pose_landmarker.task'")
    mediapipe = _package("mediapipe")
    vision = _package("mediapipe.tasks.python.vision")
    height, width = video.shape[-2:]
    poses = []
    with vision.PoseLandmarker.create_from_model_path(model) as landmarker:
        for picture in _pictures(video):
            image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=picture)
            people = landmarker.detect(image).pose_landmarks
            rows = [[_pixels(mark, width, height) for mark in person] for person in people]
            found = torch.tensor(rows) if rows else torch.zeros(0, 33, 3)
            poses.append(_biggest(found, 33))
    return torch.stack(poses)


def _pixels(mark: Any, width: int, height: int) -> tuple[float, float, float]:
    """A landmark given in shares of the frame."""
    return mark.x * width - 0.5, mark.y * height - 0.5, mark.visibility


def _pictures(video: Tensor) -> list[np.ndarray]:
    """Frames as uint8 pictures (H, W, 3)."""
    pixels = ((video.cpu() + 1) * 127.5).round().clamp(0, 255).byte()
    return list(pixels.permute(0, 2, 3, 1).contiguous().numpy())


Backend = Callable[[Tensor, torch.device, str | None], Tensor]
BACKENDS: dict[str, tuple[Backend, Skeleton]] = {
    "torchvision": (_torchvision, COCO17),
    "rtmlib": (_rtmlib, COCO17),
    "mediapipe": (_mediapipe, BLAZE33),
}
