"""The shipped digits at 16 pixels, and the training of the feature net that scores them.

``python -m cvlib.metrics.digits`` writes ``data/samples/digit_features.pt`` anew (a minute).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.course import data
from cvlib.course.paths import SAMPLES
from cvlib.metrics.features import DIGIT_WEIGHTS, SmallFeatureNet

SEED, EPOCHS, BATCH, RATE = 0, 6, 64, 2e-3


def digits16() -> tuple[Tensor, Tensor]:
    """All 5,000 shipped MNIST digits: uint8 (5000, 1, 16, 16) and classes (5000,).

    28 px are padded to 32 and averaged over 2x2, so that strokes stay anti-aliased.
    """
    digits = data.images("mnist5k")
    x = torch.cat([digits.train_x, digits.test_x])
    padded = F.pad(x.float(), (2, 2, 2, 2))
    return F.avg_pool2d(padded, 2).round().to(torch.uint8), torch.cat(
        [digits.train_y, digits.test_y]
    )


def train_features(x: Tensor, y: Tensor) -> tuple[SmallFeatureNet, float]:
    """Train the feature net on four fifths of uint8 images (N, 1, 16, 16), classes (N,).

    Returns:
        The net in evaluation mode and its accuracy on the last fifth.
    """
    torch.manual_seed(SEED)
    net, held = SmallFeatureNet(), len(x) // 5
    opt = torch.optim.Adam(net.parameters(), RATE)
    for _ in range(EPOCHS):
        for i in torch.randperm(len(x) - held).split(BATCH):
            opt.zero_grad()
            F.cross_entropy(net(x[i])[1], y[i]).backward()
            opt.step()
    net.eval()
    with torch.no_grad():
        accuracy = (net(x[-held:])[1].argmax(1) == y[-held:]).float().mean().item()
    return net, accuracy


def main() -> None:
    """Train, report and store the net in half precision."""
    net, accuracy = train_features(*digits16())
    path = SAMPLES / DIGIT_WEIGHTS
    torch.save({k: v.half() for k, v in net.state_dict().items()}, path)
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB, accuracy {accuracy:.3f} (held out)")


if __name__ == "__main__":
    main()
