"""The shipped digits at 16 pixels, and the training of the feature net that scores them.

`python -m cvlib.metrics.digits` writes `data/samples/digit_features.pt` anew (a minute).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.course import data
from cvlib.course.paths import SAMPLES
from cvlib.metrics.features import DIGIT_WEIGHTS, SmallFeatureNet

SEED, EPOCHS, BATCH, RATE = 0, 10, 50, 1e-2


def digits16(split: str = "train") -> tuple[Tensor, Tensor]:
    """The shipped MNIST digits: uint8 (N, 1, 16, 16) and classes (N,).

    `split` is "train" (5,000) or "test" (1,000). 28 px are padded to 32 and averaged over 2x2,
    so that strokes stay anti-aliased.
    """
    digits = data.images("mnist5k")
    x, y = {
        "train": (digits.train_x, digits.train_y),
        "test": (digits.test_x, digits.test_y),
    }[split]
    small = F.avg_pool2d(F.pad(x.float(), (2, 2, 2, 2)), 2)
    return small.round().to(torch.uint8), y


def train_features(x: Tensor, y: Tensor) -> SmallFeatureNet:
    """Train the feature net on uint8 images (N, 1, 16, 16) and classes (N,)."""
    torch.manual_seed(SEED)
    net = SmallFeatureNet()
    opt = torch.optim.Adam(net.parameters(), RATE)
    cycle = torch.optim.lr_scheduler.OneCycleLR(opt, RATE, EPOCHS * -(-len(x) // BATCH))
    for _ in range(EPOCHS):
        for i in torch.randperm(len(x)).split(BATCH):
            opt.zero_grad()
            F.cross_entropy(net(x[i])[1], y[i]).backward()
            opt.step()
            cycle.step()
    return net.eval()


@torch.no_grad()
def accuracy(net: SmallFeatureNet, x: Tensor, y: Tensor) -> float:
    """Share of uint8 images (N, 1, 16, 16) that `net` classifies right."""
    return (net(x)[1].argmax(1) == y).float().mean().item()


def main() -> None:
    """Train, report and store the net in half precision."""
    net = train_features(*digits16())
    path = SAMPLES / DIGIT_WEIGHTS
    torch.save({k: v.half() for k, v in net.state_dict().items()}, path)
    found = accuracy(SmallFeatureNet.pretrained(path), *digits16("test"))
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB, {found:.1%} of the test digits right")


if __name__ == "__main__":
    main()
