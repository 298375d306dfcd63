"""The hook between the backward pass and the optimiser's step."""

import torch

from cvlib.course.run.run import Run
from tests.course import toy


def test_the_hook_sees_the_whole_gradient_once_and_may_change_it(tmp_path):
    task = Run(toy.EXPERIMENT, "smoke", 0, tmp_path).task("a")
    task._micro = 4  # as after an out-of-memory
    net = torch.nn.Linear(3, 1, bias=False)
    batch, seen = torch.randn(8, 3), []

    def halve():
        seen.append(net.weight.grad.clone())
        net.weight.grad.mul_(0.5)

    before = net.weight.detach().clone()
    optimizer = torch.optim.SGD(net.parameters(), lr=1.0)
    task.descend(optimizer, lambda x: net(x).mean(), batch, after_backward=halve)
    torch.testing.assert_close(seen, [batch.mean(0, keepdim=True)])
    torch.testing.assert_close(net.weight.detach(), before - 0.5 * batch.mean(0))
