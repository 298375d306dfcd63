"""Feature extractors for videos: what a Fréchet distance between videos is a distance *of*."""

from __future__ import annotations

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.course.errors import CourseError


class VideoFeatures(Protocol):
    """A fixed function of videos (B, T, 3, H, W) in [-1, 1] to features (B, d)."""

    name: str  # with the source of its weights, for tables

    def __call__(self, videos: Tensor) -> Tensor:
        """Features (B, d)."""
        ...


class Random3D(nn.Module):
    """Three space-time convolutions with weights drawn by `seed`: no download, and little insight.

    It tells videos apart that differ in colour statistics; at our sizes it did not separate
    flicker from none. It stands in where no trained net can be had.
    """

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.name = f"Random3D 64-d (cvlib, three random 3-D convolutions, seed {seed})"
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.conv1 = nn.Conv3d(3, 16, 3, stride=(1, 2, 2), padding=1)
            self.conv2 = nn.Conv3d(16, 32, 3, stride=(1, 2, 2), padding=1)
            self.conv3 = nn.Conv3d(32, 32, 3, padding=1)
        self.eval().requires_grad_(False)

    def forward(self, videos: Tensor) -> Tensor:
        """Features (B, 64) of videos (B, T, 3, H, W): means and deviations over space and time."""
        x = _as_volumes(videos)  # (B, 3, T, H, W)
        h = F.relu(self.conv1(x))
        h = F.relu(self.conv2(h))
        h = self.conv3(h).flatten(2)  # (B, 32, N)
        return torch.cat([h.mean(2), h.std(2)], dim=1)


class R3D18:
    """The 18-layer 3-D residual net of torchvision, trained to name actions in Kinetics-400.

    Fetches its weights (127 MB, no sign-in) at the first use; CourseError without torchvision or
    them. The paper used I3D and ResNeXt nets: compare the order of methods, not the values.
    """

    name = "R3D-18 512-d (torchvision, Kinetics-400)"
    MEAN = (0.43216, 0.394666, 0.37645)
    STD = (0.22803, 0.22145, 0.216989)

    def __init__(self, device: torch.device | str = "cpu") -> None:
        try:
            from torchvision.models.video import R3D_18_Weights, r3d_18

            net = r3d_18(weights=R3D_18_Weights.KINETICS400_V1)
        except ImportError as error:
            raise CourseError(
                f"R3D-18 features need torchvision ({error}): pip install torchvision, or take "
                "Random3D"
            ) from error
        except OSError as error:
            raise CourseError(
                f"the weights of R3D-18 could not be fetched ({error}): go online once, torch "
                "keeps them in its hub folder"
            ) from error
        net.fc = nn.Identity()
        self._net = net.eval().requires_grad_(False).to(device)
        self._device = device

    @torch.no_grad()
    def __call__(self, videos: Tensor) -> Tensor:
        """Features (B, 512) of videos (B, T, 3, H, W), resized to 112 x 112."""
        x = _as_volumes(videos).to(self._device)  # (B, 3, T, H, W)
        x = F.interpolate(x, size=(x.shape[2], 112, 112), mode="trilinear", align_corners=False)

        mean = x.new_tensor(self.MEAN).view(3, 1, 1, 1)
        std = x.new_tensor(self.STD).view(3, 1, 1, 1)
        return self._net(((x + 1) / 2 - mean) / std).cpu()


def _as_volumes(videos: Tensor) -> Tensor:
    """Videos (B, T, 3, H, W) with the colours first, (B, 3, T, H, W)."""
    if videos.ndim != 5 or videos.shape[2] != 3:
        raise CourseError(f"videos (B, T, 3, H, W) are needed, not {tuple(videos.shape)}")
    return videos.float().movedim(2, 1)
