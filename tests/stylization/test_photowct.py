import pytest
import torch
import torch.nn.functional as F

from cvlib.course.errors import CourseError
from cvlib.stylization.backbones import load_weights
from cvlib.stylization.photowct import Decoder, Encoder, PhotoWCT, restyle
from cvlib.stylization.reconstruction import (
    Reconstruction,
    fit_first_decoder,
    make_decoders,
    psnr,
    random_patches,
    tiles,
)
from cvlib.stylization.tiny import normalize_activations, save_weights

WIDTHS, DEPTHS = (8, 12, 16), (2, 2)


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    return Encoder(WIDTHS, DEPTHS)


def test_vgg19_has_its_ten_convolutions_and_shapes():
    encoder = Encoder((64, 128, 256, 512), (2, 2, 4))
    names = ["1_1", "1_2", "2_1", "2_2", "3_1", "3_2", "3_3", "3_4", "4_1"]
    assert list(encoder.layers) == [f"conv{n}" for n in names]
    seen = encoder(torch.rand(1, 3, 33, 50))
    shapes = [tuple(m.shape[1:]) for m in seen.maps]
    assert shapes == [(64, 33, 50), (128, 16, 25), (256, 8, 12), (512, 4, 6)]
    decoder = Decoder((64, 128, 256, 512), (2, 2, 4), 4)
    assert list(decoder.layers) == [
        f"conv{n}" for n in ["4_1", "3_4", "3_3", "3_2", "3_1", "2_2", "2_1", "1_2", "1_1"]
    ]
    assert decoder(seen.maps[-1], seen.pools).shape == (1, 3, 33, 50)


def test_unpooling_puts_maxima_back_where_they_were(generator):
    x = torch.rand(1, 4, 9, 12, generator=generator)
    pooled, indices = F.max_pool2d(x, 2, return_indices=True)
    decoder = Decoder(WIDTHS, DEPTHS, 2)
    from cvlib.stylization.photowct import Pool

    back = decoder.enlarge(pooled, Pool(indices, x.shape[-2:]))
    assert back.shape == x.shape
    assert torch.equal(F.max_pool2d(back, 2), pooled)
    assert int((back != 0).sum()) == pooled.numel()
    assert torch.equal(back[back != 0], x[back != 0])


@pytest.mark.parametrize("mode", ["unpool", "upsample"])
def test_decoders_return_odd_sizes(encoder, mode):
    for size in [(33, 47), (32, 48), (37, 40)]:
        seen = encoder(torch.rand(2, 3, *size))
        for level in (1, 2, 3):
            out = Decoder(WIDTHS, DEPTHS, level, mode)(seen.maps[level - 1], seen.pools)
            assert out.shape == (2, 3, *size)


def test_decoder_overfits_one_patch(encoder, photo):
    x = photo[None, :, 8:40, 16:48]
    normalize_activations(encoder, x)
    decoders = make_decoders(WIDTHS, DEPTHS, (2,), ("unpool",))
    loss_of = Reconstruction(encoder, decoders, feature=0.0)
    optimizer = torch.optim.Adam([*encoder.parameters(), *loss_of.parameters()], 5e-3)
    first = loss_of(x).item()
    for _ in range(150):
        loss = loss_of(x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.02 * first


def test_feature_loss_counts_only_when_asked(encoder, photo):
    decoders = make_decoders(WIDTHS, DEPTHS, (1, 3), ("unpool",))
    plain, both = (Reconstruction(encoder, decoders, f)(photo[None]) for f in (0.0, 1.0))
    assert both > plain > 0
    # The encoder is frozen: it is neither saved nor trained with the decoders.
    kept = Reconstruction(encoder, decoders).state_dict()
    assert all(name.startswith("decoders.") for name in kept)


def test_the_first_decoder_is_the_least_squares_solution(encoder, photo):
    normalize_activations(encoder, photo[None])
    x = torch.stack([photo, photo.flip(-1)])
    best = fit_first_decoder(encoder, x, "unpool")
    level = psnr(encoder, best, photo)
    assert level > 25
    for change in (0.02, -0.02):
        best.layers["conv1_1"].weight.data += change * torch.randn_like(
            best.layers["conv1_1"].weight
        )
        assert psnr(encoder, best, photo) < level


def test_cascade_starts_deep_and_ends_with_the_style_of_level_one(encoder, photo):
    style = photo.flip(0) * 0.5
    normalize_activations(encoder, photo[None])
    decoders = {l: Decoder(WIDTHS, DEPTHS, l) for l in (1, 2, 3)}
    net = PhotoWCT(encoder, decoders)
    image = photo[None]
    with torch.no_grad():
        for level in (3, 2, 1):
            seen = encoder(image, level)
            image = decoders[level](
                restyle(seen.maps[-1], encoder(style[None], level).maps[-1]), seen.pools
            )
    torch.testing.assert_close(net.stylize(photo, style), image[0].clamp(0, 1))


def test_masks_of_any_size_split_the_photo(encoder):
    content, style = torch.rand(1, 4, 20, 30), torch.rand(1, 4, 16, 16) + 1
    left = torch.zeros(80, 120).long()
    left[:, 60:] = 1
    styled = restyle(content, style, (left, torch.zeros(64, 64).long()))
    assert torch.equal(styled[..., 15:], content[..., 15:])
    assert styled[..., :15].mean() > 1
    assert content[..., :15].mean() < 0.6


def test_too_small_a_photo_is_refused(encoder, photo):
    net = PhotoWCT(encoder, {3: Decoder(WIDTHS, DEPTHS, 3)})
    with pytest.raises(CourseError, match="style photo is 64x1 pixels"):
        net.stylize(photo, photo[:, :1])
    with pytest.raises(CourseError, match="choose 'unpool' or 'upsample'"):
        Decoder(WIDTHS, DEPTHS, 3, "wavelet")


def test_weights_survive_the_round_trip(encoder, photo, tmp_path):
    decoders = make_decoders(WIDTHS, DEPTHS, (1, 3), ("unpool", "upsample"))
    save_weights(tmp_path / "w.pt", encoder, decoders)
    again, mirrors = load_weights(tmp_path / "w.pt")
    assert list(mirrors) == list(decoders)
    here, there = encoder(photo[None]).maps[-1], again(photo[None]).maps[-1]
    torch.testing.assert_close(here, there, atol=2e-3, rtol=0)
    assert not any(p.requires_grad for p in again.parameters())


def test_patches_depend_on_the_generator_alone(photo):
    squares = tiles([photo], 32)
    assert squares.shape == (2 * 3, 3, 32, 32)
    assert squares.dtype == torch.uint8
    one, two, three = (
        random_patches(squares, 16, torch.Generator().manual_seed(s)) for s in (1, 1, 2)
    )
    assert torch.equal(one, two)
    assert not torch.equal(one, three)
    assert one.shape == (6, 3, 16, 16)
    assert one.min() >= 0
    assert one.max() <= 1


def test_normalised_activations_have_unit_variance(encoder, photo):
    from cvlib.stylization.photowct import conv

    x = torch.stack([photo, photo.flip(-1)])
    normalize_activations(encoder, x)
    y = conv(encoder.layers["conv1_1"], x)
    torch.testing.assert_close(y.mean((0, 2, 3)), torch.full((8,), 0.5), atol=1e-4, rtol=0)
    torch.testing.assert_close(y.std((0, 2, 3)), torch.ones(8), atol=1e-3, rtol=0)
