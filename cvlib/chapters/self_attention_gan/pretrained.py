"""The small nets that ship with the course, and the script that trained them.

`python -m cvlib.chapters.self_attention_gan.pretrained` trains all three again (500 steps each,
some minutes on a CPU) and writes `data/samples/gan16_digits.pt` and `gan16_twins.pt`:
half-precision weights with the record of their training.
"""

import json
import tempfile
from datetime import date
from typing import Any

import torch
from torch import Tensor, nn

from cvlib.chapters.self_attention_gan.arms import ARMS, Pair, Recipe
from cvlib.course.errors import CourseError
from cvlib.course.paths import SAMPLES
from cvlib.gan.nets import ProjectionDiscriminator, ResGenerator
from cvlib.gan.sizes import TINY16

DIGITS, TWINS = "gan16_digits.pt", "gan16_twins.pt"
TWIN_ARMS = {"attention": "attention", "none": "ttur"}
RECIPE = Recipe(steps=500, batch=64, lr_equal=1e-3, lr_g=1e-3, lr_d=2e-3, ema=0.99)


def _read(name: str) -> dict[str, Any]:
    path = SAMPLES / name
    if not path.exists():
        raise CourseError(
            f"The shipped weights {name} are missing: restore them from the repository, or make "
            "them with python -m cvlib.chapters.self_attention_gan.pretrained."
        )
    return torch.load(path, map_location="cpu", weights_only=True)


def _pack(net: nn.Module) -> Tensor:
    """A net's state in its own order as one half-precision vector: a third smaller as a file."""
    return torch.cat([value.flatten().half() for value in net.state_dict().values()])


def _load(net: nn.Module, packed: Tensor, device: torch.device | str) -> nn.Module:
    state = net.state_dict()
    parts = packed.split([value.numel() for value in state.values()])
    net.load_state_dict(
        {key: part.view_as(state[key]) for key, part in zip(state, parts, strict=True)}
    )
    net = net.to(device=device, memory_format=torch.channels_last)
    return net.eval().requires_grad_(False)


def digits(device: torch.device | str = "cpu") -> dict[str, nn.Module]:
    """The 500-step digit nets, evaluation mode: "live" G, its average "ema", and "D".

    Both generators keep the batch-norm statistics that training left.
    """
    states, config = _read(DIGITS), ARMS["attention"].net(TINY16)
    make = {"live": ResGenerator, "ema": ResGenerator, "D": ProjectionDiscriminator}
    return {name: _load(net(config), states[name], device) for name, net in make.items()}


def twins(device: torch.device | str = "cpu") -> dict[str, nn.Module]:
    """The 500-step twins generators "attention" and "none": averaged, standing statistics."""
    states = _read(TWINS)
    return {
        name: _load(ResGenerator(ARMS[arm].net(TINY16)), states[name], device)
        for name, arm in TWIN_ARMS.items()
    }


def record(name: str) -> dict[str, Any]:
    """How a shipped file (:data:`DIGITS` or :data:`TWINS`) was made, and what it scored."""
    return json.loads(_read(name)["record"])


def _write(name: str, states: dict[str, Tensor], scores: dict[str, Any]) -> None:
    told = {
        "steps": RECIPE.steps, "seed": 0, "torch": torch.__version__, "device": "CPU, 1 thread",
        "date": str(date.today()), "scores of the full-precision nets": scores,
    }  # fmt: skip
    torch.save({**states, "record": json.dumps(told)}, SAMPLES / name)
    print(f"{name}: {(SAMPLES / name).stat().st_size / 1e3:.0f} kB, {scores}")


def main() -> None:
    """Train and store the shipped nets."""
    from cvlib.chapters.self_attention_gan import experiment as e
    from cvlib.chapters.self_attention_gan.arms import score, three_fids, train
    from cvlib.course.run.run import Run

    def trained(run: Run, name: str, arm: str, images: Any) -> Pair:
        return train(run, name, ARMS[arm], TINY16, RECIPE, images)[0]

    with tempfile.TemporaryDirectory() as folder:
        run = Run(e.EXPERIMENT, "smoke", out=folder)
        cpu, states, scores = run.device, {}, {}
        x, y = e.make_twins(4000, seed=0)
        for name, arm in TWIN_ARMS.items():
            pair = trained(run, f"twins-{name}", arm, (x, y))
            found = score(pair, e.score_samples, 2000, 4000, cpu)
            states[name], scores[name] = _pack(pair.evaluated(4000)), vars(found)
        _write(TWINS, states, scores)
        images, label = e.load_images("mnist5k", cpu)
        evaluator = e.make_evaluator("mnist5k", images, label)
        pair = trained(run, "digits", "attention", images)
        fids = three_fids(pair, evaluator.frechet, 2000, 4000, cpu)
        nets = {"live": pair.G, "ema": pair.ema.net, "D": pair.D}
        _write(DIGITS, {name: _pack(net) for name, net in nets.items()}, fids)


if __name__ == "__main__":
    main()
