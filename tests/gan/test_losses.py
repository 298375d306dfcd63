"""Losses by hand, on one map of scores and on lists of maps."""

import pytest
import torch

from cvlib.gan.losses import feature_matching, hinge_d, hinge_g, lsgan_d, lsgan_g
from cvlib.gan.patch import MultiscaleDiscriminator, PatchDiscriminator

REAL, FAKE = torch.tensor([2.0, 0.5, -1.0]), torch.tensor([-2.0, 0.3, 0.0])


def test_by_hand():
    assert hinge_d(REAL, FAKE).item() == pytest.approx(2.5 / 3 + 2.3 / 3)
    assert hinge_g(FAKE).item() == pytest.approx(1.7 / 3)
    assert lsgan_d(REAL, FAKE).item() == pytest.approx((5.25 / 3 + 4.09 / 3) / 2)
    assert lsgan_g(FAKE).item() == pytest.approx((9 + 0.49 + 1) / 3)


@pytest.mark.parametrize("loss", [hinge_d, lsgan_d])
def test_lists_are_averaged_over_scales_whatever_their_sizes(loss):
    both = [REAL, torch.zeros(2, 7)], [FAKE, torch.ones(2, 7)]
    alone = [loss(r, f) for r, f in zip(*both, strict=True)]
    torch.testing.assert_close(loss(*both), sum(alone) / 2)


def test_feature_matching_counts_hidden_layers_and_leaves_the_real_side_alone():
    real = [[torch.zeros(2, 3), torch.zeros(2, 1)], [torch.ones(2, 5), torch.zeros(2, 1)]]
    fake = [[torch.full((2, 3), 2.0), torch.ones(2, 1)], [torch.ones(2, 5), torch.ones(2, 1)]]
    for maps in (*real, *fake):
        for layer in maps:
            layer.requires_grad_()
    loss = feature_matching(real, fake)
    assert loss.item() == 1  # scale 1 differs by 2, scale 2 not at all; scores do not count
    loss.backward()
    assert real[0][0].grad is None
    assert fake[0][0].grad is not None
    assert fake[0][1].grad is None


@pytest.mark.parametrize("sn", [False, True])
def test_patch_discriminators_see_70_pixels_at_every_scale(sn):
    torch.manual_seed(0)
    D = MultiscaleDiscriminator(3, (8, 16, 32), scales=2, sn=sn)
    x = torch.randn(1, 3, 128, 128, requires_grad=True)
    layers = D.nets[0].eval()(x)
    if sn:  # instance norm would see everything
        layers[-1][0, 0, 8, 8].backward()
        rows = (x.grad != 0).any(dim=(0, 1, 3)).nonzero()
        assert int(rows.max() - rows.min()) + 1 == 70
    out = D(x)
    assert [len(scale) for scale in out] == [5, 5]
    assert out[0][-1].shape[-1] > out[1][-1].shape[-1]


def test_first_and_last_layer_are_not_normalised():
    D = PatchDiscriminator(3, (8, 16))
    normalised = [isinstance(m, torch.nn.InstanceNorm2d) for m in D.modules()]
    assert sum(normalised) == 2
    assert not any(isinstance(m, torch.nn.InstanceNorm2d) for m in D.layers[0])
