"""Blocks and nets: exact identities, shapes, counts and refusals (oracles 21-23)."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cvlib.course.errors import CourseError
from cvlib.gan.blocks import DBlock, GBlock, conv_of_upsampled, pooled_conv, upsample
from cvlib.gan.nets import ProjectionDiscriminator, ResGenerator, count_parameters, initialise
from cvlib.gan.norm import ClassTable, stored_weight
from cvlib.gan.sizes import PRESETS, SAGAN32, TINY16, GANConfig


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def test_1x1_convolution_commutes_with_both_resamplings():
    layer, x = nn.Conv2d(8, 4, 1), torch.randn(2, 8, 6, 6)
    assert torch.equal(layer(upsample(x)), upsample(layer(x)))
    torch.testing.assert_close(
        layer(F.avg_pool2d(x, 2)), F.avg_pool2d(layer(x), 2), atol=1e-6, rtol=1e-6
    )


@pytest.mark.parametrize("size", [4, 7])
def test_fused_resampling_convolutions_are_exact(size):
    layer = nn.Conv2d(5, 6, 3, padding=1).double()
    x = torch.randn(2, 5, size, size, dtype=torch.float64)
    torch.testing.assert_close(conv_of_upsampled(layer, x), layer(upsample(x)))
    x = torch.randn(2, 5, 2 * size, 2 * size, dtype=torch.float64)
    torch.testing.assert_close(pooled_conv(layer, x), F.avg_pool2d(layer(x), 2))


def test_g_block_equals_its_definition():
    block, x, y = (
        GBlock(6, 4, ClassTable(10), sn=True).eval(),
        torch.randn(2, 6, 4, 4),
        torch.tensor([1, 2]),
    )
    h = block.conv1(upsample(F.relu(block.bn1(x, y))))
    h = block.conv2(F.relu(block.bn2(h, y)))
    expected = h + block.shortcut(upsample(x))
    torch.testing.assert_close(block(x, y), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("first", [True, False])
def test_d_block_equals_its_definition(first):
    block, x = DBlock(6, 4, sn=True, first=first).eval(), torch.randn(2, 6, 8, 8)
    kept = x.clone()
    h = block.conv2(F.relu(block.conv1(x if first else F.relu(x))))
    expected = F.avg_pool2d(h + block.shortcut(x), 2)
    torch.testing.assert_close(block(x), expected, atol=1e-5, rtol=1e-5)
    assert torch.equal(x, kept)  # an in-place ReLU would have spoilt the shortcut


def test_identity_shortcut_where_nothing_changes():
    assert isinstance(DBlock(8, 8, sn=True, down=False).shortcut, nn.Identity)
    assert not isinstance(DBlock(8, 4, sn=True, down=False).shortcut, nn.Identity)


@pytest.mark.parametrize("name", ["tiny16", "sagan32_narrow"])
def test_shapes_and_range(name):
    config = PRESETS[name]
    G, D = ResGenerator(config), ProjectionDiscriminator(config)
    x = G(torch.randn(4, config.z_dim), torch.arange(4))
    assert x.shape == (4, config.channels, config.resolution, config.resolution)
    assert x.abs().max() <= 1
    assert D(x, torch.arange(4)).shape == (4,)


def test_tiny_nets_have_the_specified_sizes():
    assert round(count_parameters(ResGenerator(TINY16)) / 1e3, 1) == 61.5
    assert round(count_parameters(ProjectionDiscriminator(TINY16)) / 1e3, 1) == 54.0


def test_paper_nets_have_the_sizes_of_bigganss_baseline_row():
    config = replace(PRESETS["sagan128"], sn_g=False, sn_d=False)  # SN adds no parameters
    with torch.device("meta"):
        G, D = ResGenerator(config), ProjectionDiscriminator(config)
    g, d = count_parameters(G) / 1e6, count_parameters(D) / 1e6
    assert (round(g, 1), round(d, 1)) == (42.1, 39.5)


def test_projection_is_the_difference_of_class_rows():
    D, x = ProjectionDiscriminator(TINY16).eval(), torch.randn(3, 1, 16, 16)
    a, b, phi = torch.tensor([1, 2, 3]), torch.tensor([4, 5, 6]), D.features(x)
    rows = D.table.weight[a] - D.table.weight[b]
    torch.testing.assert_close(D(x, a) - D(x, b), (rows * phi).sum(1), atol=1e-5, rtol=1e-5)


def test_features_are_a_sum_not_a_mean():
    D = ProjectionDiscriminator(TINY16).eval()
    seen = {}
    D.blocks[-1].register_forward_hook(lambda m, args, out: seen.update(out=out))
    phi = D.features(torch.randn(2, 1, 16, 16))
    torch.testing.assert_close(phi, F.relu(seen["out"]).mean((2, 3)) * 16)


@pytest.mark.parametrize("size", [4, 8, 16])
def test_attention_may_stand_at_any_height(size):
    at = {"attention_g": (size,), "attention_d": (size,) if size < 16 else ()}
    config = replace(TINY16, **at)
    G, D = ResGenerator(config), ProjectionDiscriminator(config)
    x = G(torch.randn(2, 32), torch.arange(2))
    D(x, torch.arange(2)).sum().backward()
    assert G.mixers[str(size)].gamma.grad is not None
    plain = replace(TINY16, attention_g=(), attention_d=())
    assert count_parameters(G) > count_parameters(ResGenerator(plain))


def test_switches_of_the_stability_panel():
    def normed(net):
        return sum(".original" in name for name, _ in net.named_parameters())

    config = replace(TINY16, sn_g=False)
    assert normed(ResGenerator(config)) == 0
    assert normed(ProjectionDiscriminator(config)) > 0
    assert normed(ProjectionDiscriminator(replace(TINY16, sn_d=False))) == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"resolution": 20}, "8, 16, 32"),
        ({"g_mult": (1, 1)}, "3 entries"),
        ({"d_mult": (1, 1)}, "or d_down"),
        ({"d_down": (True, True)}, "one flag per entry"),
        ({"d_down": (True, True, True)}, "last map of 4x4"),
        ({"classes": 0}, "classes=1 is unconditional"),
        ({"hierarchical_z": True}, "needs shared_dim"),
        ({"hierarchical_z": True, "shared_dim": 8}, "divides into 3 chunks"),
        ({"attention_g": (6,)}, "height 6"),
        ({"attention_d": (16,)}, "height 16"),
        ({"mixer": "conv"}, "attention"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(change, words):
    with pytest.raises(CourseError, match=words):
        replace(TINY16, **change)


def test_bf16_is_within_a_percent():
    G = ResGenerator(PRESETS["sagan32_narrow"]).eval()
    z, y = torch.randn(2, 128), torch.arange(2)
    exact = G(z, y)
    with torch.autocast("cpu", torch.bfloat16):
        low = G(z, y).float()
    assert (low - exact).norm() / exact.norm() < 0.02


def test_config_is_frozen():
    with pytest.raises(AttributeError):
        GANConfig(16, (1, 1, 1), (1, 1, 1), 8, 8).resolution = 32


BIG16 = replace(TINY16, shared_dim=16, hierarchical_z=True, z_dim=36)  # chapter 10's


def activations(G, z, y):
    """What each block of G gives."""
    seen = []
    hooks = [b.register_forward_hook(lambda m, a, out: seen.append(out)) for b in G.blocks]
    G(z, y)
    for hook in hooks:
        hook.remove()
    return seen


def test_a_chunk_of_noise_changes_only_what_comes_from_its_block_on():
    G, z, y = ResGenerator(BIG16).eval(), torch.randn(2, 36), torch.arange(2)
    other = z.clone()
    other[:, 24:] += 1  # the chunk of the second block
    a, b = activations(G, z, y), activations(G, other, y)
    assert torch.equal(a[0], b[0])
    assert not torch.equal(a[1], b[1])


def test_class_vectors_stand_for_classes_and_may_be_mixed():
    G, z, y = ResGenerator(BIG16).eval(), torch.randn(2, 36), torch.tensor([3, 7])
    assert torch.equal(G(z, class_vector=G.embed(y)), G(z, y))
    ends = [G.embed(torch.full((2,), c)) for c in (3, 7)]
    assert torch.equal(G(z, class_vector=torch.lerp(*ends, 1.0)), G(z, torch.full((2,), 7)))
    with pytest.raises(CourseError, match="shared_dim"):
        ResGenerator(TINY16).embed(y)


def test_one_class_needs_no_classes_and_many_do():
    config = replace(TINY16, classes=1)
    G, D, z = (
        ResGenerator(config).eval(),
        ProjectionDiscriminator(config).eval(),
        torch.randn(2, 32),
    )
    x, zero = G(z), torch.zeros(2, dtype=torch.long)
    assert torch.equal(x, G(z, zero))
    assert torch.equal(D(x), D(x, zero))
    for call in (lambda: ResGenerator(TINY16)(z), lambda: ProjectionDiscriminator(TINY16)(x)):
        with pytest.raises(CourseError, match="10 classes"):
            call()


def test_d_may_stop_at_eight_pixels_as_the_cifar_biggan_does():
    config = replace(SAGAN32, d_width=8, g_width=8, d_down=(True, True, False, False))
    D, sizes = ProjectionDiscriminator(config), []
    for block in D.blocks:
        block.register_forward_hook(lambda m, a, out: sizes.append(out.shape[2]))
    D(torch.randn(1, 3, 32, 32), torch.tensor([0]))
    assert sizes == [16, 8, 8, 8]
    assert config.d_heights == (16, 8)
    assert list(D.mixers) == ["16"]


def test_the_table_of_d_may_go_without_spectral_norm():
    D = ProjectionDiscriminator(replace(TINY16, sn_embedding_d=False))
    assert "table.weight" in dict(D.named_parameters())
    assert "linear.parametrizations.weight.original" in dict(D.named_parameters())


@pytest.mark.parametrize(("init", "spread"), [("normal", 0.02), ("xavier", (2 / 80) ** 0.5)])
def test_initialisations_have_their_spread(init, spread):
    net = initialise(nn.Linear(50, 30), init)
    assert float(stored_weight(net).detach().std()) == pytest.approx(spread, rel=0.1)
    assert not net.bias.any()
