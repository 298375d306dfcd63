"""One pass over generated samples gives all scores and the words that must stand beside them."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from cvlib.course import atomic
from cvlib.course.errors import CourseError
from cvlib.metrics.features import FeatureExtractor, full_precision, to_uint8
from cvlib.metrics.frechet import RunningMoments, frechet_distance
from cvlib.metrics.scores import inception_score, kernel_distance, precision_recall

SUBSET = 2000  # features kept for precision, recall and kernel distance
NEIGHBOURS = 3  # of precision and recall
KID_SUBSETS, KID_SIZE = 20, 1000

Batches = Iterable[tuple[Tensor, Tensor | None]]  # images (B, C, H, W), classes (B,) if any


@dataclass(frozen=True)
class Scores:
    """Scores of one set of samples.

    `frechet` may be called FID only under the Inception of published tables. `inception` and
    `accuracy` are None where the extractor has no classes, or not those of the data.
    """

    frechet: float
    kid: float
    precision: float
    recall: float
    inception: float | None
    accuracy: float | None
    n: int
    protocol: str


class _Pass:
    """What one pass over a set of images leaves behind."""

    def __init__(self, dim: int, device: torch.device | str) -> None:
        self.moments = RunningMoments(dim, device)
        self.kept: list[Tensor] = []
        self.probabilities: list[Tensor] = []
        self.hits = 0

    def add(self, features: Tensor, logits: Tensor | None, y: Tensor | None) -> None:
        """Take in features (B, dim), class logits (B, K) and true classes (B,)."""
        self.moments.update(features)
        if sum(map(len, self.kept)) < SUBSET:
            self.kept.append(features)
        if logits is None:
            return
        self.probabilities.append(logits.softmax(1))
        if y is not None:
            self.hits += int((logits.argmax(1) == y.to(logits.device)).sum())

    def features(self) -> Tensor:
        """The first `SUBSET` features, (<= SUBSET, dim)."""
        return torch.cat(self.kept)[:SUBSET]


class GenerativeEvaluator:
    """Compares samples with one reference set under one extractor.

    `reference` holds uint8 images (N, C, H, W), shuffled once, since a file may be sorted by class;
    `reference_name` says data set and split in the protocol ("CIFAR-10 train"). Features are
    compared on `device`. With a folder `cache` the reference is read once and for all.
    """

    def __init__(
        self, extractor: FeatureExtractor, reference: Tensor, reference_name: str,
        device: torch.device | str = "cpu", cache: Path | None = None,
    ) -> None:  # fmt: skip
        if len(reference) < 2:
            raise CourseError("the reference needs at least two images")
        self.extractor = extractor
        self.reference_name = reference_name
        self.device = device
        self.n_reference = len(reference)
        self._mean, self._cov, self._kept = self._cached(reference, cache)
        self._scale: Tensor | float = 1.0
        if extractor.standardise:
            self._scale = self._cov.diagonal().sqrt().clamp_min(1e-6)

    def _cached(self, reference: Tensor, cache: Path | None) -> tuple[Tensor, Tensor, Tensor]:
        """Mean, covariance and some features of the reference, from the cache where they are."""
        if cache is None:
            return self._read(reference)
        words = f"{self.extractor.name}/{self.extractor.resize}/{SUBSET}/"
        pixels = reference.cpu().contiguous().numpy().tobytes()
        key = hashlib.sha256(words.encode() + pixels).hexdigest()[:24]
        path = cache / f"reference-{key}.pt"
        if path.is_file():
            state = torch.load(path, map_location=self.device, weights_only=True)
            return state["mean"], state["cov"], state["kept"]
        mean, cov, kept = self._read(reference)
        state = {"mean": mean.cpu(), "cov": cov.cpu(), "kept": kept.cpu()}
        cache.mkdir(parents=True, exist_ok=True)
        atomic.write(path, lambda file: torch.save(state, file))
        return mean, cov, kept

    def _read(self, reference: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        found = _Pass(self.extractor.dim, self.device)
        order = torch.randperm(len(reference), generator=torch.Generator().manual_seed(0))
        for index in order.split(500):
            features, _ = self._features(reference[index.to(reference.device)])
            found.add(features, None, None)
        return found.moments.mean, found.moments.cov, found.features()

    @torch.no_grad()
    def _features(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        with full_precision(images.device):
            features, logits = self.extractor(images.to(self.device))
        if not torch.isfinite(features).all():
            raise CourseError(f"{self.extractor.name} gives features that are not finite")
        logits = None if logits is None else logits.to(self.device)
        return features.to(self.device), logits

    def _pass(self, batches: Batches) -> _Pass:
        found = _Pass(self.extractor.dim, self.device)
        darkest = float("inf")
        for images, y in batches:
            darkest = min(darkest, float(images.min()))
            features, logits = self._features(to_uint8(images))
            found.add(features, logits, y)
        if found.moments.n < 2:
            raise CourseError("an evaluation needs at least two samples")
        if darkest >= 0:
            raise CourseError(
                "no pixel of the whole set is below 0: images in [0, 1] must become 2x - 1 first"
            )
        return found

    def protocol(self, n: int, source: str) -> str:
        """Every value that a score depends on, in words."""
        kid = "standardised" if self.extractor.standardise else "raw"
        few = min(SUBSET, n, self.n_reference)
        return (
            f"{self.extractor.name}; resize {self.extractor.resize}; {n} samples ({source}) vs "
            f"{self.reference_name} (N = {self.n_reference}); KID: {KID_SUBSETS} subsets of "
            f"{min(KID_SIZE, few)}, {kid} features; precision and recall: k = {NEIGHBOURS} of "
            f"{few}; IS: one split; fp32 features, TF32 off"
        )

    def __call__(self, batches: Batches, source: str) -> Scores:
        """Score `batches` of images (B, C, H, W) in [-1, 1] and classes (B,) or None.

        `source` says what drew them, for the protocol: "EMA, standing statistics".
        """
        found = self._pass(batches)
        n = found.moments.n
        precision, recall = precision_recall(self._kept, found.features(), NEIGHBOURS)
        known = bool(found.probabilities)
        return Scores(
            frechet=self._distance(found),
            kid=kernel_distance(
                self._kept / self._scale, found.features() / self._scale,
                torch.Generator().manual_seed(0), KID_SUBSETS, KID_SIZE,
            ),
            precision=precision,
            recall=recall,
            inception=inception_score(torch.cat(found.probabilities)) if known else None,
            accuracy=found.hits / n if known and self.extractor.labels_match else None,
            n=n,
            protocol=self.protocol(n, source),
        )  # fmt: skip

    def _distance(self, found: _Pass) -> float:
        return frechet_distance(found.moments.mean, found.moments.cov, self._mean, self._cov)

    def frechet(self, batches: Batches) -> float:
        """Only the Fréchet distance, for curves during training."""
        return self._distance(self._pass(batches))
