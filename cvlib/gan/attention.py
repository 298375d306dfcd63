"""Self-attention between the positions of a feature map (SAGAN, Sec. 3), and its control."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.course.errors import CourseError
from cvlib.gan.norm import spectral_norm


def _conv1x1(inputs: int, outputs: int, sn: bool) -> nn.Module:
    conv = nn.Conv2d(inputs, outputs, 1, bias=False)
    return spectral_norm(conv) if sn else conv


class SelfAttention2d(nn.Module):
    """``y = x + gamma v(sum_i beta_ji h(x_i))`` with ``beta = softmax_i(g(x_j)' f(x_i))``.

    Queries g and keys f have C/8 channels. As in the authors' code the values h have C/2 channels,
    and keys and values are 2x2 max-pooled (``pool=True``); the paper's text has no pooling. The dot
    product is not scaled by 1/sqrt(d). ``gamma`` starts at 0: the block is the identity.

    Args:
        channels: C, at least 8.
        sn: spectral norm on the four 1x1 convolutions.
        pool: pool keys and values, N x N/4 instead of N x N comparisons.
        fused: use PyTorch's fused kernel, which never stores the map; else the explicit product.
    """

    def __init__(
        self, channels: int, sn: bool = True, pool: bool = True, fused: bool = True
    ) -> None:
        super().__init__()
        if channels < 8:
            raise CourseError(f"Self-attention needs at least 8 channels, not {channels}.")
        self.query = _conv1x1(channels, channels // 8, sn)  # g in the paper
        self.key = _conv1x1(channels, channels // 8, sn)  # f
        self.value = _conv1x1(channels, channels // 2, sn)  # h
        self.out = _conv1x1(channels // 2, channels, sn)  # v
        self.gamma = nn.Parameter(torch.zeros(()))
        self.pool, self.fused = pool, fused

    def _rows(self, x: Tensor, parts: str) -> list[Tensor]:
        """Project ``x`` (B, C, H, W) and list positions as rows: each (B, N or N/4, channels)."""
        rows = []
        for name in parts:
            h = {"q": self.query, "k": self.key, "v": self.value}[name](x)
            if self.pool and name != "q":
                h = F.max_pool2d(h, 2)
            rows.append(h.flatten(2).transpose(1, 2))
        return rows

    def attention_map(self, x: Tensor) -> Tensor:
        """The map ``beta`` (B, N, M): row j says how much query j looks at each key; rows sum to 1.

        ``x`` is (B, C, H, W); N = H W queries, M = N/4 keys (N without pooling), row-major.
        """
        q, k = self._rows(x, "qk")
        return torch.softmax(q @ k.transpose(1, 2), dim=-1)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``x`` (B, C, H, W) to the same shape."""
        q, k, v = self._rows(x, "qkv")
        if self.fused:  # scale=1.0: the default would divide by sqrt(d)
            o = F.scaled_dot_product_attention(q[:, None], k[:, None], v[:, None], scale=1.0)[:, 0]
        else:
            o = torch.softmax(q @ k.transpose(1, 2), dim=-1) @ v
        o = o.transpose(1, 2).unflatten(2, x.shape[2:])
        return x + self.gamma * self.out(o)


class LocalResidual2d(nn.Module):
    """The control of Table 1: as many parameters as attention, but each position sees 3x3 only.

    A bottleneck 1x1, 3x3, 1x1 of m = 5C/18 channels has ``2Cm + 9m^2 = 1.25 C^2`` weights, the
    count of :class:`SelfAttention2d`. It starts as the identity as well (``gamma = 0``).
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
        """Map ``x`` (B, C, H, W) to the same shape."""
        h = self.spatial(F.relu(self.reduce(x)))
        return x + self.gamma * self.out(F.relu(h))


@torch.no_grad()
def attention_maps(net: nn.Module, *inputs: Tensor) -> dict[int, Tensor]:
    """Run ``net(*inputs)`` and return ``{map height: attention map (B, N, M)}`` of its blocks."""
    maps: dict[int, Tensor] = {}

    def keep(module: SelfAttention2d, args: tuple[Tensor]) -> None:
        maps[args[0].shape[2]] = module.attention_map(args[0])

    blocks = [m for m in net.modules() if isinstance(m, SelfAttention2d)]
    hooks = [block.register_forward_pre_hook(keep) for block in blocks]
    try:
        net(*inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return maps
