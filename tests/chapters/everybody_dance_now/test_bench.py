"""The benchmark compares like with like; its times are nobody's test."""

import numpy as np
import torch

from cvlib.chapters.everybody_dance_now.bench import bench, plain_sticks
from cvlib.dance.footage import dance_keypoints, sticks_of
from cvlib.dance.material import TARGET, target_stage


def test_both_ways_draw_the_same_sticks():
    keypoints = dance_keypoints(2, TARGET, target_stage(256, 192), seed=1).float()
    soft = sticks_of(keypoints, 256, 192).amax(1) > 0.5  # (2, H, W)
    plain = torch.stack(
        [torch.from_numpy(np.array(p)).amax(-1) > 127 for p in plain_sticks(keypoints, 256, 192)]
    )
    overlap = (soft & plain).sum() / (soft | plain).sum()
    assert overlap > 0.75


def test_a_quick_bench_names_every_hot_spot():
    lines = bench(quick=True).splitlines()
    assert lines[0] == "device cpu, frames per second"
    assert len(lines) == 8
    for what in ("sticks 64x48", "Pillow", "dancer 64x48", "training", "performing"):
        assert any(what in line for line in lines), what
