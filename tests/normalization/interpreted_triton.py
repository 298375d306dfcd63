"""Runs the Triton kernels in Triton's interpreter, in a process of its own; prints JSON errors."""

import json
import os
import warnings

os.environ["TRITON_INTERPRET"] = "1"  # before Triton is imported

import torch
from torch.nn import functional as F

from cvlib.normalization.triton_gn import fused_group_norm

warnings.filterwarnings("error", module="cvlib|tests|__main__")  # Triton's own are Triton's

# (shape, groups): not powers of two, no pixels at all, and more than one block of 4096 values
CASES = (((2, 6, 3, 5), 3), ((1, 12, 7, 7), 4), ((3, 8), 2), ((1, 2, 4099), 1))


def both(norm, dtype, shape, relu):
    """The output and the gradients of x, gamma and beta, as float64."""
    generator = torch.Generator().manual_seed(0)
    drawn = [torch.randn(s, generator=generator) for s in (shape, shape[1], shape[1], shape)]
    drawn[3] /= drawn[3][0, 0].numel() ** 0.5  # sums over pixels, dw and db, stay of order 1
    x, w, b, dy = (t.to(dtype) for t in drawn)
    leaves = [t.requires_grad_() for t in (2 * x + 1, w, b)]
    y = norm(*leaves)
    y = F.relu(y) if relu else y
    return [t.detach().double() for t in (y, *torch.autograd.grad(y, leaves, dy))]


def errors(shape, groups, relu):
    """Largest difference of the kernels in float32 to torch in float64: y, and dx, dw, db."""
    mine = both(
        lambda *a: fused_group_norm(a[0], groups, a[1], a[2], relu=relu), torch.float, shape, False
    )
    theirs = both(lambda *a: F.group_norm(a[0], groups, a[1], a[2]), torch.double, shape, relu)
    return [(p - q).abs().max().item() for p, q in zip(mine, theirs, strict=True)]


def half_error():
    """Of float16 inputs, whose squares overflow float16, against torch in float32."""
    x = (300 + 10 * torch.randn(2, 4, 3, 3, generator=torch.Generator().manual_seed(0))).half()
    y = fused_group_norm(x, 2, torch.ones(4), torch.zeros(4))
    return str(y.dtype), (y.float() - F.group_norm(x.float(), 2)).abs().max().item()


if __name__ == "__main__":
    found = [
        {"relu": relu, "errors": errors(shape, groups, relu)}
        for shape, groups in CASES
        for relu in (False, True)
    ]
    print(json.dumps({"cases": found, "half": half_error()}))
