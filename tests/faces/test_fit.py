"""Analysis by synthesis reads rendered faces, and is not impressed by a pattern."""

import pytest
import torch

from cvlib.faces.aus import spread
from cvlib.faces.estimator import train_estimator
from cvlib.faces.fit import FitBank, fit_by_descent
from cvlib.faces.identity import sample_identities
from cvlib.faces.render import TIGHT, render_many
from cvlib.metrics.agreement import icc_columns

NUMBERS = (4, 26)


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def shown():
    face = sample_identities(6, draw())
    who = torch.arange(6).repeat_interleave(4)
    strengths = torch.rand(24, 2, generator=draw(1))
    return face, who, strengths, render_many(face.take(who), spread(strengths, NUMBERS), 32, TIGHT)


@pytest.fixture(scope="module")
def bank(shown):
    return FitBank(shown[0], NUMBERS, 32, TIGHT, levels=6)


def test_the_bank_reads_what_was_rendered(shown, bank):
    _, who, strengths, pictures = shown
    fit = bank.read(pictures, who)
    assert min(icc_columns(fit.strengths, strengths)) > 0.97
    assert fit.residual.max() < 1e-3


def test_pictures_on_the_grid_are_read_exactly(shown, bank):
    face = shown[0]
    strengths = torch.tensor([[0.2, 0.8], [1.0, 0.0]])
    pictures = render_many(face.take(slice(0, 2)), spread(strengths, NUMBERS), 32, TIGHT)
    fit = bank.read(pictures, torch.tensor([0, 1]))
    torch.testing.assert_close(fit.strengths, strengths, atol=0.04, rtol=0)
    assert fit.residual.max() < 1e-5


def test_a_wrong_person_leaves_a_residual(shown, bank):
    _, who, _, pictures = shown
    right, wrong = bank.read(pictures, who), bank.read(pictures, (who + 1) % 6)
    assert wrong.residual.mean() > 20 * right.residual.mean()


def test_noise_hardly_moves_what_is_read(shown, bank):
    _, who, _, pictures = shown
    noisy = (pictures + 0.1 * torch.randn(pictures.shape, generator=draw())).clamp(0, 1)
    change = bank.read(noisy, who).strengths - bank.read(pictures, who).strengths
    assert change.abs().mean() < 0.08


def test_a_search_unit_by_unit_finds_the_same(shown):
    face, who, strengths, pictures = shown
    start = torch.zeros_like(strengths)
    fit = fit_by_descent(pictures, face.take(who), NUMBERS, TIGHT, start)
    assert min(icc_columns(fit.strengths, strengths)) > 0.95
    assert torch.equal(start, torch.zeros_like(strengths)), "the start is left as it was"


def test_the_estimator_learns_a_dropped_jaw():
    face = sample_identities(600, draw(3))
    y = torch.rand(600, 1, generator=draw(4))
    x = render_many(face, spread(y, (26,)), 32, TIGHT) * 2 - 1
    torch.manual_seed(0)
    net = train_estimator(x[:500], y[:500], 150, 0.2, draw(5), batch=32)
    assert not net.training
    with torch.no_grad():
        assert icc_columns(net(x[500:]), y[500:])[0] > 0.5
