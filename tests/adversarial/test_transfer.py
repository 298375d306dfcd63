"""Leaving one out: who is attacked, who is asked, and what the controls are made of."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from cvlib.adversarial import shipped
from cvlib.adversarial.coarse import CoarseTask
from cvlib.adversarial.retina import RetinaBlur
from cvlib.adversarial.stimuli import of_neither, of_the_groups, score
from cvlib.adversarial.transfer import Lab, asked, by_bound, conditions, false_choices
from cvlib.adversarial.viewing import ViewingGeometry
from cvlib.course.errors import CourseError

TASK = CoarseTask({"x": {"three": [3], "eight": [8]}}, fine=10)
FINE = torch.arange(10).repeat(6)
PIXELS = torch.randint(0, 256, (60, 1, 12, 12), generator=torch.Generator().manual_seed(1)).byte()
NAMES = ("a", "b", "c")


class Counted(nn.Module):
    """A linear net that counts how often it was asked with a gradient."""

    def __init__(self, seed):
        super().__init__()
        torch.manual_seed(seed)
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(144, 10)).requires_grad_(False)
        self.attacked = 0

    def forward(self, x):
        self.attacked += x.requires_grad
        return self.layers(x)


@pytest.fixture
def lab():
    eye = RetinaBlur(ViewingGeometry(12), alpha=0.3)
    return Lab(
        task=TASK,
        zoo={v: {n: Counted(i) for i, n in enumerate(NAMES)} for v in ("plain", "retina")},
        eyes={"plain": nn.Identity(), "retina": eye},
        stimuli=of_the_groups(PIXELS, FINE, TASK, 8),
        steps=3,
    )


def test_the_held_out_network_is_never_attacked(lab):
    seen = list(conditions(lab, "b", seed=0, singles=["a"]))
    for viewer in ("plain", "retina"):
        assert lab.zoo[viewer]["b"].attacked == 0
        assert lab.zoo[viewer]["c"].attacked > 0
    names = [(s.condition, s.viewer) for s in seen]
    assert names == [("clean", ""), ("single", ""), ("ensemble", ""), ("flip", "plain"),
                     ("aware", ""), ("flip", "retina"), ("noise", "")]  # fmt: skip
    assert {s.source for s in seen} == {(), ("a",), ("a", "c")}


def test_each_flip_is_that_of_its_own_attack(lab):
    seen = {(s.condition, s.viewer): s.levels.int() for s in conditions(lab, "b", 0, [])}
    clean = seen["clean", ""]
    for attack, viewer in (("ensemble", "plain"), ("aware", "retina")):
        turned = (seen[attack, ""] - clean).flip(-2)
        assert torch.equal(seen["flip", viewer] - clean, turned)
    assert not torch.equal(seen["ensemble", ""], seen["aware", ""])
    assert (seen["noise", ""] - clean).abs().unique().tolist() == [32]


def test_a_smaller_bound_takes_smaller_steps(lab):
    small = lab.attack(["a"], eps=8)
    assert 255 * small.eps == pytest.approx(8)
    assert 255 * small.step == pytest.approx(3.2 / 4)
    off = lab.perturb(["a"], eps=8).int() - lab.stimuli.levels.int()
    assert off.abs().max() <= 8


def test_rows_tell_what_the_judge_behind_its_eye_says(lab):
    (ensemble,) = [s for s in conditions(lab, "b", 0, []) if s.condition == "ensemble"]
    rows = list(asked(lab, "b", ensemble))
    assert [(r["viewer"], r["source"]) for r in rows] == [("plain", "a+c"), ("retina", "a+c")]
    judge = nn.Sequential(lab.eyes["retina"], lab.zoo["retina"]["b"])
    expected = score(judge, ensemble.levels, lab.stimuli, TASK)
    assert rows[1]["forced"] == expected.forced
    only = replace(ensemble, viewer="plain")
    assert [r["viewer"] for r in asked(lab, "b", only)] == ["plain"]


def test_by_class_adds_up_to_the_whole_score(lab):
    adv = lab.perturb(["a", "c"])
    found = lab.ask_by_class(adv, "b")
    assert set(found) == {"three", "eight"}
    assert [n for _, n in found.values()] == [4, 4]
    chosen = sum(chosen for chosen, _ in found.values())
    assert 100 * chosen / 8 == pytest.approx(lab.ask(adv, "b").forced)
    logits = lab.zoo["plain"]["b"](adv[lab.stimuli.rival == 1] / 255.0)
    assert found["eight"][0] == int((logits[:, 3] > logits[:, 8]).sum())


def test_every_bound_is_attacked_and_compared_with_noise_of_its_size(lab):
    rows = list(by_bound(lab, "b", (8, 48), seed=0))
    assert [eps for eps, _, _ in rows] == [8, 48]
    assert rows[1][1] == lab.ask(lab.perturb(["a", "c"], eps=48), "b")
    assert rows[0][2] == lab.ask(lab.noise(0, 8), "b")
    assert lab.zoo["plain"]["b"].attacked == 0


def test_false_without_a_push_is_one_half(lab):
    neither = of_neither(PIXELS, FINE, TASK, "x", 10)
    found = false_choices(lab, neither, "b")
    assert found["clean"] == 50
    assert set(found) == {"target", "flip", "clean"}


def test_only_what_ships_is_offered():
    with pytest.raises(CourseError, match="choose of pooling"):
        shipped.digit_net("plain", "retina")
    net = shipped.digit_net("residual", "plain")
    assert not any(p.requires_grad for p in net.parameters())
