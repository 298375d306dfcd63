"""Answers are read whatever form they have; what cannot be read is told in a sentence."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cvlib.course.page.answers import (
    Wrong,
    apart,
    array,
    by_hand,
    close,
    function,
    number,
    sequence,
    several,
    tensor,
    whole,
)

SAME = [
    [[1, 2], [3, 4]],
    ((1.0, 2.0), (3.0, 4.0)),
    np.array([[1, 2], [3, 4]]),
    np.array([[1, 2], [3, 4]], dtype=np.float16),
    torch.tensor([[1, 2], [3, 4]]),
    torch.tensor([[1.0, 2], [3, 4]], dtype=torch.bfloat16),
    torch.tensor([[1.0, 2], [3, 4]], requires_grad=True),
    torch.tensor([[1.0, 2], [3, 4]]).to_sparse(),
    [torch.tensor([1.0, 2]), torch.tensor([3.0, 4])],
    [np.array([1, 2]), np.array([3, 4])],
]


@pytest.mark.parametrize("value", SAME, ids=lambda v: type(v).__name__)
def test_every_form_of_the_same_numbers_is_the_same_tensor(value):
    assert tensor(value, (2, 2)).tolist() == [[1, 2], [3, 4]]
    assert array(value).shape == (2, 2)


def test_a_list_is_read_in_double_precision():
    assert tensor([0.1], (1,)).dtype == torch.float64
    assert tensor([0.1], (1,)).item() == 0.1


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "expected an array of shape (2,), got None"),
        ("ab", "expected an array of shape (2,), got an object of type str"),
        ([1, [2, 3]], "expected an array of shape (2,), got a list of 2"),
        ([1, 2, 3], "expected the shape (2,), got (3,)"),
        ([1, math.nan], "holds nan or infinity"),
        (object(), "got an object of type object"),
        ({"a": 1}, "got an object of type dict"),
        (len, "got a function"),
        (["a", "b"], "got a list of 2"),
    ],
)
def test_what_is_no_such_array_is_told(value, message):
    with pytest.raises(Wrong, match="the weights") as caught:
        tensor(value, (2,), "the weights")
    assert message in str(caught.value)
    assert str(caught.value).startswith("the weights")


ONES = [1, 1.0, np.int64(1), np.float32(1), np.array(1), np.array([1]), torch.tensor(1), True]


@pytest.mark.parametrize("value", ONES, ids=lambda v: type(v).__name__)
def test_numbers_of_every_type(value):
    assert number(value) == 1.0
    assert whole(value) == 1


@pytest.mark.parametrize("value", [None, "1", [1, 2], math.inf, 1j, torch.zeros(0), number])
def test_what_is_no_number_is_told(value):
    with pytest.raises(Wrong, match="your answer"):
        number(value)


def test_a_fraction_is_not_whole():
    with pytest.raises(Wrong, match="a whole number, got"):
        whole(2.5)


def test_several_and_sequences():
    assert several(torch.arange(2), 2, "two")[1] == 1
    assert several([1, 2], 2, "two") == (1, 2)
    with pytest.raises(Wrong, match="expected 3 things, root, inverse, trace; got a tuple of 2"):
        several((1, 2), 3, "root, inverse, trace")
    for value in (range(1, 4), (1, 2, 3), np.arange(1, 4), torch.arange(1, 4), {1, 2, 3}):
        assert sequence(value, "axes") == [1, 2, 3]
    with pytest.raises(Wrong, match="expected axes, got an object of type int"):
        sequence(3, "axes")


def test_the_tolerance_is_what_the_answers_own_precision_reaches():
    exact = torch.rand(100, dtype=torch.float64)
    assert close(exact.float(), exact, 1e-12)
    assert not close(exact + 1e-9, exact, 1e-12)
    assert close(exact.half(), exact)
    assert not close(exact.bfloat16() * 1.1, exact), "half precision excuses no wrong formula"
    assert not close(exact[:50], exact)
    assert close(1000 * exact.float(), 1000 * exact, 1e-12)


def test_no_message_prints_two_numbers_that_look_equal():
    assert apart(0.7505, 0.75) == ("0.7505", "0.75")
    assert apart(2.0, 3.0) == ("2", "3")
    assert len(set(apart(2 + 1e-12, 2.0))) == 2


def test_a_function_gets_copies_and_must_leave_them_alone():
    def careless(x):
        x -= x.mean()
        return x

    x = torch.rand(4)
    before = x.clone()
    with pytest.raises(Wrong, match="in place"):
        function(careless, "f(x)")(x)
    assert torch.equal(x, before)
    assert function(lambda x: 2 * x, "f(x)")(torch.ones(1)) == 2
    with pytest.raises(Wrong, match=r"expected the function f\(x\), got an object of type int"):
        function(3, "f(x)")


def gradient_by_grad(x):
    x = x.detach().requires_grad_()
    return torch.autograd.grad((x**2).sum(), x)[0]


def gradient_by_backward(x):
    x = x.detach().requires_grad_()
    (x**2).sum().backward()
    return x.grad


def gradient_inside_enable_grad(x):
    with torch.inference_mode(False), torch.enable_grad():
        return gradient_by_backward(x.clone())


def gradient_by_vjp(x):
    y, vjp = torch.func.vjp(lambda t: (t**2).sum(), x)
    return vjp(torch.ones_like(y))[0]


def gradient_by_jvp(x):
    return torch.func.jvp(lambda t: (t**2).sum(), (x,), (torch.ones_like(x),))[1]


def gradient_by_grad_of(x):
    return torch.func.grad(lambda t: (t**2).sum())(x)


def gradient_by_jacobian(x):
    return torch.autograd.functional.jacobian(lambda t: (t**2).sum(), x)


def gradient_by_kernel(x):
    _, mean, rstd = torch.native_group_norm(x[None, :, None], None, None, 1, 4, 1, 2, 1e-5)
    dy = torch.ones(1, 4, 1)
    return torch.ops.aten.native_group_norm_backward(
        dy, x[None, :, None], mean, rstd, None, 1, 4, 1, 2, [True, False, False]
    )[0]


def gradient_in_secret(x):
    try:
        return gradient_by_backward(x)
    except Exception:
        return 2 * x


ROADS = [value for name, value in list(globals().items()) if name.startswith("gradient_")]


@pytest.mark.parametrize("road", ROADS, ids=lambda r: r.__name__)
def test_no_road_leads_to_autograd(road):
    with pytest.raises(Wrong, match="autograd computes the gradient here"), by_hand("the gradient"):
        road(torch.arange(4.0))


def test_by_hand_lets_arithmetic_through_and_opens_the_doors_again():
    with by_hand("the gradient"):
        assert F.relu(torch.tensor([-1.0, 2.0])).sum() == 2
    assert gradient_by_grad(torch.ones(2)).tolist() == [2, 2]
