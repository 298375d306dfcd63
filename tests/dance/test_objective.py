import pytest
import torch
import torch.nn.functional as F

from cvlib.dance.nets import PoseToFrame, step_of, two_frames
from cvlib.dance.objective import (
    Weights,
    discriminator_loss,
    drawn_by,
    face_discriminator_loss,
    face_loss,
    generator_loss,
    seen_by_D,
    weighted_l1,
)  # fmt: skip
from cvlib.gan.patch import MultiscaleDiscriminator, PatchDiscriminator
from cvlib.video.sequential import Memory, rollout
from tests.dance.learning import a_step_lowers


def parts(previous):
    torch.manual_seed(0)
    G = PoseToFrame(8, 1, 1, previous)
    D = MultiscaleDiscriminator(12 if previous else 6, (8, 8), scales=2)
    x, y = torch.rand(2, 2, 3, 16, 16), torch.rand(2, 2, 3, 16, 16) * 2 - 1
    return G, D, x, y


def test_without_memory_every_frame_stands_for_itself():
    G, _, x, y = parts(False)
    fake = drawn_by(G, x)
    assert fake.shape == (2, 2, 3, 16, 16)
    torch.testing.assert_close(fake[:, 0], G(x[:, 0]), rtol=1e-4, atol=1e-5)
    assert seen_by_D(G, x, y).shape == (4, 6, 16, 16)
    torch.testing.assert_close(seen_by_D(G, x, y)[1], torch.cat([x[0, 1], y[0, 1]]))


def test_the_two_frame_step_is_a_roll_out_through_which_gradients_flow():
    G, _, x, _ = parts(True)
    made = rollout(step_of(G), x, Memory.zeros(x[:, 0]), bptt=2).image
    torch.testing.assert_close(made, two_frames(G, x))
    assert seen_by_D(G, x, made).shape == (2, 12, 16, 16)


@pytest.mark.parametrize("previous", [False, True])
def test_one_step_of_each_lowers_its_loss(previous):
    G, D, x, y = parts(previous)
    for net, loss in (
        (D, lambda: discriminator_loss(G, D, x, y)),
        (G, lambda: generator_loss(G, D, x, y, Weights())),
    ):
        assert a_step_lowers(net, loss)


def test_training_d_leaves_g_alone():
    G, D, x, y = parts(True)
    discriminator_loss(G, D, x, y).backward()
    assert all(p.grad is None for p in G.parameters())


def test_the_image_term_weighs_the_person_up():
    sticks = torch.zeros(1, 3, 16, 16)
    sticks[..., 8, 8] = 1
    a = torch.zeros(1, 3, 16, 16)
    on, off = a.clone(), a.clone()
    on[..., 8, 8] = 1
    off[..., 0, 0] = 1
    w = Weights(person=3.0, reach=1)
    torch.testing.assert_close(weighted_l1(a, on, sticks, w), 4 * weighted_l1(a, off, sticks, w))
    flat = torch.full_like(a, 0.5)
    torch.testing.assert_close(weighted_l1(a, flat, sticks, w), F.l1_loss(a, flat))


def test_a_perfect_correction_has_no_image_or_feature_loss():
    torch.manual_seed(0)
    D_f = PatchDiscriminator(6, (8, 8)).double()
    x_F, face, y_F = (torch.rand(2, 3, 24, 24).double() for _ in range(3))
    w = Weights()
    perfect = face_loss(y_F - face, D_f, x_F, face, y_F, w)
    scores = D_f(torch.cat([x_F, y_F], 1))[-1]
    torch.testing.assert_close(perfect, (scores - 1).square().mean(), rtol=1e-3, atol=1e-6)
    assert face_loss(torch.zeros_like(face), D_f, x_F, face, y_F, w) > perfect

    fake = face.requires_grad_()
    face_discriminator_loss(D_f, x_F, fake, y_F).backward()
    assert fake.grad is None
