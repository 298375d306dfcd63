"""The Triton kernels, on a CPU: in Triton's interpreter against torch."""

import json
import os
import subprocess
import sys

import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.course.paths import ROOT

pytest.importorskip("triton")


@pytest.fixture(scope="module")
def interpreted():
    script = [sys.executable, "-m", "tests.normalization.interpreted_triton"]
    done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("relu", [False, True])
def test_the_kernels_agree_with_torch(interpreted, relu):
    cases = [case["errors"] for case in interpreted["cases"] if case["relu"] is relu]
    assert len(cases) == 4
    for y, *gradients in cases:
        assert y < 5e-6
        assert max(gradients) < 1e-5


def test_halves_are_reduced_in_float32(interpreted):
    dtype, error = interpreted["half"]
    assert dtype == "torch.float16"
    assert error < 2e-3


@pytest.mark.skipif(os.environ.get("TRITON_INTERPRET") == "1", reason="the interpreter is on")
def test_what_the_kernels_cannot_do_is_said():
    from cvlib.normalization.triton_gn import fused_group_norm

    ones = torch.ones(4)
    with pytest.raises(CourseError, match="needs CUDA, not cpu"):
        fused_group_norm(torch.zeros(2, 4, 3, 3), 2, ones, ones)
    with pytest.raises(CourseError, match="computes in float32"):
        fused_group_norm(torch.zeros(2, 4, 3, 3, dtype=torch.double), 2, ones, ones)
    with pytest.raises(CourseError, match="do not divide into 3 groups"):
        fused_group_norm(torch.zeros(2, 4, 3, 3), 3, ones, ones)
