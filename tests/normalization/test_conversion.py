"""What the conversion of a trained network is measured by."""

import torch
from torch import nn

from cvlib.normalization.conversion import measure, milliseconds


def net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(8, 4),
    )  # fmt: skip


def test_freezing_changes_nothing_and_the_model_itself_stays():
    model = net()
    x = torch.randn(64, 3, 8, 8) * torch.linspace(0.1, 9, 64).reshape(-1, 1, 1, 1)
    model.train()(3 * x)  # running statistics that are not the initial ones
    before = {k: v.clone() for k, v in model.eval().state_dict().items()}
    y = model(x).argmax(1)
    found = measure(model, x, y)
    assert found["layers"] == 1
    assert found["top1"]["batch norm"] == found["top1"]["frozen batch norm"] == 100.0
    assert 0.0 <= found["top1"]["group norm"] <= 100.0
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())


def test_every_network_is_timed():
    times = milliseconds({"a": net(), "b": net()}, torch.randn(3, 3, 8, 8))
    assert times.keys() == {"a", "b"}
    assert all(0 <= value < 1e4 for value in times.values())
