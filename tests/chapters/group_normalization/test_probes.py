"""What the page prints about cost, layers and noise."""

import pytest
import torch

from cvlib.chapters.group_normalization import probes
from cvlib.chapters.group_normalization.config import CONFIG
from cvlib.normalization.norms import ghost, group


def test_half_of_resnet50s_least_time_goes_to_its_norms():
    norm, conv = probes.stage_times()
    assert len(norm) == len(conv) == len(probes.NAMES) == 5
    assert sum(norm) / (sum(norm) + sum(conv)) == pytest.approx(0.51, abs=0.01)
    assert conv[1] == pytest.approx(152, abs=1)  # C2, bound by its bytes
    assert conv[2] == pytest.approx(154, abs=1)


def test_a_faster_memory_shortens_norms_and_leaves_compute_bound_convolutions():
    slow, fast = ({"bytes_per_s": b, "flops_per_s": 65e12} for b in (320e9, 640e9))
    assert sum(probes.stage_times(rate=fast)[0]) == pytest.approx(
        sum(probes.stage_times(rate=slow)[0]) / 2
    )
    assert probes.stage_times(rate=fast)[1][3] > 0.6 * probes.stage_times(rate=slow)[1][3]


def test_the_parts_of_the_laptop_network():
    study = CONFIG["laptop"].study
    net = study.net.build(ghost(2), 3, 10)
    parts = probes.parts(net, (2, 3, 32, 32))
    assert [p.name for p in parts] == ["stem", "stages.0", "stages.1", "stages.2"]
    assert [p.m for p in parts] == [128, 128, 32, 8]
    assert [p.blocks for p in parts] == [1, 3, 3, 3]
    assert parts[-1].shape == (64, 2, 2)
    classifier = sum(p.numel() for p in net.head.parameters())
    whole = sum(p.numel() for p in net.parameters())
    assert sum(p.parameters for p in parts) + classifier == whole


def test_one_image_in_many_batches():
    x = torch.randn(40, 3, 32, 32)
    for norm, scatters in ((ghost(4), True), (group(4), False)):
        net = CONFIG["laptop"].study.net.build(norm, 3, 10)
        before = {k: v.clone() for k, v in net.state_dict().items()}
        logits = probes.logits_in_batches(net, x, batches=3, size=8)
        assert logits.shape == (3, 10)
        assert bool(logits.std(0).max() > 1e-3) == scatters
        assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())


def test_two_images_on_a_1x1_map_keep_one_bit():
    others, bn, gn = probes.partners(50)
    assert others.shape == bn.shape == gn.shape == (50,)
    assert bn.abs().min() > 0.5
    assert set(bn.sign().tolist()) == {-1.0, 1.0}
    assert gn.std() < 1e-6
