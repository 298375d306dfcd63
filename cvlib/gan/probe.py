"""Measurements on trained nets and on the ideas behind them, for figures and exercises."""

import copy

import torch
from torch import Tensor, nn

from cvlib.course.errors import CourseError
from cvlib.gan.nets import ProjectionDiscriminator
from cvlib.gan.norm import standing_statistics
from cvlib.gan.sampling import latent_batches


def attention_distance(beta: Tensor, size: int) -> Tensor:
    """Mean distance, in cells of the map, that each query looks: (B, N).

    `beta` holds attention maps (B, N, M) of a map of height `size`, N = size^2; with M = N/4 a key
    stands at the centre of its 2x2 pool.
    """
    n, m = beta.shape[1:]
    if n != size * size or m not in (n, n // 4):
        raise CourseError(f"an attention map of a {size}x{size} map cannot be {n} x {m}")
    step = 1 if m == n else 2

    def centres(cells: int, width: int) -> Tensor:
        line = torch.arange(cells, dtype=torch.float32) * width + (width - 1) / 2
        return torch.cartesian_prod(line, line)

    distance = torch.cdist(centres(size, 1), centres(size // step, step)).to(beta.device)
    return (beta * distance).sum(-1)


def uniform_map(size: int) -> Tensor:
    """The pooled map that looks everywhere alike, (1, N, N/4): a baseline for the distance."""
    keys = size * size // 4
    return torch.full((1, size * size, keys), 1 / keys)


def local_map(size: int) -> Tensor:
    """The pooled map of a query that looks only at its own 2x2 pool, (1, N, N/4)."""
    row = torch.arange(size) // 2
    key = (row[:, None] * (size // 2) + row).flatten()
    return torch.nn.functional.one_hot(key, (size // 2) ** 2).float()[None]


@torch.no_grad()
def with_gamma(G: nn.Module, factor: float, n: int = 1000) -> nn.Module:
    """A copy of `G` with every mixer's gamma times `factor`, and its statistics of `n` samples."""
    changed = copy.deepcopy(G)
    for mixer in changed.mixers.values():
        mixer.gamma.mul_(factor)
    device = next(G.parameters()).device
    return standing_statistics(changed, latent_batches(changed, n, seed=7, device=device))


def receptive_fields(D: ProjectionDiscriminator, resolution: int) -> list[tuple[int, int]]:
    """How far a cell in the middle of D's map sees after each block: (3x3 layers, pixels).

    Measured on D itself, by the gradient of the cell with respect to an image of `resolution`.
    """
    x = torch.randn(1, 3, resolution, resolution, generator=torch.Generator().manual_seed(0))
    x.requires_grad_()
    h = x
    found = []
    for i, block in enumerate(D.blocks):
        h = block(h)
        name = str(h.shape[2])
        if block.down and name in D.mixers:
            h = D.mixers[name](h)
        middle = h.shape[2] // 2
        (slope,) = torch.autograd.grad(h[0, :, middle, middle].sum(), x, retain_graph=True)
        rows = slope.abs().sum((0, 1, 3)).nonzero()
        found.append((2 * (i + 1), int(rows.max() - rows.min()) + 1))
    return found


def layer_table(net: nn.Module, *inputs: Tensor) -> str:
    """What every block of G or D gives, `(C, H, W)`, and its parameters, one line each."""
    parts = [(n, m) for n, m in net.named_children() if not isinstance(m, nn.ModuleList)]
    named = dict(net.named_modules())
    parts += [(n, m) for n, m in named.items() if n.startswith(("blocks.", "mixers."))
              and n.count(".") == 1]  # fmt: skip
    lines, hooks = [], []

    def note(name: str, module: nn.Module):
        def hook(_module: nn.Module, _args: tuple, out: Tensor) -> None:
            count = sum(p.numel() for p in module.parameters())
            shape = " x ".join(map(str, out.shape[1:])) or "1"
            lines.append(f"{name:12s} {type(module).__name__[-22:]:24s} {shape:14s} {count:8,}")

        return hook

    for name, module in parts:
        if not isinstance(module, nn.ModuleDict):
            hooks.append(module.register_forward_hook(note(name, module)))
    try:
        with torch.no_grad():
            net(*inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return "\n".join(lines)


def operator_norm(kernel: Tensor, size: int) -> Tensor:
    """Largest gain of a convolution on `size x size` maps with circular borders, ().

    The Fourier transform splits the operator into one (C_out, C_in) matrix per frequency. Spectral
    norm divides by the first singular value of the *flattened kernel* instead; for 3x3 kernels the
    operator can be up to 3 times larger. `kernel` is (C_out, C_in, k, k).
    """
    spectrum = torch.fft.fft2(kernel, s=(size, size)).permute(2, 3, 0, 1)
    return torch.linalg.svdvals(spectrum).max()


def conv_norms(net: nn.Module, size: int) -> dict[str, tuple[float, float]]:
    """Of every 3x3 layer: first singular value of the flattened kernel, and the operator's norm.

    `size` is the height of the maps that the operator acts on.
    """
    kernels = {
        name: module.weight.detach()
        for name, module in net.named_modules()
        if isinstance(module, nn.Conv2d) and module.kernel_size == (3, 3)
    }
    return {
        name: (float(torch.linalg.svdvals(k.flatten(1))[0]), float(operator_norm(k, size)))
        for name, k in kernels.items()
    }


def power_path(matrix: Tensor, u: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """Follow the power iteration of a matrix (m, n) from `u` (m,).

    The unit vectors u (steps + 1, m) and the estimates of sigma (steps + 1,).
    """
    u = u / u.norm()
    path, estimates = [], []
    for _ in range(steps + 1):
        v = matrix.T @ u
        v = v / v.norm()
        path.append(u)
        estimates.append(u @ matrix @ v)
        u = matrix @ v
        u = u / u.norm()
    return torch.stack(path), torch.stack(estimates)
