import pytest
import torch

from cvlib.dance.forensics import (
    PairDetector,
    compressed,
    detector_auc,
    detector_loss,
    pairs_at,
    pairs_of,
)  # fmt: skip


def test_pairs_are_neighbours():
    clip = torch.rand(5, 3, 8, 8)
    pairs = pairs_of(clip)
    assert pairs.shape == (4, 6, 8, 8)
    torch.testing.assert_close(pairs[2, 3:], clip[3])
    assert torch.equal(pairs_at(clip, torch.arange(4)), pairs), "of one clip they are the same"


class Brightness(torch.nn.Module):
    def forward(self, pairs):
        return pairs.mean(dim=(1, 2, 3))


def test_auc_is_the_share_of_pairs_in_order():
    def flat(*values):
        return torch.tensor(values)[:, None, None, None].expand(-1, 6, 4, 4)

    D = Brightness()
    assert detector_auc(D, flat(0.0, 0.1), flat(0.5, 0.6)) == 1
    assert detector_auc(D, flat(0.5, 0.6), flat(0.0, 0.1)) == 0
    assert detector_auc(D, flat(0.2), flat(0.2, 0.2)) == 0.5
    assert detector_auc(D, flat(0.0, 0.5), flat(0.3, 0.6)) == pytest.approx(0.75)


def test_it_learns_to_tell_flicker():
    torch.manual_seed(0)
    still = torch.rand(60, 3, 16, 16)[:, :, :1].expand(-1, -1, 16, -1)
    real = torch.cat([still, still], 1)
    fake = torch.cat([still, still + 0.3 * torch.randn_like(still)], 1)
    D = PairDetector(8)
    opt = torch.optim.Adam(D.parameters(), 1e-2)
    for _ in range(40):
        opt.zero_grad()
        detector_loss(D, real[:40], fake[:40]).backward()
        opt.step()
    assert detector_auc(D, real[40:], fake[40:]) > 0.95


def test_compression_keeps_shape_and_loses_detail():
    torch.manual_seed(0)
    clip = torch.rand(2, 3, 32, 24) * 2 - 1
    light, heavy = compressed(clip, 95), compressed(clip, 10, shrink=2)
    assert heavy.shape == clip.shape
    assert heavy.abs().max() <= 1
    assert (light - clip).abs().mean() < (heavy - clip).abs().mean()
    flat = torch.full((1, 3, 16, 16), 0.5)
    torch.testing.assert_close(compressed(flat, 90), flat, atol=0.02, rtol=0)
