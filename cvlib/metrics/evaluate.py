"""One pass over generated samples gives all scores and the words that must stand beside them."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.metrics.features import FeatureExtractor, to_uint8
from cvlib.metrics.frechet import RunningMoments, frechet_distance
from cvlib.metrics.scores import inception_score, kernel_distance, precision_recall

SUBSET = 2000  # features kept for precision, recall and kernel distance
KID_SUBSETS = 20  # of 1,000 samples


@dataclass(frozen=True)
class Scores:
    """Scores of one set of samples; ``accuracy`` is None where the extractor has other classes."""

    fid: float
    inception: float
    kid: float
    precision: float
    recall: float
    accuracy: float | None
    n: int
    protocol: str


class GenerativeEvaluator:
    """Compares samples with one reference set under one extractor.

    Args:
        extractor: the feature extractor.
        reference: uint8 images (N, C, H, W); shuffled once, since a file may be sorted by class.
        reference_name: data set and split, for the protocol string ("CIFAR-10 train").
        device: where features are compared.
    """

    def __init__(
        self,
        extractor: FeatureExtractor,
        reference: Tensor,
        reference_name: str,
        device: torch.device | str = "cpu",
    ) -> None:
        if len(reference) < 2:
            raise CourseError("The reference needs at least two images.")
        self.extractor, self.reference_name, self.device = extractor, reference_name, device
        order = torch.randperm(len(reference), generator=torch.Generator().manual_seed(0))
        self._moments, kept, self._scale = RunningMoments(extractor.dim, device), [], 1.0
        for index in order.split(500):
            features, _ = self._features(reference[index.to(reference.device)])
            self._moments.update(features)
            if len(kept) * 500 < SUBSET:
                kept.append(features)
        self._kept = torch.cat(kept)[:SUBSET]
        if extractor.standardise:
            self._scale = self._moments.cov.diagonal().sqrt().clamp_min(1e-6).float()

    @torch.no_grad()
    def _features(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features, logits = self.extractor(images.to(self.device))
        return features.to(self.device), logits.to(self.device)

    def protocol(self, n: int) -> str:
        """Every value that a score depends on: extractor, resize, reference and its N, N."""
        kid = "standardised features" if self.extractor.standardise else "raw features"
        return (
            f"{self.extractor.name}; resize {self.extractor.resize}; {n} samples vs "
            f"{self.reference_name} (N = {self._moments.n}); KID: {KID_SUBSETS} subsets, {kid}"
        )

    def __call__(self, batches: Iterable[tuple[Tensor, Tensor]]) -> Scores:
        """Score ``batches`` of (images (B, C, H, W) in [-1, 1], classes (B,))."""
        moments, kept, probabilities, hits = (
            RunningMoments(self.extractor.dim, self.device),
            [],
            [],
            0,
        )
        for images, y in batches:
            features, logits = self._features(to_uint8(images))
            moments.update(features)
            if sum(map(len, kept)) < SUBSET:
                kept.append(features)
            probabilities.append(logits.softmax(1))
            hits += (logits.argmax(1) == y.to(logits.device)).sum()
        if moments.n < 2:
            raise CourseError("An evaluation needs at least two samples.")
        fake, real = torch.cat(kept)[:SUBSET], self._kept
        precision, recall = precision_recall(real, fake)
        draw = torch.Generator().manual_seed(0)
        return Scores(
            fid=frechet_distance(moments.mean, moments.cov, self._moments.mean, self._moments.cov),
            inception=inception_score(torch.cat(probabilities)),
            kid=kernel_distance(real / self._scale, fake / self._scale, draw, KID_SUBSETS),
            precision=precision,
            recall=recall,
            accuracy=float(hits) / moments.n if self.extractor.labels_match else None,
            n=moments.n,
            protocol=self.protocol(moments.n),
        )

    def fid(self, batches: Iterable[tuple[Tensor, Tensor]]) -> float:
        """Only the Fréchet distance, for curves during training."""
        moments = RunningMoments(self.extractor.dim, self.device)
        for images, _ in batches:
            moments.update(self._features(to_uint8(images))[0])
        return frechet_distance(moments.mean, moments.cov, self._moments.mean, self._moments.cov)
