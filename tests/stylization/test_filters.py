import pytest
import torch
import torch.nn.functional as F

from cvlib.course.errors import CourseError
from cvlib.stylization.filters import (
    affine_maps,
    apply_maps,
    guided_filter,
    local_affine_refine,
    upsample_result,
)
from cvlib.stylization.photos import resize_to


def recolour(photo):
    """A global affine colour map: what every filter here must keep."""
    mix = torch.tensor([[0.5, 0.2, 0.0], [0.1, 0.6, 0.1], [0.0, 0.1, 0.7]], dtype=photo.dtype)
    return torch.einsum("ab,byx->ayx", mix, photo) + 0.1


@pytest.mark.parametrize("radius", [1, 4, 35])
def test_guided_filter_keeps_affine_colour_maps(photo, radius):
    kept = guided_filter(photo, recolour(photo), radius, eps=1e-8)
    torch.testing.assert_close(kept, recolour(photo).double(), atol=2e-3, rtol=0)


def test_guided_filter_follows_edges_of_the_guide(generator):
    guide = torch.zeros(3, 40, 40)
    guide[:, :, 20:] = 1
    noisy = guide + 0.2 * torch.randn(3, 40, 40, generator=generator)
    clean = guided_filter(guide, noisy, radius=8, eps=1e-3)
    assert (clean - guide).abs().mean() < 0.3 * (noisy - guide).abs().mean()
    assert (clean[:, :, 20] - clean[:, :, 19]).min() > 0.8


def test_affine_maps_recover_a_map_that_changes_slowly(photo):
    gain = torch.linspace(0.5, 1.0, photo.shape[-1])
    maps = affine_maps(photo, photo * gain, radius=2, eps=1e-6)
    torch.testing.assert_close(apply_maps(maps, photo), (photo * gain).double(), atol=0.02, rtol=0)


def test_upsampled_result_has_the_detail_of_the_full_photo(photo):
    small = resize_to(photo, 24, 32)
    large = upsample_result(recolour(small), small, photo, eps=1e-6)
    assert large.dtype == torch.float32
    error = (large - recolour(photo)).abs().mean()
    enlarged = F.interpolate(recolour(small)[None], size=photo.shape[-2:], mode="bicubic")[0]
    assert error < 0.1 * (enlarged - recolour(photo)).abs().mean()
    with pytest.raises(CourseError, match="differ in size"):
        upsample_result(photo, small, photo)


def test_upsampling_keeps_fine_contrast_and_does_nothing_at_equal_size(photo):
    small = resize_to(photo, 24, 32)
    large = upsample_result(recolour(small), small, photo)

    def detail(x):
        return (x - F.avg_pool2d(x[None], 3, 1, 1)[0])[:, 1:-1, 1:-1].std()

    assert detail(large) > 0.95 * detail(recolour(photo))
    result = torch.rand_like(photo)
    assert torch.equal(upsample_result(result, photo, photo), result)


def test_local_affine_refine_keeps_a_colour_map_and_removes_noise(photo, generator):
    crop = photo[:, :32, :40]
    kept = local_affine_refine(recolour(crop), crop, radius=6)
    assert (kept - recolour(crop)).abs().mean() < 0.02
    noisy = recolour(crop) + 0.1 * torch.randn(crop.shape, generator=generator)
    refined = local_affine_refine(noisy, crop, radius=6)
    assert (refined - recolour(crop)).abs().mean() < 0.5 * (noisy - recolour(crop)).abs().mean()
