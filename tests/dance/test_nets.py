import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.dance.nets import PoseToFrame, coordinates, pairs_for_D, perform, two_frames
from cvlib.gan.patch import MultiscaleDiscriminator


def net(previous=True, seed=0):
    torch.manual_seed(seed)
    return PoseToFrame(8, 2, 1, previous).eval()


def test_shapes_and_range():
    x = torch.rand(2, 3, 24, 16)
    y = net()(x, torch.rand(2, 3, 24, 16))
    assert y.shape == (2, 3, 24, 16)
    assert y.abs().max() <= 1
    with pytest.raises(CourseError, match="multiples of 4"):
        net()(torch.rand(1, 3, 22, 15))


def test_the_first_frame_is_drawn_on_zeros():
    G, x = net(), torch.rand(2, 2, 3, 16, 16)
    y = two_frames(G, x)
    torch.testing.assert_close(y[:, 0], G(x[:, 0], torch.zeros(2, 3, 16, 16)))
    torch.testing.assert_close(y[:, 1], G(x[:, 1], y[:, 0]))


def test_gradients_reach_the_first_frame_through_the_second():
    G = net()
    x = torch.rand(1, 2, 3, 16, 16, requires_grad=True)
    two_frames(G, x)[:, 1].sum().backward()
    assert x.grad[:, 0].abs().sum() > 0


def test_d_sees_twelve_channels_of_two_frames_and_six_of_one():
    x, y = torch.rand(2, 2, 3, 16, 16), torch.rand(2, 2, 3, 16, 16)
    seen = pairs_for_D(x, y)
    assert seen.shape == (2, 12, 16, 16)
    torch.testing.assert_close(seen[:, 3:6], x[:, 1])
    torch.testing.assert_close(seen[:, 6:9], y[:, 0])
    assert pairs_for_D(x[:, 1:], y[:, 1:]).shape == (2, 6, 16, 16)
    scores = MultiscaleDiscriminator(12, (8, 16), scales=2)(seen)
    assert len(scores) == 2


def test_a_frame_depends_on_no_later_stick():
    G, x = net(), torch.rand(6, 3, 16, 16)
    later = x.clone()
    later[4:] = 0
    torch.testing.assert_close(perform(G, x)[:4], perform(G, later)[:4])
    assert not torch.allclose(perform(G, x)[4], perform(G, later)[4])


def test_every_clip_starts_anew():
    G, x = net(), torch.rand(4, 3, 16, 16)
    perform(G, torch.rand(3, 3, 16, 16))
    once = perform(G, x)
    torch.testing.assert_close(perform(G, x), once, rtol=0, atol=0)
    torch.testing.assert_close(once[0], G(x[:1])[0])


def test_without_memory_frames_do_not_know_of_each_other():
    G, x = net(previous=False), torch.rand(5, 3, 16, 16)
    torch.testing.assert_close(perform(G, x)[3:4], G(x[3:4]), rtol=1e-4, atol=1e-6)


def test_it_knows_where_a_pixel_is():
    G = net(previous=False)
    y = G(torch.zeros(1, 3, 32, 32))
    assert (y[..., 8:-8, 10] - y[..., 8:-8, 20]).abs().max() > 1e-3
    grid = coordinates(torch.zeros(1, 3, 5, 7))
    assert grid[0, :, 0, 0].tolist() == [-1, -1]
    torch.testing.assert_close(grid[0, :, 2, 3], torch.zeros(2))


def test_no_parameter_is_given_to_an_optimiser_twice():
    for module in (net(), net(previous=False)):
        params = list(module.parameters())
        assert len(set(map(id, params))) == len(params)
