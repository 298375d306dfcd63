"""What one fixed noise draws in chapter 10's recorded trainings: pictures beside the record.

`python tools/fixed_noise.py RUN`: RUN is the folder of the recorded laptop run, whose units kept
their last generators. What lay before their ends was not kept, so four trainings of the shown seed
are done again (about five minutes of one core). The file is written only if every loss equals the
recorded one, bit for bit: on the machine and with the versions of the record, that is.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from cvlib.chapters.biggan import experiment, probes
from cvlib.chapters.biggan.train import train
from cvlib.course import atomic
from cvlib.course.chapters import chapter
from cvlib.course.run import record, tensors, weights
from cvlib.course.run.run import Run
from cvlib.gan.nets import ResGenerator
from cvlib.gan.sampling import class_grid
from cvlib.metrics.features import to_uint8

HERE = chapter(10)
NOISE = 11  # the seed of the noise, chosen before anything was drawn
STEPS = (20, 60, 120, 240, 360, 480)  # of the two trainings that are followed
SHORT = {"batch-16": 480, "batch-256": 120}  # where these two were scored on their way


def pictures(G: nn.Module) -> Tensor:
    """Two samples of each class from the fixed noise, (20, 1, 16, 16) as bytes."""
    return to_uint8(class_grid(G, 2, NOISE))


def again(told: dict, seed: int, name: str, steps: tuple[int, ...]) -> list[Tensor]:
    """Train the unit `name` of the record again up to the last of `steps`; pictures at each.

    Ends the program where a loss differs from the recorded one.
    """
    run = Run(experiment.EXPERIMENT, "laptop", seed, tempfile.mkdtemp(), save_seconds=1e6)
    config, images = run.config, experiment.material(run).train
    drawn: list[Tensor] = []

    def look(step, pair):
        if step in steps:
            drawn.append(pictures(pair.evaluated(config.standing)))
        return {}

    arm = next((arm for arm in config.arms if arm.name == name), None)
    net = arm.net(config.net) if arm else experiment.without_norm_in_g(config)
    hurry = 1.0 if arm else config.collapse.hurry
    recipe = experiment.recipe(config, arm.batch if arm else 64, steps[-1], hurry)
    history = train(run, name, net, recipe, images, flip=config.flip, look=look)[1]

    known = {line["step"]: line["loss"] for line in record.history_of(told, name, seed)}
    both = [line for line in history if line["step"] in known]
    if len(both) < 20 or any(line["loss"] != known[line["step"]] for line in both):
        sys.exit(f"{name}: the losses are not those of the record; nothing is written")
    print(f"{name}: {len(both)} losses of the record met", flush=True)
    return drawn


def kept(run: Path, seed: int, name: str, width: float) -> Tensor:
    """Pictures of the generator that a unit of the recorded run kept at its end."""
    base = experiment.CONFIG["laptop"].net
    G = ResGenerator(replace(base, g_width=round(base.g_width * width)))
    G.load_state_dict(weights.load(run / f"seed{seed}", name, "G"))
    return pictures(G.eval())


def main(folder: Path) -> None:
    """Write `fixed_noise.pt` beside the record."""
    torch.set_num_threads(1)
    told = record.recorded(HERE, "laptop")
    seed = probes.median_seed(told)
    ends = {"b16_images": ("batch-16", 1), "b64": ("base", 1), "b256": ("batch-256", 1),
            "half": ("width-half", 0.5), "double": ("width-double", 2)}  # fmt: skip
    found = {mark: kept(folder, seed, *end) for mark, end in ends.items()}
    (found["b16"],) = again(told, seed, "batch-16", (SHORT["batch-16"],))
    for name in ("collapse", "base"):
        found[name] = torch.stack(again(told, seed, name, STEPS))
    (found["b256_images"],) = again(told, seed, "batch-256", (SHORT["batch-256"],))
    found["steps"] = torch.tensor(STEPS)
    atomic.write(HERE.recorded / "fixed_noise.pt", tensors.dump(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
