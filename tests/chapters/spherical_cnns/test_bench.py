"""The benchmark counts what it says; its times are nobody's test."""

import torch

from cvlib.chapters.spherical_cnns.bench import Case, bench, flops, peak_memory
from cvlib.spherical.layers import S2Convolution, SO3Convolution


def test_bytes_are_the_signals_and_their_gradients():
    so3, s2 = 4 * 4 * 4, 4 * 4
    assert Case(SO3Convolution, 2, 3, 5, 7).bytes("soft") == 4 * 7 * (2 * 3 + 2 * 5) * so3
    assert Case(S2Convolution, 2, 3, 5, 7).bytes("soft") == 4 * 7 * (3 * s2 + 2 * 5 * so3)


def test_products_and_memory_are_counted():
    a = torch.randn(64, 32)
    assert flops(lambda: a @ a.T) == 2 * 64 * 32 * 64
    assert 2**20 <= peak_memory(lambda: torch.ones(2**18), torch.device("cpu")) < 2**20 + 2**16


def test_the_table_names_every_engine():
    lines = bench(quick=True).splitlines()
    assert "GFLOP/s in a matrix product" in lines[0]
    layers = lines[2 : lines.index("")]
    engines = [line.split("x32")[1].split()[:2] for line in layers]
    expected = [["soft", "fft"], ["soft", "real"], ["soft", "dense*"], ["gauss", "real"],
                ["gauss", "dense*"]]  # fmt: skip
    assert engines == expected * 2
    assert lines[-1].startswith("b=10  x256")
