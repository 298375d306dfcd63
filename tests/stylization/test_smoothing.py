import numpy as np
import pytest
import scipy.sparse.linalg
import torch

from cvlib.course.errors import CourseError
from cvlib.stylization import solvers
from cvlib.stylization.affinity import matting_affinity
from cvlib.stylization.factor import Factor, nested_dissection
from cvlib.stylization.filters import guided_filter
from cvlib.stylization.smoothing import SmoothingSystem, smooth_closed_form


def system(image, alpha=0.9999, **options):
    return SmoothingSystem(image, alpha, dtype=torch.float64, **options)


def exact(image, Y, alpha=0.9999, eps=1e-7):
    """The paper's formula with dense numpy matrices: an answer that shares no code with ours."""
    W = matting_affinity(image, eps).to_csr().toarray()
    D = np.diag(W.sum(1))
    R = (1 - alpha) * np.linalg.solve(D - alpha * W, D @ Y.flatten(1).T.numpy())
    return torch.from_numpy(R).T.reshape(Y.shape)


@pytest.fixture(scope="module")
def noise():
    return torch.rand(3, 16, 24, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def test_spectrum(tiny):
    for alpha in (0.5, 0.99, 0.9999):
        A = system(tiny, alpha).matrix().toarray()
        values = np.linalg.eigvalsh(A)
        assert values.min() == pytest.approx(1 - alpha, abs=1e-10)
        assert values.max() <= 1 + 1e-10
        assert values.max() / values.min() <= 1 / (1 - alpha) + 1e-4


@pytest.mark.parametrize(
    ("solver", "tol", "close"),
    [("direct", 0, 1e-8), ("cg", 1e-10, 1e-7), ("chebyshev", 1e-10, 1e-7), ("cg", 3e-3, 2e-3)],
)
def test_every_solver_gives_the_dense_answer(tiny, noise, solver, tol, close):
    smoothed = system(tiny).solve(noise, solver, tol=tol or 1e-11)
    torch.testing.assert_close(smoothed.image, exact(tiny, noise), atol=close, rtol=0)
    assert smoothed.residual <= max(tol, 1e-11)


def test_float32_is_within_half_a_grey_level(tiny, noise):
    smoothed = smooth_closed_form(noise.float(), tiny.float())
    error = (smoothed.image - exact(tiny.float().double(), noise)).abs().max()
    assert error < 0.5 / 255


def test_alpha_zero_returns_the_stylised_image(tiny, noise):
    for solver in ("cg", "chebyshev", "direct"):
        image = system(tiny, 0.0).solve(noise, solver).image
        torch.testing.assert_close(image, noise, atol=1e-15, rtol=0)


def test_random_walk_keeps_constants(tiny):
    constant = torch.full((1, 16, 24), 0.5, dtype=torch.float64)
    for solver in ("cg", "direct"):
        image = system(tiny).solve(constant, solver, tol=1e-11).image
        torch.testing.assert_close(image, constant, atol=1e-11, rtol=0)


def test_random_walk_keeps_affine_colour_maps_up_to_eps(tiny, generator):
    mix = torch.randn(3, 3, generator=generator, dtype=torch.float64)
    mapped = torch.einsum("ab,byx->ayx", mix, tiny) + 0.2
    for alpha, close in [(0.9999, 5e-2), (0.99, 2e-3)]:
        image = system(tiny, alpha).solve(mapped, "direct", tol=1e-11).image
        assert (image - mapped).abs().max() < close
    image = system(tiny, 0.9999, eps=1e-10).solve(mapped, "direct", tol=1e-11).image
    assert (image - mapped).abs().max() < 1e-4


def test_symmetric_form_breaks_constants(tiny):
    """The released normalisation: a grey photo comes back with a bright or dark border."""
    one = torch.ones(1, 16, 24, dtype=torch.float64)
    image = system(tiny, normalization="symmetric").solve(one, "direct", tol=1e-11).image
    assert image.min() < 0.6
    assert image.max() > 1.1


def test_limit_is_one_global_affine_colour_map(tiny, noise):
    eps, alpha = 1e-10, 1 - 1e-6
    degree = system(tiny).degree.flatten().numpy()
    basis = np.hstack([np.ones((384, 1)), tiny.flatten(1).T.numpy()])
    weighted = basis.T * degree
    best = basis @ np.linalg.solve(weighted @ basis, weighted @ noise.flatten(1).T.numpy())
    image = system(tiny, alpha, eps=eps).solve(noise, "direct", tol=1e-7).image
    np.testing.assert_allclose(image.flatten(1).T, best, rtol=0, atol=3e-3)


def test_null_space_has_four_dimensions_and_eps_lifts_three(tiny):
    W = matting_affinity(tiny, 1e-10).to_csr().toarray()
    values = np.linalg.eigvalsh(np.diag(W.sum(1)) - W)
    assert values[3] < 1e-5 < 1e-3 < values[4]
    W = matting_affinity(tiny, 1e-7).to_csr().toarray()
    values = np.linalg.eigvalsh(np.diag(W.sum(1)) - W)
    assert abs(values[0]) < 1e-10
    assert values[1] > 1e-8


def test_linear_and_commutes_with_colour_mixing(tiny, noise, generator):
    S = system(tiny)

    def smooth(Y):
        return S.solve(Y, "direct", tol=1e-11).image

    other = torch.rand(3, 16, 24, generator=generator, dtype=torch.float64)
    both = smooth(2 * noise - other)
    parts = 2 * smooth(noise) - smooth(other)
    torch.testing.assert_close(both, parts, atol=1e-9, rtol=0)
    mix = torch.randn(3, 3, generator=generator, dtype=torch.float64)
    mixed = smooth(torch.einsum("ab,byx->ayx", mix, noise))
    after = torch.einsum("ab,byx->ayx", mix, smooth(noise))
    torch.testing.assert_close(mixed, after, atol=1e-9, rtol=0)


def test_self_adjoint_in_the_degree_and_keeps_the_weighted_mean(tiny, noise, generator):
    S = system(tiny)

    def smooth(Y):
        return S.solve(Y, "direct", tol=1e-11).image

    other = torch.rand(3, 16, 24, generator=generator, dtype=torch.float64)
    one = (S.degree * other * smooth(noise)).sum()
    two = (S.degree * noise * smooth(other)).sum()
    torch.testing.assert_close(one, two, atol=1e-8, rtol=0)
    change = (S.degree * (smooth(noise) - noise)).sum((1, 2)) / S.degree.sum()
    assert change.abs().max() < 1e-10


def test_closed_form_is_the_sum_of_a_random_walk(tiny, noise):
    alpha, S = 0.9, system(tiny, 0.9)
    series = torch.zeros_like(noise)
    walked = noise
    for k in range(200):
        error = S.solve(noise, "direct", tol=1e-11).image - series
        norm = (S.degree * error**2).sum().sqrt()
        assert norm <= alpha**k * (S.degree * noise**2).sum().sqrt() + 1e-9
        series = series + (1 - alpha) * alpha**k * walked
        walked = S.walk(walked, 1)


def test_one_step_of_the_walk_is_a_guided_filter(generator):
    image = torch.rand(3, 16, 24, generator=generator, dtype=torch.float64)
    Y = torch.rand(3, 16, 24, generator=generator, dtype=torch.float64)
    eps = 1e-3
    step = SmoothingSystem(image, 0.9, eps, dtype=torch.float64).walk(Y, 1)
    torch.testing.assert_close(guided_filter(image, Y, 1, eps / 9), step, atol=1e-9, rtol=0)


def test_flip_and_transpose_equivariance(tiny, noise):
    straight = system(tiny).solve(noise, "direct", tol=1e-11).image
    for change in (lambda x: x.flip(-1), lambda x: x.transpose(-1, -2)):
        turned = system(change(tiny).contiguous()).solve(
            change(noise).contiguous(), "direct", tol=1e-11
        )
        torch.testing.assert_close(turned.image, change(straight), atol=1e-7, rtol=0)


@pytest.mark.parametrize("normalization", ["random_walk", "symmetric"])
def test_gradient_is_one_more_solve(photo, normalization, generator):
    image = photo[:, :5, :6].double()
    S = system(image, 0.9, normalization=normalization)
    Y = torch.rand(1, 5, 6, generator=generator, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda y: S(y, tol=1e-11), (Y,), atol=1e-6)


def test_iterations_do_not_grow_with_the_resolution():
    from cvlib.stylization.pairs import sample_photo
    from cvlib.stylization.photos import cover

    counts = []
    for height, width in [(64, 96), (128, 192)]:
        content, Y = (cover(sample_photo(n), height, width) for n in ("china", "flower"))
        counts.append(smooth_closed_form(Y, content).iterations)
    assert abs(counts[1] - counts[0]) <= 0.2 * counts[0]


def test_wrong_input_is_one_clear_sentence(tiny, noise):
    for bad, text in [
        (lambda: system(tiny, 1.0), "from 0 to below 1"),
        (lambda: system(tiny, normalization="rows"), "random_walk"),
        (lambda: system(tiny).solve(noise, "magic"), "chebyshev"),
        (lambda: system(tiny).solve(noise[:, :8]), "resize one to the other"),
    ]:
        with pytest.raises(CourseError, match=text):
            bad()


def test_solver_that_stalls_says_so(tiny, noise, monkeypatch):
    monkeypatch.setattr(solvers, "ITERATIONS", 5)
    for solver in ("cg", "chebyshev"):
        with pytest.raises(CourseError, match="5 iterations do not bring the residual to"):
            system(tiny).solve(noise, solver, tol=1e-9)
    with pytest.raises(CourseError, match=r"the residual is still .* after 0 iterations"):
        solvers.refined(lambda R, tol: (0 * R, 0), lambda X: X, noise, 0 * noise, 1e-3)


@pytest.mark.parametrize("solver", ["cg", "chebyshev", "direct"])
@pytest.mark.parametrize("tol", [3e-3, 1e-6])
def test_the_residual_is_computed_from_the_answer_not_believed(photo, solver, tol):
    """Float32 iterations alone stall near 4e-3 here while their own number falls on and on."""
    Y = photo.flip(-1) * 0.5
    S = SmoothingSystem(photo)
    smoothed = S.solve(Y, solver, tol=tol)
    B = (1 - S.alpha) * S.root * Y
    Z = S.root * smoothed.image.double()
    true = solvers.relative_residual(B - S.apply_exactly(Z), B)
    assert smoothed.residual <= tol
    # The image itself is float32: rounding it costs up to 1e-3 of the right-hand side.
    assert true == pytest.approx(smoothed.residual, abs=1.5e-3)


def test_updated_residuals_drift_away_from_the_truth_in_float32(photo):
    """Why `refined` exists; if this fails, float32 has become better than it can be."""
    S = SmoothingSystem(photo)
    B = ((1 - S.alpha) * S.root * photo.flip(-1)).float()
    X, _ = solvers.run_until(solvers.gradient_steps(S.apply, B, 0 * B), B, 1e-6)
    true = solvers.relative_residual(B.double() - S.apply_exactly(X.double()), B.double())
    assert true > 100 * 1e-6


def test_a_factorisation_serves_any_number_of_results(photo, monkeypatch):
    S = SmoothingSystem(photo)
    first = S.solve(photo.flip(0), "direct").image
    monkeypatch.setattr("cvlib.stylization.smoothing.Factor", None)  # it must not be made again
    again = S.solve(photo.flip(0), "direct").image
    assert torch.equal(first, again)
    other = S.solve(photo.flip(-1), "direct").image
    by_cg = S.solve(photo.flip(-1), "cg", tol=1e-5).image
    torch.testing.assert_close(other, by_cg, atol=1e-3, rtol=0)


@pytest.mark.parametrize("size", [(1, 1), (9, 8), (30, 17), (16, 41)])
def test_nested_dissection_is_an_order_whose_last_line_separates(size):
    pixels = np.arange(size[0] * size[1]).reshape(size)
    order = nested_dissection(pixels)
    assert sorted(order.tolist()) == pixels.ravel().tolist()


def test_nested_dissection_fills_in_less_than_the_default_order(photo):
    A = SmoothingSystem(photo, dtype=torch.float64).matrix()
    ours = Factor(A, 48, 64).lu.nnz
    reading_order = scipy.sparse.linalg.splu(A.tocsc(), permc_spec="NATURAL").nnz
    assert ours < 0.6 * reading_order


def test_a_photo_too_large_to_factorise_is_refused(monkeypatch, photo):
    monkeypatch.setattr("cvlib.stylization.factor.LARGEST", 1000)
    with pytest.raises(CourseError, match="64x48 pixels are too many to factorise"):
        SmoothingSystem(photo).solve(photo, "direct")
