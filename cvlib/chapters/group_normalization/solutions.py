"""One way to solve each exercise of chapter 04; every function stands alone, since it is shown."""

from torch import Tensor


def channel_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    """The transformer's layer norm of x (N, C, *): over the channels of each position alone."""
    shape = (1, -1) + (1,) * (x.ndim - 2)
    centred = x - x.mean(1, keepdim=True)  # (N, C, *) minus (N, 1, *)
    variance = centred.square().mean(1, keepdim=True)
    normal = centred / (variance + eps).sqrt()
    return normal * weight.reshape(shape) + bias.reshape(shape)


def masked_group_norm(
    x: Tensor, mask: Tensor, groups: int, weight: Tensor, bias: Tensor, eps: float
) -> Tensor:
    """Group norm of sequences x (N, C, T) over the positions where mask (N, T) is true."""
    n, c, t = x.shape
    grouped = x.reshape(n, groups, c // groups, t)
    valid = mask[:, None, None, :].to(x.dtype)  # (N, 1, 1, T)
    count = valid.sum((2, 3), keepdim=True) * (c // groups)  # m, for each image its own
    mean = (grouped * valid).sum((2, 3), keepdim=True) / count  # (N, G, 1, 1)
    centred = (grouped - mean) * valid
    variance = centred.square().sum((2, 3), keepdim=True) / count
    normal = (centred / (variance + eps).sqrt()).reshape(x.shape)
    return normal * weight[:, None] + bias[:, None]


def batch_norm_backward(
    dy: Tensor, x: Tensor, weight: Tensor, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of batch norm in training for x (N, C, H, W), gamma and beta (C,), given dy."""
    rest = (0, 2, 3)
    centred = x - x.mean(rest, keepdim=True)
    r = (centred.square().mean(rest, keepdim=True) + eps).rsqrt()
    normal = centred * r
    g = dy * weight[:, None, None]
    along_normal = (g * normal).mean(rest, keepdim=True)
    dx = r * (g - g.mean(rest, keepdim=True) - normal * along_normal)
    return dx, (dy * normal).sum(rest), dy.sum(rest)


EPSILON = 0.75  # x_hat = (d/2) / sqrt(d^2/4 + eps) = 1 / sqrt(1 + 4 eps/d^2) = 1/2

STAGE_SIZES = [25088, 6272, 1568, 392, 98]  # 2 images times 112^2, 56^2, 28^2, 14^2, 7^2


def running_statistics(
    x: Tensor, images_per_worker: int, running_mean: Tensor, running_var: Tensor, momentum: float
) -> tuple[Tensor, Tensor]:
    """What K workers store after one batch x (K n, C, H, W): the mean over workers, (C,) each."""
    workers = x.reshape(-1, images_per_worker, *x.shape[1:])  # (K, n, C, H, W)
    mean = workers.mean((1, 3, 4))  # (K, C)
    variance = workers.var((1, 3, 4), correction=1)  # (K, C): stored unbiased
    new_mean = (1 - momentum) * running_mean + momentum * mean.mean(0)
    new_var = (1 - momentum) * running_var + momentum * variance.mean(0)
    return new_mean, new_var


def merged(
    kernel: Tensor, offset: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, var: Tensor,
    eps: float,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Kernel (C_out, C_in, k, k) and offset (C_out,) of a convolution that holds its norm too."""
    scale = gamma / (var + eps).sqrt()  # 1: eps is inside the root
    new_kernel = kernel * scale[:, None, None, None]  # 2: one scale per output channel
    new_offset = beta + (offset - mean) * scale  # 3: the convolution's own offset is scaled too
    return new_kernel, new_offset
