"""The small nets that ship with the course, and the script that takes them from a recorded run.

`python -m cvlib.gan.shipped FOLDER` reads a finished laptop run of chapter 06 (a folder with
seed0, seed1, ...) and writes `data/samples/gan16_twins.pt` and `gan16_digits.pt`: half-precision
weights with the words that say where they come from. The seed of the twins is the one whose gain
is the median of all seeds, a rule and not a choice.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cvlib.course.errors import CourseError
from cvlib.course.paths import SAMPLES
from cvlib.gan.nets import ProjectionDiscriminator, ResGenerator
from cvlib.gan.sizes import TINY16, GANConfig

DIGITS, TWINS = "gan16_digits.pt", "gan16_twins.pt"
PLAIN = GANConfig(**{**vars(TINY16), "attention_g": (), "attention_d": ()})
TWINS_NETS = {"attention": TINY16, "none": PLAIN}


def _read(name: str) -> dict[str, Any]:
    path = SAMPLES / name
    if not path.exists():
        raise CourseError(
            f"the shipped weights {name} are missing: restore them from the repository, or make "
            "them with python -m cvlib.gan.shipped"
        )
    return torch.load(path, map_location="cpu", weights_only=True)


def _pack(state: dict[str, Tensor]) -> Tensor:
    """A net's state in its own order as one half-precision vector: a third smaller as a file."""
    return torch.cat([value.flatten().half() for value in state.values()])


def _load(net: nn.Module, packed: Tensor, device: torch.device | str) -> nn.Module:
    state = net.state_dict()
    parts = packed.split([value.numel() for value in state.values()])
    shaped = {key: part.view_as(state[key]) for key, part in zip(state, parts, strict=True)}
    net.load_state_dict(shaped)
    net = net.to(device=device, memory_format=torch.channels_last)
    return net.eval().requires_grad_(False)


def digits(device: torch.device | str = "cpu") -> dict[str, nn.Module]:
    """The digit nets with attention, evaluation mode: "live" G, its average "ema", and "D".

    Both generators keep the batch-norm statistics that training left.
    """
    states = _read(DIGITS)
    make = {"live": ResGenerator, "ema": ResGenerator, "D": ProjectionDiscriminator}
    return {name: _load(net(TINY16), states[name], device) for name, net in make.items()}


def twins(device: torch.device | str = "cpu") -> dict[str, nn.Module]:
    """The twins generators "attention" and "none" of one seed: averaged, standing statistics."""
    states = _read(TWINS)
    return {
        name: _load(ResGenerator(config), states[name], device)
        for name, config in TWINS_NETS.items()
    }


def record(name: str) -> dict[str, Any]:
    """Where a shipped file (`DIGITS` or `TWINS`) comes from, and what its nets scored."""
    return json.loads(_read(name)["record"])


def median_seed(gains: dict[int, float]) -> int:
    """The seed whose gain is the median; of two in the middle, the lower."""
    ranked = sorted(gains, key=lambda seed: gains[seed])
    return ranked[(len(ranked) - 1) // 2]


def _path(folder: Path, seed: int, unit: str) -> Path:
    return folder / f"seed{seed}" / "units" / f"{unit}.json"


def _result(folder: Path, seed: int, unit: str) -> dict[str, Any]:
    return json.loads(_path(folder, seed, unit).read_text(encoding="utf-8"))


def _kept(folder: Path, seed: int, unit: str, name: str) -> Tensor:
    path = folder / f"seed{seed}" / "weights" / f"{unit}-{name}.pt"
    return _pack(torch.load(path, map_location="cpu", weights_only=True))


def _write(name: str, states: dict[str, Tensor], told: dict[str, Any]) -> None:
    torch.save({**states, "record": json.dumps(told)}, SAMPLES / name)
    print(f"{name}: {(SAMPLES / name).stat().st_size / 1e3:.0f} kB, {told}")


def main(folder: Path) -> None:
    """Pack the nets of a finished run."""
    seeds = [int(path.name.removeprefix("seed")) for path in folder.glob("seed*")]
    trained = [s for s in seeds if all(_path(folder, s, f"twins-{n}").exists() for n in TWINS_NETS)]
    scores = {
        seed: {
            name: _result(folder, seed, f"twins-{name}")["values"][f"twins_{name}"][0]
            for name in TWINS_NETS
        }
        for seed in sorted(trained)
    }
    gains = {seed: found["attention"] - found["none"] for seed, found in scores.items()}
    seed = median_seed(gains)
    about = _result(folder, seed, "twins-attention")
    told = {"seed": seed, "rule": "median gain in pair correlation", "gains": gains,
            "pair correlation": scores[seed], "steps": about["steps"],
            "commit": about["commit"], "date": about["date"]}  # fmt: skip
    _write(TWINS, {n: _kept(folder, seed, f"twins-{n}", "G") for n in TWINS_NETS}, told)
    about = _result(folder, 0, "attention")
    told = {"seed": 0, "protocols": about["notes"]["protocols"], "steps": about["steps"],
            "commit": about["commit"], "date": about["date"]}  # fmt: skip
    names = ("live", "ema", "D")
    _write(DIGITS, {n: _kept(folder, 0, "attention", n) for n in names}, told)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
