"""BigGAN's nets have the paper's parameter counts."""

from dataclasses import replace

import pytest
import torch

from cvlib.gan.nets import ProjectionDiscriminator, ResGenerator, count_parameters
from cvlib.gan.sizes import PRESETS


def test_the_papers_nets_at_128_pixels_have_the_papers_sizes():
    # spectral norm has no parameters of its own, and no power iteration on the meta device
    config = replace(PRESETS["biggan128"], sn_g=False, sn_d=False)
    with torch.device("meta"):
        G = ResGenerator(config)
        D = ProjectionDiscriminator(config)
    assert count_parameters(G) / 1e6 == pytest.approx(70.4, abs=0.05)
    assert count_parameters(D) / 1e6 == pytest.approx(88.0, abs=0.05)
