"""Draw `data/samples/mnist5k.npz` from the real MNIST files: `python data/make_samples.py`.

Run it again and the same arrays come out, byte for byte (and the same file, with the same zlib).
"""

import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from cvlib.course import atomic, data  # noqa: E402
from cvlib.course.data.formats import read_idx  # noqa: E402

PER_CLASS = {"train": 500, "test": 100}


def draw(split: str, random: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """An equal number of digits of each class, shuffled once: uint8 (N, 28, 28) and (N,)."""
    x = read_idx(data.path(f"mnist/{split}-images"))
    y = read_idx(data.path(f"mnist/{split}-labels"))
    classes = [random.permutation(np.flatnonzero(y == c))[: PER_CLASS[split]] for c in range(10)]
    chosen = random.permutation(np.concatenate(classes))
    return x[chosen], y[chosen]


def main(target: Path = ROOT / "data" / "samples" / "mnist5k.npz") -> Path:
    """Write the sample file and return where it is."""
    # RandomState's stream is frozen for good: the same digits with every version of NumPy.
    random = np.random.RandomState(2018)
    (x, y), (tx, ty) = draw("train", random), draw("test", random)
    return atomic.write(target, lambda f: np.savez_compressed(f, x=x, y=y, tx=tx, ty=ty))


if __name__ == "__main__":
    print(main())
