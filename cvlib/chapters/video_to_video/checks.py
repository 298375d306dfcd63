"""The checks of chapter 08: each names the first property that an answer lacks."""

from __future__ import annotations

from typing import Any

import torch

from cvlib.chapters.video_to_video import solutions
from cvlib.course.page import answers
from cvlib.course.page.answers import Wrong


def check_scores(answer: Any) -> None:
    """The scores of five points, with weights that are not symmetric and a bias that is not 0."""
    scores = answers.function(answer, "scores(x, W, b)")
    x = torch.randn(5, 2, dtype=torch.float64)
    weights = torch.tensor([[1.0, 2.0], [3.0, -4.0]], dtype=torch.float64)
    bias = torch.tensor([0.5, -0.25], dtype=torch.float64)
    got = answers.tensor(scores(x, weights, bias), (5, 2))
    if answers.close(got, x @ weights.T):
        raise Wrong("your scores leave out b")
    if answers.close(got, x @ weights + bias):
        raise Wrong("your scores use the columns of W: row k of W belongs to class k")
    if not answers.close(got, solutions.scores(x, weights, bias)):
        raise Wrong("your scores are not W x + b")
