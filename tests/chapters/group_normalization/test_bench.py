"""The benchmark's parts: equal work, counted bytes, all rows. No test looks at a time."""

import re

import pytest
import torch
import torch.nn.functional as F

from cvlib.chapters.group_normalization import bench
from cvlib.chapters.group_normalization.config import CONFIG
from cvlib.normalization.norms import ghost, group

CPU = torch.device("cpu")


def test_all_implementations_compute_the_same():
    generator = torch.Generator().manual_seed(0)
    x, w, b = (torch.randn(s, generator=generator) for s in ((2, 64, 3, 3), 64, 64))
    for norm in bench.implementations(CPU).values():
        torch.testing.assert_close(norm(x, w, b), F.group_norm(x, 32, w, b), rtol=0, atol=2e-5)


def test_both_calls_do_what_they_are_called():
    x = torch.randn(2, 64, 3, 3)
    forward, both = bench.calls(bench.implementations(CPU)["torch group_norm"], x)
    assert forward().shape == x.shape
    assert [g.shape for g in both()] == [x.shape, (64,), (64,)]


def test_the_tables_rows_and_bytes():
    table = bench.norm_table((1, 64, 4, 4), torch.float32, CPU, 1e-3)
    rows = [line for line in table.splitlines() if "%" in line]
    assert [re.split(r" {2,}", row)[0] for row in rows] == list(bench.implementations(CPU))
    assert re.search(r"copying it: [\d.]+ GB/s", table)
    table = bench.norm_table((1, 256, 32, 32), torch.float32, CPU, 1e-3)
    for row in table.splitlines()[3:]:
        _, megabytes, _, _, _, both, *_ = re.split(r" +", row[24:].strip())
        # 2^18 values of 4 bytes: 3 times forward, 8 times with backward
        assert (megabytes, both) == ("3.1", "8.4")


def test_a_training_step_trains_either_network():
    study = CONFIG["laptop"].study
    for norm in (ghost(2), group(study.groups)):
        net = study.net.build(norm, 3, 10)
        before = [p.clone() for p in net.parameters()]
        bench.training_step(net, torch.randn(8, 3, 32, 32))()
        moved = [not torch.equal(p, q) for p, q in zip(net.parameters(), before, strict=True)]
        assert any(moved)
        assert net.training


def test_the_training_tables_rows(monkeypatch):
    monkeypatch.setattr(bench, "median_over", lambda call, seconds: seconds)
    table = bench.training_table("laptop", CPU, 1e-3)
    assert "profile laptop's network, 128 images, float32" in table
    for row in ("BN, 32 images per worker", "BN, 2 images per worker", "GN, 4 groups"):
        assert re.search(row + r" +[\d.]+ ms +[\d,]+ images/s", table)


def test_quick_measures_a_smaller_tensor():
    for device, shape in bench.QUICK.items():
        assert torch.Size(shape).numel() * 16 == torch.Size(bench.SHAPES[device]).numel()


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU runs the larger network")
def test_the_whole_report(monkeypatch):
    monkeypatch.setattr(bench, "QUICK", {"cpu": (1, 64, 4, 4)})
    monkeypatch.setattr(bench, "median_over", lambda call, seconds: call() is None or seconds)
    report = bench.bench(quick=True)
    assert report.startswith("on CPU, ")
    assert "group norm of (1, 64, 4, 4), 32 groups, float32" in report
    assert "images/s" in report
