from itertools import islice

import numpy as np

from cvlib.psychophysics.masks import CELLS, mulberry32, noise_mask


def test_the_generators_first_numbers():
    # of the published JavaScript, seed 1
    published = [0.6270739405881613, 0.002735721180215478, 0.5274470399599522]
    assert list(islice(mulberry32(1), 3)) == published


def test_masks_are_binary_balanced_and_seeded():
    masks = np.stack([noise_mask(seed) for seed in range(40)])
    assert masks.shape == (40, CELLS, CELLS)
    assert masks.dtype == np.uint8
    assert set(np.unique(masks)) == {0, 255}
    assert abs((masks == 255).mean() - 0.5) < 0.01
    assert np.array_equal(noise_mask(7), noise_mask(7))
    assert not np.array_equal(noise_mask(7), noise_mask(8))
