"""Self-attention between the positions of a feature map (SAGAN, Sec. 3), and its control."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.course.errors import CourseError
from cvlib.gan.norm import spectral_norm


def _conv1x1(inputs: int, outputs: int, sn: bool) -> nn.Module:
    conv = nn.Conv2d(inputs, outputs, 1, bias=False)
    return spectral_norm(conv) if sn else conv


def _as_rows(h: Tensor) -> Tensor:
    """List the positions of a map as rows: (B, C, H, W) -> (B, HW, C), row-major."""
    return h.flatten(2).transpose(1, 2)


class SelfAttention2d(nn.Module):
    """`y = x + gamma v(sum_i beta_ji h(x_i))` with `beta = softmax_i(g(x_j)' f(x_i))` (Eq. 1-3).

    Queries g and keys f have C/8 channels. As in the authors' code the values h have C/2 channels,
    and keys and values are 2x2 max-pooled (`pool=True`: N x N/4 instead of N x N comparisons); the
    paper's text has no pooling. The dot product is not scaled by 1/sqrt(d). `gamma` starts at 0:
    the block is the identity. `fused` takes PyTorch's kernel, which never stores the map, instead
    of the explicit product; `sn` puts spectral norm on the four 1x1 convolutions.
    """

    def __init__(
        self, channels: int, sn: bool = True, pool: bool = True, fused: bool = True
    ) -> None:
        super().__init__()
        if channels < 8:
            raise CourseError(
                f"self-attention needs at least 8 channels, not {channels}: its queries have C/8"
            )
        self.query = _conv1x1(channels, channels // 8, sn)  # g in the paper
        self.key = _conv1x1(channels, channels // 8, sn)  # f
        self.value = _conv1x1(channels, channels // 2, sn)  # h
        self.out = _conv1x1(channels // 2, channels, sn)  # v
        self.gamma = nn.Parameter(torch.zeros(()))
        self.pool = pool
        self.fused = fused

    def _pooled(self, h: Tensor) -> Tensor:
        return F.max_pool2d(h, 2) if self.pool else h

    def attention_map(self, x: Tensor) -> Tensor:
        """The map `beta` (B, N, M): row j says how much query j looks at each key; rows sum to 1.

        `x` is (B, C, H, W); N = H W queries, M = N/4 keys (N without pooling), row-major.
        """
        q = _as_rows(self.query(x))  # (B, N, C/8)
        k = _as_rows(self._pooled(self.key(x)))  # (B, M, C/8)
        return torch.softmax(q @ k.transpose(1, 2), dim=-1)

    def forward(self, x: Tensor) -> Tensor:
        """Map `x` (B, C, H, W) to the same shape."""
        q = _as_rows(self.query(x))  # (B, N, C/8)
        k = _as_rows(self._pooled(self.key(x)))  # (B, M, C/8)
        v = _as_rows(self._pooled(self.value(x)))  # (B, M, C/2)

        if self.fused:
            # One head. The default scale would divide by sqrt(d).
            heads = F.scaled_dot_product_attention(q[:, None], k[:, None], v[:, None], scale=1.0)
            o = heads[:, 0]  # (B, N, C/2)
        else:
            beta = torch.softmax(q @ k.transpose(1, 2), dim=-1)  # (B, N, M)
            o = beta @ v  # (B, N, C/2)

        o = o.transpose(1, 2).unflatten(2, x.shape[2:])  # (B, C/2, H, W)
        return x + self.gamma * self.out(o)


class LocalResidual2d(nn.Module):
    """The control of Table 1: as many parameters as attention, but each position sees 3x3 only.

    A bottleneck 1x1, 3x3, 1x1 of m = 5C/18 channels has `2Cm + 9m^2 = 1.25 C^2` weights, the count
    of `SelfAttention2d`. It starts as the identity as well (`gamma = 0`).
    """

    def __init__(self, channels: int, sn: bool = True) -> None:
        super().__init__()
        m = round(5 * channels / 18)
        spatial = nn.Conv2d(m, m, 3, padding=1, bias=False)
        self.reduce = _conv1x1(channels, m, sn)
        self.spatial = spectral_norm(spatial) if sn else spatial
        self.out = _conv1x1(m, channels, sn)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """Map `x` (B, C, H, W) to the same shape."""
        h = F.relu(self.reduce(x))  # (B, m, H, W)
        h = F.relu(self.spatial(h))
        return x + self.gamma * self.out(h)


@torch.no_grad()
def attention_maps(net: nn.Module, *inputs: Tensor) -> dict[int, Tensor]:
    """Run `net(*inputs)` and return `{map height: attention map (B, N, M)}` of its blocks."""
    maps: dict[int, Tensor] = {}

    def keep(module: SelfAttention2d, args: tuple[Tensor]) -> None:
        x = args[0]
        maps[x.shape[2]] = module.attention_map(x)

    blocks = [m for m in net.modules() if isinstance(m, SelfAttention2d)]
    hooks = [block.register_forward_pre_hook(keep) for block in blocks]
    try:
        net(*inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return maps
