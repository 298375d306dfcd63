import pytest
import torch

from cvlib.stylization.pairs import sample_photo
from cvlib.stylization.photos import cover

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny():
    """China at 24x16: small enough for dense matrices, real enough for saturated sky."""
    return cover(sample_photo("china"), 16, 24).double()


@pytest.fixture(scope="session")
def photo():
    return cover(sample_photo("china"), 48, 64)


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)
