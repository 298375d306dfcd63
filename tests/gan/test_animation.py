"""GANimation's nets and losses, against cases whose answers are known."""

import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.gan.animation import Animator, Judge, with_noise
from cvlib.gan.animation_losses import Weights, animator_loss, critic_loss, other_targets
from cvlib.gan.regularize import gradient_penalty


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(n=2, size=16, seed=0):
    return torch.rand(n, 3, size, size, generator=draw(seed)) * 2 - 1


@pytest.mark.parametrize("aus", [1, 3, 17])
@pytest.mark.parametrize("batch", [1, 3])
def test_shapes_for_any_number_of_units_and_a_batch_of_one(aus, batch):
    x, y = pictures(batch), torch.rand(batch, aus)
    painted = Animator(aus, width=4, blocks=1)(x, y)
    assert painted.image.shape == painted.color.shape == x.shape
    assert painted.attention.shape == (batch, 1, 16, 16)
    D = Judge(aus, 16, width=4)
    assert D.score(x).shape == (batch, 4, 4)
    assert D.read(x).shape == (batch, aus)


def test_without_attention_everything_is_repainted():
    G = Animator(3, width=4, blocks=1, attention=False)
    painted = G(pictures(), torch.rand(2, 3))
    assert torch.equal(painted.image, painted.color)
    assert (painted.attention == 1).all()


def test_the_request_reaches_the_picture_from_the_first_step_on():
    torch.manual_seed(0)
    G = Animator(3, width=4, blocks=1)
    x = pictures(1)
    y = torch.zeros(1, 3, requires_grad=True)
    one = G(x, y).image
    other = G(x, torch.ones(1, 3)).image
    assert (one - other).abs().max() > 1e-3
    one.square().sum().backward()
    assert (y.grad != 0).all()


def test_pictures_that_do_not_fit_are_refused_in_a_sentence():
    with pytest.raises(CourseError, match="multiples of 4"):
        Animator(3, width=4, blocks=1)(torch.zeros(1, 3, 18, 18), torch.zeros(1, 3))
    with pytest.raises(CourseError, match="a power of 2"):
        Judge(3, 48, width=4)


def linear(w):
    return lambda x: x.flatten(1) @ w


@pytest.mark.parametrize("length", [0.0, 1.0, 2.5])
def test_the_penalty_of_a_linear_critic_is_its_length_less_one(length):
    w = torch.randn(48, generator=draw())
    w = length * w / w.norm()
    got = gradient_penalty(linear(w), pictures(4, 4), pictures(4, 4, 1), draw())
    assert got.item() == pytest.approx((length - 1) ** 2, abs=1e-5)


def test_the_penalty_pushes_a_linear_critic_along_its_own_direction():
    w = torch.randn(48, dtype=torch.float32, generator=draw()).requires_grad_()
    gradient_penalty(linear(w), pictures(4, 4), pictures(4, 4, 1), draw()).backward()
    length = w.norm().detach()
    torch.testing.assert_close(w.grad, 2 * (length - 1) * w.detach() / length)


def test_a_flat_critic_has_a_finite_push():
    w = torch.zeros(48, requires_grad=True)
    gradient_penalty(linear(w), pictures(4, 4), pictures(4, 4, 1), draw()).backward()
    assert w.grad.isfinite().all()


def test_a_sum_over_patches_is_another_penalty_than_their_mean():
    w = torch.randn(48, 16, generator=draw())

    def patches(x):
        return (x.flatten(1) @ w).reshape(-1, 4, 4)

    slope = w.sum(1).norm().item()
    one = gradient_penalty(patches, pictures(4, 4), pictures(4, 4, 1), draw(), reduce="sum")
    other = gradient_penalty(patches, pictures(4, 4), pictures(4, 4, 1), draw(), reduce="mean")
    assert one.item() == pytest.approx((slope - 1) ** 2, rel=1e-4)
    assert other.item() == pytest.approx((slope / 16 - 1) ** 2, rel=1e-3, abs=1e-5)


class Mute(torch.nn.Module):
    """A judge that scores nothing and always reads the same."""

    def __init__(self, says):
        super().__init__()
        self.says = says

    def score(self, x):
        return x.flatten(1).sum(1) * 0

    def read(self, x):
        return self.says.expand(len(x), -1)


class Keeper(torch.nn.Module):
    """A generator that keeps its input."""

    attention = None

    def forward(self, x, y):
        from cvlib.gan.animation import Painted

        return Painted(x, torch.zeros_like(x[:, :1]), torch.zeros_like(x))


def test_a_generator_that_copies_pays_nothing_for_the_cycle():
    x = pictures(4)
    y, target = torch.zeros(4, 2), torch.ones(4, 2)
    G, D = Keeper(), Mute(torch.tensor([[0.5, 1.0]]))
    w = Weights(read=8.0, cycle=1000.0, sigma=0.0)
    loss = animator_loss(G, D, x, y, target, G(x, target), w, 1.0, draw())
    assert loss.item() == pytest.approx(8 * (0.25 + 0) / 2), "only what D reads costs"


def test_losses_do_not_depend_on_how_often_a_batch_is_repeated():
    torch.manual_seed(0)
    G, D = Animator(2, 4, 1), Judge(2, 16, 4)
    x, y, target = pictures(3), torch.rand(3, 2), torch.rand(3, 2)
    w = Weights(sigma=0.0)

    def losses(times):
        many = x.repeat(times, 1, 1, 1)
        asked = target.repeat(times, 1)
        there = G(many, asked)
        said = y.repeat(times, 1)
        of_g = animator_loss(G, D, many, said, asked, there, w, 1.0, draw())
        of_d = critic_loss(D, many, said, there.image.detach(), w, draw(), 0)
        return torch.stack([of_g, of_d]).detach()

    torch.testing.assert_close(losses(1), losses(4))


def test_the_critic_prefers_what_is_real_and_reads_only_real_faces():
    torch.manual_seed(0)
    D = Judge(2, 16, 4)
    real, fake, y = pictures(3), pictures(3, seed=1), torch.rand(3, 2)
    w = Weights(sigma=0.0, read=0.0, penalty=0.0)
    loss = critic_loss(D, real, y, fake, w, draw(), 1)
    torch.testing.assert_close(loss, D.score(fake).mean() - D.score(real).mean())
    reading = critic_loss(D, real, y, real, Weights(sigma=0.0, read=1.0), draw(), 0)
    torch.testing.assert_close(reading, (D.read(real) - y).square().mean())


def test_a_lazy_penalty_counts_for_the_steps_without_one():
    torch.manual_seed(0)
    D = Judge(2, 16, 4)
    real, fake, y = pictures(3), pictures(3, seed=1), torch.rand(3, 2)
    w = Weights(sigma=0.0)
    none, one, four = (critic_loss(D, real, y, fake, w, draw(), k) for k in (0, 1, 4))
    torch.testing.assert_close(four - none, 4 * (one - none))


def test_noise_has_the_stated_deviation_and_none_changes_nothing():
    x = pictures(20, 32)
    assert with_noise(x, 0.0, draw()) is x
    noise = with_noise(x, 0.8, draw()) - x
    assert noise.std().item() == pytest.approx(0.8, rel=0.02)
    assert not torch.equal(with_noise(x, 0.8, draw(1)), x + noise)


def test_targets_are_those_of_other_faces_cut_to_the_range():
    y = torch.rand(50, 3, generator=draw())
    assert sorted(other_targets(y, 0.0, draw())[:, 0]) == sorted(y[:, 0])
    jittered = other_targets(y, 0.1, draw())
    assert jittered.min() >= 0
    assert jittered.max() <= 1
    assert (jittered - other_targets(y, 0.0, draw())).abs().max() <= 0.1 + 1e-6


def test_one_face_and_two_expressions_are_learned_by_heart():
    torch.manual_seed(0)
    G = Animator(1, width=8, blocks=1)
    opt = torch.optim.Adam(G.parameters(), 5e-3)
    x = pictures(1, 16)
    closed, opened = torch.zeros(1, 1), torch.ones(1, 1)
    for _ in range(150):
        back = G(G(x, opened).image, closed)
        loss = (back.image - x).abs().mean() + back.attention.mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    assert (back.image - x).abs().mean() < 0.04
