import matplotlib.pyplot as plt
import torch

from cvlib.gan.pictures import MEANINGS, noise_of, rows, tiles


def test_tiles_lie_a_white_pixel_apart_and_bytes_equal_floats():
    images = torch.rand(6, 1, 4, 4)
    picture = tiles(2 * images - 1, 3)
    assert picture.shape == (2 * 5, 3 * 5)
    assert abs(picture[5:9, 10:14] - images[5, 0].numpy()).max() < 1e-6, "row by row"
    assert (picture[4] == 1).all()
    assert (picture[:, 4] == 1).all()
    whole = tiles((255 * images).byte(), 3)
    assert abs(whole - picture).max() < 1 / 255


def test_rows_carry_their_names_from_top_to_bottom():
    fig, ax = plt.subplots()
    rows(ax, torch.zeros(6, 1, 4, 4), ["above", "below"])
    above, below = ax.texts
    assert (above.get_text(), below.get_text()) == ("above", "below")
    assert above.get_position()[1] < below.get_position()[1] < 2 * 5
    plt.close(fig)


def test_only_the_first_meaning_of_truncation_stays_inside():
    widest = {
        name: abs(noise_of(make(0.5), torch.Generator().manual_seed(0))).max()
        for name, make in MEANINGS.items()
    }
    assert widest["cut at t"] <= 0.5
    assert 0.5 < widest["t × (cut at 2)"] <= 1.0 < widest["t × normal"]
