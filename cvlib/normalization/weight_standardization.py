"""Weight standardisation (Qiao et al. 2019): normalise the filters, not the activations."""

import torch
from torch import Tensor, nn


def weight_standardize(w: Tensor, eps: float = 1e-5) -> Tensor:
    """Every output filter of w (C_out, C_in, k, k) gets mean 0 and (biased) variance 1."""
    var, mean = torch.var_mean(w, dim=(1, 2, 3), correction=0, keepdim=True)
    return (w - mean) * (var + eps).rsqrt()


class WSConv2d(nn.Conv2d):
    """A convolution with standardised filters; only where a normalisation layer follows."""

    def forward(self, x: Tensor) -> Tensor:
        """x (B, C_in, H, W) -> (B, C_out, H', W')."""
        return self._conv_forward(x, weight_standardize(self.weight), self.bias)


def standardized(model: nn.Module) -> nn.Module:
    """Make every convolution of `model` its standardised twin, in place; the weights stay."""
    for part in model.modules():
        if type(part) is nn.Conv2d:
            part.__class__ = WSConv2d  # same parameters and settings, another forward
    return model
