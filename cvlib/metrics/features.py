"""Feature extractors: what a Fréchet distance is a distance *of*.

The same samples have another FID under every extractor, so each one carries a `name` that the
protocol string of an evaluation prints.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.course.errors import CourseError, Diverged
from cvlib.course.paths import SAMPLES

DIGIT_WEIGHTS = "digit_features.pt"


SLACK = 1e-3  # beyond [-1, 1], for rounding in half precision


def to_uint8(x: Tensor) -> Tensor:
    """Quantise images in [-1, 1] to bytes, as a picture file would: shape kept.

    CourseError for bytes or another range; Diverged where a value is not finite, since a byte could
    not show it.
    """
    if not x.is_floating_point():
        raise CourseError(
            f"images in [-1, 1] are quantised, not {x.dtype}: divide by 127.5, less 1"
        )
    x = x.float()
    if not torch.isfinite(x).all():
        raise Diverged("a generated image holds values that are not finite")
    if x.numel() and x.abs().max() > 1 + SLACK:
        raise CourseError(
            f"images must lie in [-1, 1], these reach from {x.min():.3g} to {x.max():.3g}: rescale"
        )
    return ((x + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


@contextmanager
def full_precision(device: torch.device) -> Iterator[None]:
    """Inside, fp32 means fp32: no autocast, no TF32 products; afterwards all is as before."""
    before = (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    try:
        with torch.autocast(device.type, enabled=False):
            yield
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before


class FeatureExtractor(Protocol):
    """A fixed net that turns images into features and, where it has classes, logits."""

    name: str  # with the source of its weights, for protocol strings
    dim: int
    resize: str  # how an image reaches the net's input size, for protocol strings
    labels_match: bool  # its classes are the data's: conditional accuracy makes sense
    standardise: bool  # kernel distance on features divided by the reference's deviation

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        """Map uint8 images (B, C, H, W) to features (B, dim) and logits (B, classes) or None."""
        ...


class SmallFeatureNet(nn.Module):
    """A digit classifier of 65 thousand parameters; its last hidden layer is the feature.

    `python -m cvlib.metrics.digits` trains it on the shipped digits.
    """

    name = "SmallFeatureNet 64-d (cvlib, trained on the shipped digits)"
    dim = 64
    resize = "none (16 px)"
    labels_match = True
    standardise = True  # its features have no natural scale

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        self.conv3 = nn.Conv2d(width, 2 * width, 3, padding=1)
        self.conv4 = nn.Conv2d(2 * width, self.dim, 3, padding=1)
        self.classify = nn.Linear(self.dim, 10)

    @classmethod
    def pretrained(cls, path: Path | None = None) -> "SmallFeatureNet":
        """The shipped net in evaluation mode; CourseError without its file."""
        path = path or SAMPLES / DIGIT_WEIGHTS
        if not path.exists():
            raise CourseError(
                f"the file {path.name} of the digit features is missing: restore it from the "
                "repository, or make it with python -m cvlib.metrics.digits"
            )
        net = cls()
        net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        return net.eval().requires_grad_(False)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Map uint8 images (B, 1, 16, 16) to features (B, 64) and logits (B, 10)."""
        if images.dtype != torch.uint8 or images.shape[1:] != (1, 16, 16):
            raise CourseError(
                "SmallFeatureNet takes uint8 images (B, 1, 16, 16), not "
                f"{images.dtype} {tuple(images.shape)}: to_uint8 quantises"
            )
        h = F.relu(self.conv1(images.to(self.classify.weight.dtype) / 127.5 - 1))
        h = F.max_pool2d(F.relu(self.conv2(h)), 2)
        h = F.max_pool2d(F.relu(self.conv3(h)), 2)
        h = F.relu(self.conv4(h)).mean((2, 3))
        return h, self.classify(h)


class InceptionFeatures:
    """The 2015 TensorFlow Inception, 2048-d, of published FIDs, through `torch-fidelity`.

    torch-fidelity fetches the weights (91 MB, no sign-in) at the first use, and is imported only
    then. It resizes to 299 px as TensorFlow 1 did (bilinear, no antialiasing).
    CourseError without the package or its weights.
    """

    name = "Inception-v3 2015-12-05 pool3 2048-d (torch-fidelity)"
    dim = 2048
    resize = "299 px, TF1 bilinear"
    labels_match = False
    standardise = False

    def __init__(self, device: torch.device | str = "cpu") -> None:
        try:
            from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
        except ImportError as error:
            raise CourseError(
                f"Inception features need torch-fidelity and torchvision ({error}): pip install "
                "torch-fidelity, or take the course's own features"
            ) from error
        try:
            net = FeatureExtractorInceptionV3("inception", ["2048", "logits_unbiased"])
        except OSError as error:
            raise CourseError(
                f"the Inception weights could not be fetched ({error}): go online once, "
                "torch-fidelity keeps them in torch's hub folder"
            ) from error
        self._net, self._device = net.eval().to(device), device

    @torch.no_grad()
    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Map uint8 images (B, 1 or 3, H, W) to features (B, 2048) and logits (B, 1008)."""
        images = images.to(self._device).expand(-1, 3, -1, -1)
        features, logits = self._net(images)
        return features.float(), logits.float()
