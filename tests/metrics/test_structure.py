import numpy as np
import pytest
import torch
from skimage.data import coffee
from skimage.metrics import structural_similarity

from cvlib.course.errors import CourseError
from cvlib.metrics.structure import edge_map, edge_ssim, luminance, ssim


@pytest.fixture(scope="module")
def photo():
    pixels = torch.from_numpy(coffee()[::6, ::6].copy())
    return pixels.permute(2, 0, 1).float() / 255


def test_ssim_agrees_with_scikit_image(photo):
    a, b = luminance(photo), luminance(photo * 0.8 + 0.05 * torch.rand_like(photo))
    reference = structural_similarity(
        a[0, 0].numpy(), b[0, 0].numpy(), data_range=1.0, gaussian_weights=True, sigma=1.5,
        use_sample_covariance=False,
    )  # fmt: skip
    assert float(ssim(a, b)) == pytest.approx(reference, abs=1e-9)


def test_a_photo_keeps_its_own_edges_under_any_gain(photo):
    assert edge_ssim(photo, photo) == pytest.approx(1)
    assert edge_ssim(0.3 * photo + 0.4, photo) == pytest.approx(1, abs=1e-5)


def test_noise_and_blur_lose_structure(photo):
    blurred = torch.nn.functional.avg_pool2d(photo, 7, 1, 3)
    noisy = (photo + 0.3 * torch.randn_like(photo)).clamp(0, 1)
    assert edge_ssim(blurred, photo) < 0.8
    assert edge_ssim(noisy, photo) < 0.5


def test_edges_of_a_step():
    step = torch.zeros(1, 3, 12, 12)
    step[..., 6:] = 1
    edges = edge_map(step)
    assert edges.shape == (1, 1, 12, 12)
    np.testing.assert_allclose(edges[0, 0, 5, 4:8], [0, 1, 1, 0], atol=1e-6)


def test_batches_are_averaged(photo):
    pair = torch.stack([photo, photo.flip(0)])
    both = edge_ssim(pair, photo.expand(2, -1, -1, -1))
    assert both == pytest.approx((1 + edge_ssim(photo.flip(0), photo)) / 2)


def test_wrong_sizes_are_refused(photo):
    with pytest.raises(CourseError, match="one size"):
        ssim(luminance(photo), luminance(photo[:, 1:]))
    with pytest.raises(CourseError, match="11x11"):
        ssim(torch.zeros(1, 1, 5, 40), torch.zeros(1, 1, 5, 40))


def test_ssim_of_equal_images_is_one_far_from_zero_and_in_single_precision():
    x = torch.rand(2, 3, 32, 32) + 1000
    torch.testing.assert_close(ssim(x, x), torch.ones(2, dtype=torch.float64), rtol=0, atol=1e-9)
    y = x + 0.1 * torch.randn_like(x)
    assert float(ssim(x, y).max()) < 1
    flat = torch.full((1, 1, 32, 32), 0.9)
    assert float(ssim(flat, flat + 0.001)) <= 1


def test_channels_are_averaged(photo):
    a, b = photo[None], (photo * 0.8)[None]
    alone = [float(ssim(a[:, c : c + 1], b[:, c : c + 1])) for c in range(3)]
    assert float(ssim(a, b)) == pytest.approx(sum(alone) / 3)


def test_an_image_with_a_nan_is_refused():
    x = torch.zeros(1, 1, 32, 32)
    with pytest.raises(CourseError, match="finite"):
        ssim(x, x * float("nan"))
