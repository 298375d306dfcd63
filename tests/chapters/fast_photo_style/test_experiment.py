"""The experiment's declarations, its small end, and the bench's yardstick."""

import dataclasses

import pytest
import torch

from cvlib.chapters.fast_photo_style import bench, figures
from cvlib.chapters.fast_photo_style.experiment import CLAIMS, CONFIG, EXPERIMENT
from cvlib.chapters.fast_photo_style.methods import METHODS
from cvlib.chapters.fast_photo_style.train import psnr
from cvlib.course import data
from cvlib.course.run.run import Run
from cvlib.stylization.affinity import matting_affinity
from cvlib.stylization.backbones import backbone, fold_preprocessing, mean_activation_one
from cvlib.stylization.optimise import affine_energy, optimise_photo
from cvlib.stylization.photowct import Encoder

SMALL = dataclasses.replace(
    CONFIG["smoke"], steps=2, pixels=(48, 64), luan_steps=1, alphas=(0.0, 0.9999), sizes=((32, 48),)
)


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    experiment = dataclasses.replace(EXPERIMENT, config={"smoke": SMALL})
    return Run(experiment, "smoke", out=tmp_path_factory.mktemp("run")).execute()


def test_every_method_is_measured_three_times(record):
    assert record["complete"]
    for name in METHODS:
        for kind in ("edge_ssim", "style", "residual"):
            assert record["metrics"][f"{name}_{kind}"]["mean"] is not None
    assert record["metrics"]["content_edge_ssim"]["mean"] == pytest.approx(1)
    assert record["metrics"]["content_residual"]["mean"] < 1e-3


def test_smoothing_raises_structure_even_here(record):
    mean = {name: m["mean"] for name, m in record["metrics"].items()}
    assert mean["photowct_smooth_edge_ssim"] > mean["photowct_edge_ssim"] + 0.15
    assert mean["photowct_smooth_residual"] < 0.1 * mean["photowct_residual"]


def test_figures_draw_the_record(record):
    extra = record["extra"]["0"]["restyle"]
    for fig in (
        figures.pareto(record["metrics"]),
        figures.seconds(extra["seconds"]),
        figures.alpha_curve(extra["alpha"]),
    ):
        assert fig.axes
        figures.plt.close(fig)


@pytest.mark.parametrize(
    ("changes", "statuses"),
    [
        ({}, ["holds", "holds", "holds"]),
        ({"photowct_smooth_style": 1.2}, ["holds in direction", "holds", "holds"]),
        ({"photowct_smooth_edge_ssim": 0.3}, ["contradicted", "contradicted", "holds"]),
        ({"wct_edge_ssim": 0.5}, ["holds", "holds in direction", "holds"]),
        ({"wct_smooth_edge_ssim": 0.69, "speedup": 20}, ["holds", "not resolved at this scale",
                                                         "holds in direction"]),
    ],
)  # fmt: skip
def test_claims_follow_their_rules(changes, statuses):
    values = {
        "photowct_edge_ssim": 0.4, "photowct_smooth_edge_ssim": 0.7, "photowct_smooth_style": 0.5,
        "content_style": 3.0, "wct_edge_ssim": 0.3, "wct_smooth_edge_ssim": 0.65, "speedup": 300,
    } | changes  # fmt: skip
    assert [claim.status(values) for claim in CLAIMS] == statuses


def test_shipped_weights_reproduce_a_photo_they_never_saw(photo):
    assert data.path("photowct-tiny/weights").stat().st_size < 600_000
    encoder, decoders = backbone("tiny", photo[None])
    for name, least in [("upsample-1", 20), ("unpool-2", 18), ("unpool-3", 15)]:
        assert psnr(encoder, decoders[name], photo) > least


def test_normalising_activations_only_rescales_features(photo):
    torch.manual_seed(0)
    encoder = Encoder((8, 12), (2,)).requires_grad_(False)
    before = encoder(photo[None]).maps[-1]
    mean_activation_one(encoder, photo[None])
    after = encoder(photo[None]).maps[-1]
    alive = after.mean((0, 2, 3)) > 0.999
    assert alive.sum() > 3
    assert after.mean((0, 2, 3)).max() < 1.001
    ratio = after[0, alive] * before.mean((0, 2, 3))[alive][:, None, None]
    torch.testing.assert_close(ratio, before[0, alive], atol=1e-5, rtol=1e-4)


def test_folded_preprocessing_is_exact(photo):
    torch.manual_seed(0)
    encoder = Encoder((8,), ()).requires_grad_(False)
    mean, scale = torch.tensor([0.4, 0.5, 0.3]), torch.tensor([4.0, 5.0, 3.0])
    wanted = encoder((photo[None] - mean[:, None, None]) * scale[:, None, None]).maps[0]
    fold_preprocessing(encoder, mean, scale)
    torch.testing.assert_close(encoder(photo[None]).maps[0], wanted, atol=1e-5, rtol=0)


def test_optimisation_lowers_the_style_gap_and_its_affine_energy_has_the_right_gradient(photo):
    crop = photo[:, :10, :11].double()
    W = matting_affinity(crop)
    degree = W.apply(torch.ones_like(crop[:1]))[0]
    image = torch.rand_like(crop).requires_grad_(True)
    affine_energy(image, W, degree).backward()
    expected = 2 * (degree * image - W.apply(image)) / degree.numel()
    torch.testing.assert_close(image.grad, expected.detach(), atol=1e-10, rtol=0)
    encoder, _ = backbone("tiny", photo[None])
    from cvlib.stylization.measures import style_distance

    style = 0.5 * photo.flip(0)
    *_, last = optimise_photo(encoder, photo, style, steps=15)
    assert style_distance(encoder, last, style) < style_distance(encoder, photo, style)


def test_the_public_way_gives_the_same_answer():
    Y, content = bench.problem(24, 32)
    stencil = matting_affinity(content).to_csr()
    assert abs(bench.triplet_affinity(content) - stencil).max() < 1e-8
    exact, _ = bench.reference(Y, content)
    for name in ("public: triplets + default LU", "stencil + CG"):
        image, _ = bench.WAYS[name][0](Y, content)
        assert 255 * (image.double() - exact).abs().max() < 1
