"""The ensemble attack: the joint gradient without the joint graph, exact bounds, known optima."""

import pytest
import torch
from torch import nn

from cvlib.adversarial.attack import EnsembleAttack
from cvlib.adversarial.classifier import Classifier
from cvlib.adversarial.coarse import CoarseTask
from cvlib.adversarial.retina import RetinaBlur
from cvlib.adversarial.viewing import ViewingGeometry
from cvlib.course.errors import CourseError

TASK = CoarseTask({"g": {"a": [0, 1], "b": [2]}}, fine=4)


def net(seed, dtype=torch.float32):
    torch.manual_seed(seed)
    layers = nn.Sequential(nn.Conv2d(1, 5, 3), nn.Tanh(), nn.Flatten(), nn.Linear(5 * 36, 4))
    layers[3].weight.data *= 10  # as sure as a trained net
    return layers.to(dtype).requires_grad_(False)


def attack(models, **changes):
    return EnsembleAttack(models, TASK, **{"eps": 32, "step": 4, "steps": 5, **changes})


def retina(dtype):
    return RetinaBlur(ViewingGeometry(8), alpha=0.2).to(dtype)


@pytest.mark.parametrize("eye", [False, True])
def test_one_graph_at_a_time_gives_the_gradient_of_the_joint_graph(eye):
    models = [net(i, torch.float64) for i in range(3)]
    front = retina(torch.float64) if eye else None
    x = torch.rand(4, 1, 8, 8, dtype=torch.float64)
    y = torch.tensor([0, 1, 0, 1])
    loss, got = attack(models, front=front).gradient(x, y)

    x = x.clone().requires_grad_()
    seen = front(x) if eye else x
    log_p = torch.stack([TASK.log_prob(model(seen), y) for model in models]).mean(0)
    (joint,) = torch.autograd.grad(-log_p.sum(), x)
    assert (got - joint).abs().max() < 1e-12
    assert float(loss) == pytest.approx(-log_p.mean().item())


def test_log_probabilities_are_averaged_neither_probabilities_nor_logits():
    models = [net(i, torch.float64) for i in range(3)]
    x, y = torch.rand(2, 1, 8, 8, dtype=torch.float64), torch.tensor([0, 1])
    _, got = attack(models).gradient(x, y)
    for mean in (
        lambda outs: TASK.log_prob(torch.stack(outs).mean(0), y),
        lambda outs: torch.stack([TASK.log_prob(o, y).exp() for o in outs]).mean(0).log(),
    ):
        leaf = x.clone().requires_grad_()
        (other,) = torch.autograd.grad(-mean([m(leaf) for m in models]).sum(), leaf)
        assert (got - other).abs().max() > 1e-4


def test_an_ensemble_of_the_same_net_is_the_single_attack_bit_for_bit():
    x, y = torch.rand(3, 1, 8, 8), torch.tensor([0, 1, 1])
    alone = attack([net(0)]).run(x, y)
    twice = attack([net(0), net(0)]).run(x, y)
    assert torch.equal(alone.x_adv, twice.x_adv)


def test_images_do_not_influence_each_other():
    models = [net(0), net(1)]
    x, y = torch.rand(3, 1, 8, 8), torch.tensor([0, 1, 1])
    together = attack(models).run(x, y).x_adv
    torch.testing.assert_close(attack(models).run(x[1:2], y[1:2]).x_adv, together[1:2])


def test_one_step_on_a_linear_model_is_the_best_there_is():
    w = torch.randn(2, 64, dtype=torch.float64)
    linear = nn.Sequential(nn.Flatten(), nn.Linear(64, 2, bias=False).double())
    linear[1].weight.data = w
    task = CoarseTask({"g": {"a": [0], "b": [1]}}, fine=2)
    x = 0.3 + 0.4 * torch.rand(5, 1, 8, 8, dtype=torch.float64)
    y = torch.zeros(5, dtype=torch.long)
    found = EnsembleAttack([linear], task, eps=32, step=32, steps=1).run(x, y).x_adv
    gain = task.log_odds(linear(found), y) - task.log_odds(linear(x), y)
    best = 32 / 255 * (w[0] - w[1]).abs().sum()
    assert (gain - best).abs().max() < 1e-12


def test_bounds_hold_and_the_loss_falls():
    torch.manual_seed(0)
    x, y = torch.rand(6, 1, 8, 8), torch.tensor([0, 1] * 3)
    on_two = attack([net(0), net(1)], steps=20)
    result = on_two.run(x, y)
    assert (result.x_adv - x).abs().max() <= 32 / 255 + 1e-6
    assert result.x_adv.min() >= 0
    assert result.x_adv.max() <= 1
    assert result.loss[-1] < 0.5 * result.loss[0]
    assert result.fooled.shape == (2, 6)
    assert result.fooled.sum() >= on_two.fooled(x, y).sum() + 3


def test_weights_are_left_alone():
    model = net(0)
    before = [p.clone() for p in model.parameters()]
    attack([model]).run(torch.rand(2, 1, 8, 8), torch.tensor([0, 1]))
    assert all(p.grad is None for p in model.parameters())
    assert all(map(torch.equal, before, model.parameters()))


@pytest.mark.parametrize(
    ("changes", "match"),
    [({"eps": 0}, "give 0 < eps"), ({"eps": 256}, "give 0 < eps"), ({"steps": 0}, "at least 1")],
)
def test_impossible_attacks_are_refused(changes, match):
    with pytest.raises(CourseError, match=match):
        attack([net(0)], **changes)
    with pytest.raises(CourseError, match="at least one model"):
        attack([])


def test_probabilities_and_raw_pixels_are_refused():
    y = torch.tensor([0])
    with pytest.raises(CourseError, match="seems to return probabilities"):
        attack([nn.Sequential(net(0), nn.Softmax(1))]).run(torch.rand(1, 1, 8, 8), y)
    with pytest.raises(CourseError, match="divide by 255"):
        attack([net(0)]).run(255 * torch.rand(1, 1, 8, 8), y)


def test_a_classifier_reads_displayed_pixels_and_stays_frozen():
    inside = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16, 2))
    model = Classifier(inside, [1.0, 2.0, 3.0], [2.0, 2.0, 2.0], size=4, scale=255.0, bgr=True)
    x = torch.rand(2, 3, 4, 4)
    pixels = 255 * x.flip(1) - torch.tensor([1.0, 2.0, 3.0])[:, None, None]
    torch.testing.assert_close(model(x), inside(pixels / 2))
    assert model(torch.rand(2, 3, 9, 9)).shape == (2, 2)
    assert not model.train().training
    assert not any(p.requires_grad for p in model.parameters())
    for bad in (torch.zeros(2, 1, 4, 4), torch.zeros(2, 3, 4, 4, dtype=torch.uint8)):
        with pytest.raises(CourseError, match=r"floating-point images \(B, 3, S, S\)"):
            model(bad)
