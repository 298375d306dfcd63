"""The benchmark's parts: all rows, and the error that it shows. No test looks at a time."""

import re

import torch

from cvlib.chapters.video_to_video import bench
from cvlib.chapters.video_to_video.config import CONFIG


def test_every_row_is_there(monkeypatch):
    def once(work, least):
        work()
        return 1.0

    monkeypatch.setattr(bench, "median_over", once)
    rows = bench.bench(quick=True).splitlines()
    arms = len(CONFIG["smoke"].arms)
    assert sum(row.startswith("training") for row in rows) == arms
    assert [row.split(",")[0].split(":")[0].split()[0] for row in rows[1 + arms :]] == [
        "streaming", "warp", "rendering", "rendering", "zero"
    ]  # fmt: skip


def test_a_wrong_corner_is_no_identity_and_ours_is():
    frame = torch.rand(1, 3, 16, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    row = bench.wrong_corner(frame)
    one, *_ = (float(x) for x in re.findall(r"(\d\.\d\d) after", row))
    assert one > 0.1
    assert float(re.search(r"ours (\S+)", row).group(1)) < 1e-4
