import importlib.util

import numpy as np
import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.stylization.affinity import (
    MattingOperator,
    matting_affinity,
    sum_windows,
    window_count,
)


def dense(stencil):
    return stencil.to_csr().toarray()


def test_affinity_is_symmetric(tiny):
    W = dense(matting_affinity(tiny))
    assert np.abs(W - W.T).max() == 0


def test_row_sums_count_the_windows_of_a_pixel(tiny):
    sums = dense(matting_affinity(tiny)).sum(1).reshape(16, 24)
    assert set(np.unique(sums.round(8))) == {1, 2, 3, 4, 6, 9}
    np.testing.assert_allclose(sums, window_count(16, 24), atol=1e-9)
    assert sums[0, 0] == pytest.approx(1)
    assert sums[8, 12] == pytest.approx(9)


def test_some_affinities_are_negative(tiny):
    values = matting_affinity(tiny).to_csr().data
    assert 0.2 < (values < 0).mean() < 0.5


def test_affine_colour_maps_are_kept_as_eps_vanishes(tiny, generator):
    a = torch.randn(3, 3, generator=generator, dtype=torch.float64)
    mapped = torch.einsum("ab,byx->ayx", a, tiny) + 0.3
    kept = matting_affinity(tiny, eps=1e-12).apply(mapped)
    torch.testing.assert_close(kept, window_count(16, 24) * mapped, atol=1e-5, rtol=0)


def test_constant_image_counts_common_windows():
    W = dense(matting_affinity(torch.full((3, 6, 7), 0.4)))
    for y, x, v, u in [(3, 3, 3, 3), (3, 3, 2, 4), (3, 3, 5, 5), (0, 0, 1, 1), (0, 0, 0, 3)]:
        common = sum(
            abs(cy - y) < 2 and abs(cy - v) < 2 and abs(cx - x) < 2 and abs(cx - u) < 2
            for cy in range(1, 5)
            for cx in range(1, 6)
        )
        assert W[y * 7 + x, v * 7 + u] == pytest.approx(common / 9, abs=1e-12)


def test_stencil_csr_and_matrix_free_agree(generator):
    image = torch.rand(3, 16, 24, generator=generator, dtype=torch.float64)
    P = torch.randn(3, 16, 24, generator=generator, dtype=torch.float64)
    stencil = matting_affinity(image)
    by_stencil = stencil.apply(P)
    by_csr = torch.from_numpy(stencil.to_csr() @ P.flatten(1).T.numpy()).T.view_as(P)
    torch.testing.assert_close(by_stencil, by_csr, atol=1e-9, rtol=0)
    torch.testing.assert_close(by_stencil, MattingOperator(image).apply(P), atol=1e-9, rtol=0)


def test_matrix_free_agrees_on_a_photo_with_saturated_sky(tiny, generator):
    P = torch.randn(3, 16, 24, generator=generator, dtype=torch.float64)
    ours, free = matting_affinity(tiny).apply(P), MattingOperator(tiny).apply(P)
    torch.testing.assert_close(ours, free, atol=1e-7, rtol=0)


def test_definition_of_one_entry(tiny):
    """Sum over windows as Levin et al. write it, for one pair of pixels two apart."""
    W = dense(matting_affinity(tiny))
    I = tiny.numpy()
    i, j = (7, 9), (8, 11)
    total = 0.0
    for cy in range(1, 15):
        for cx in range(1, 23):
            if max(abs(cy - i[0]), abs(cy - j[0]), abs(cx - i[1]), abs(cx - j[1])) > 1:
                continue
            window = I[:, cy - 1 : cy + 2, cx - 1 : cx + 2].reshape(3, 9)
            mean = window.mean(1)
            cov = np.cov(window, bias=True) + 1e-7 / 9 * np.eye(3)
            centred = I[:, j[0], j[1]] - mean
            total += (1 + (I[:, i[0], i[1]] - mean) @ np.linalg.solve(cov, centred)) / 9
    assert W[i[0] * 24 + i[1], j[0] * 24 + j[1]] == pytest.approx(total, rel=1e-8)


@pytest.mark.skipif(importlib.util.find_spec("pymatting") is None, reason="optional oracle")
def test_equals_pymatting(tiny):
    from pymatting import cf_laplacian

    image = tiny[:, :12, :12].contiguous()
    L = cf_laplacian(image.permute(1, 2, 0).numpy(), epsilon=1e-7, radius=1).toarray()
    ours = np.diag(window_count(12, 12).numpy().ravel()) - dense(matting_affinity(image))
    np.testing.assert_allclose(ours, L, atol=1e-8)


def test_flip_and_transpose_equivariance(tiny, generator):
    P = torch.randn(3, 16, 24, generator=generator, dtype=torch.float64)
    straight = matting_affinity(tiny).apply(P)
    for change in (lambda x: x.flip(-1), lambda x: x.flip(-2), lambda x: x.transpose(-1, -2)):
        turned = matting_affinity(change(tiny).contiguous()).apply(change(P).contiguous())
        torch.testing.assert_close(turned, change(straight), atol=1e-8, rtol=0)


def test_invertible_colour_maps_leave_the_affinity_alone(tiny, generator):
    mix = torch.randn(3, 3, generator=generator, dtype=torch.float64) + 2 * torch.eye(3)
    other = torch.einsum("ab,byx->ayx", mix, tiny)
    small, released = (
        (matting_affinity(tiny, eps).coef - matting_affinity(other, eps).coef).abs().max()
        for eps in (1e-12, 1e-7)
    )
    assert small < 1e-5
    assert released > 100 * small


def test_a_photo_taller_than_a_block_of_rows_is_assembled_whole(photo):
    """Windows are handled 32 rows at a time: every crop has the rows of the whole inside."""
    whole, lower = matting_affinity(photo), matting_affinity(photo[:, 20:])
    inside = (slice(None), slice(2, 24), slice(None))
    there = lower.coef[inside]
    torch.testing.assert_close(whole.coef[:, 22:44], there, atol=1e-9, rtol=0)


def test_window_sums_at_any_radius(generator):
    x = torch.randn(2, 11, 13, generator=generator, dtype=torch.float64)
    for radius in (1, 2, 5):
        m = 2 * radius + 1
        direct = x.unfold(1, m, 1).unfold(2, m, 1).sum((-1, -2))
        torch.testing.assert_close(sum_windows(x, radius), direct, atol=1e-12, rtol=0)


def test_photo_smaller_than_a_window_is_refused():
    with pytest.raises(CourseError, match="needs 3x3"):
        matting_affinity(torch.zeros(3, 2, 40))
    with pytest.raises(CourseError, match="needs 11x11"):
        MattingOperator(torch.zeros(3, 8, 40), radius=5)
