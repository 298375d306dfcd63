import copy

import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.taskonomy.nets import CODE, Encoder, Readouts, TaskNet, codes, gathered, random_encoder
from cvlib.taskonomy.tasks import TASKS, image_losses

KINDS = ("normal", "edge3d", "semantic", "vanishing")


def labels_of(task, count, size, generator):
    if task.kind == "classes":
        return torch.randint(0, task.channels, (count, size, size), generator=generator)
    if task.kind == "vector":
        return torch.randn(count, task.channels, generator=generator)
    maps = torch.randn(count, task.channels, size, size, generator=generator)
    return (maps > 1).float() if task.kind == "edges" else maps


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(("size", "widths"), [(32, (6, 8)), (64, (4, 6, 8))])
def test_shapes(name, size, widths):
    task = TASKS[name]
    net = TaskNet(task, size, widths)
    picture = torch.rand(2, 3, size, size)
    assert net.encoder(picture).shape == (2, CODE, 8, 8)
    shape = (task.channels,) if task.kind == "vector" else (task.channels, size, size)
    assert net(picture).shape == (2, 1, *shape)
    many = Readouts(task, size, sources=2, heads=3, width=4)
    assert many(torch.randn(2, 3 * 2 * CODE, 8, 8)).shape == (2, 3, *shape)


def head_of(many, which, sources):
    """The same read-out alone, with a copy of its share of the weights."""
    one = Readouts(many.task, many.scale * CODE, sources=sources, heads=1, width=8)
    for mine, theirs in zip(one.parameters(), many.parameters(), strict=True):
        mine.data.copy_(theirs.data.chunk(many.heads)[which])
    return one


@pytest.mark.parametrize("name", KINDS)
def test_readouts_side_by_side_train_as_if_alone(name):
    generator = torch.Generator().manual_seed(0)
    task, size, heads, sources = TASKS[name], 16, 3, 2
    torch.manual_seed(0)
    many = Readouts(task, size, sources=sources, heads=heads, width=8).double()
    alone = [head_of(many, k, sources).double() for k in range(heads)]
    table = [torch.randn(12, CODE, 8, 8, generator=generator).double() for _ in range(4)]
    which = [[0, 1], [1, 2], [3, 0]]
    wanted = labels_of(task, 12, size, generator)
    wanted = wanted if task.kind == "classes" else wanted.double()
    rows = torch.arange(12)

    def train(net, reads):
        optimizer = torch.optim.Adam(net.parameters(), 1e-2)
        for _ in range(4):
            losses = image_losses(task, net(gathered(table, reads, rows)), wanted)
            optimizer.zero_grad()
            losses.mean(0).sum().backward()
            optimizer.step()
        with torch.no_grad():
            return image_losses(task, net(gathered(table, reads, rows)), wanted)

    together = train(many, which)
    for k in range(heads):
        torch.testing.assert_close(train(alone[k], [which[k]])[:, 0], together[:, k])


def test_codes_are_frozen_whitened_and_of_the_pictures():
    torch.manual_seed(0)
    net = TaskNet(TASKS["depth"], 32, (6, 8))
    rgb = torch.rand(40, 3, 32, 32)
    before = copy.deepcopy(net.state_dict())
    found = codes(net.encoder, rgb, 30, batch=16)
    reference = found[:30]
    torch.testing.assert_close(reference.mean((0, 2, 3)), torch.zeros(CODE), atol=1e-4, rtol=0)
    torch.testing.assert_close(reference.std((0, 2, 3)), torch.ones(CODE), atol=1e-3, rtol=0)
    assert not found.requires_grad
    for name, value in net.state_dict().items():
        assert torch.equal(value, before[name])
    torch.testing.assert_close(codes(net.encoder, rgb, 30, batch=7), found)


def test_a_random_encoder_depends_on_its_seed_alone_and_leaves_the_generator_alone():
    rgb = torch.rand(8, 3, 32, 32)
    torch.manual_seed(5)
    state = torch.get_rng_state()
    one = random_encoder(rgb, 32, (6, 8), seed=1)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(6)
    again = random_encoder(rgb, 32, (6, 8), seed=1)
    other = random_encoder(rgb, 32, (6, 8), seed=2)
    assert torch.equal(one(rgb), again(rgb))
    assert not torch.equal(one(rgb), other(rgb))


def test_gathered_puts_the_sources_of_each_head_side_by_side():
    table = [torch.full((3, CODE, 8, 8), float(k)) for k in range(3)]
    found = gathered(table, [[2, 0], [1, 2]], torch.tensor([0, 2]))
    assert found.shape == (2, 4 * CODE, 8, 8)
    assert found[0, ::CODE, 0, 0].tolist() == [2, 0, 1, 2]


def test_sizes_that_do_not_end_at_the_code_are_refused():
    with pytest.raises(CourseError, match="change the widths"):
        Encoder(64, (8, 8))
