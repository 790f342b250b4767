"""Shapes, errors, and what the networks must do whatever their weights are."""

from dataclasses import replace

import pytest
import torch

from forge.architecture import TextTower, UNet, UNetConfig, Vae, preset, transformer

TINY = preset("tiny")


def random_unet(config: UNetConfig) -> UNet:
    torch.manual_seed(3)
    unet = UNet(config).eval()
    torch.nn.init.normal_(unet.conv_out.weight, std=0.1)
    return unet


@pytest.mark.parametrize("name", ["sd15", "full", "lite", "scenes", "pocket", "tiny"])
def test_every_preset_maps_latents_to_latents_and_tokens_to_states(name):
    entry = preset(name)
    with torch.device("meta"):
        states = TextTower(entry.text)(torch.empty(2, entry.text.tokens, dtype=torch.int64))
        assert states.shape == (2, entry.text.tokens, entry.unet.context_width)
        sample = torch.empty(2, entry.unet.in_channels, 64, 64)
        memory = torch.empty(2, entry.unet.memory_rows, entry.unet.context_width)
        assert UNet(entry.unet)(sample, torch.empty(2), torch.cat([states, memory], 1)).shape == sample.shape
        if entry.vae is not None:
            vae = Vae(entry.vae)
            assert vae.encode(torch.empty(1, 3, 64, 64)).shape == (1, 8, 8, 8)
            assert vae.decode(torch.empty(1, 8, 8, 8)).shape == (1, 3, 64, 64)


def test_pictures_may_be_wide_or_high():
    unet = random_unet(TINY.unet)
    sample = torch.randn(1, 8, 24, 40)
    with torch.no_grad():
        assert unet(sample, torch.tensor([500.0]), torch.randn(1, 48, 32)).shape == sample.shape


def test_one_timestep_serves_the_whole_batch():
    unet = random_unet(TINY.unet)
    sample, context = torch.randn(2, 8, 16, 16), torch.randn(2, 48, 32)
    with torch.no_grad():
        one, each = (unet(sample, torch.full((n,), 250.0), context) for n in (1, 2))
    torch.testing.assert_close(one, each)


def test_attention_in_training_equals_attention_in_use():
    unet = random_unet(TINY.unet)
    inputs = torch.randn(2, 8, 16, 16), torch.tensor([10.0, 900.0]), torch.randn(2, 48, 32)
    training = unet(*inputs)
    with torch.no_grad():
        torch.testing.assert_close(training.detach(), unet(*inputs), rtol=1e-4, atol=1e-4)


def test_written_out_attention_has_the_fused_kernels_gradients(monkeypatch):
    query, key = torch.randn(1, 2, 9, 4), torch.randn(1, 2, 5, 4)
    gradients = []
    for largest in (256, 0):
        monkeypatch.setattr(transformer, "LARGEST_EXPLICIT_KEYS", largest)
        q, k = query.clone().requires_grad_(), key.clone().requires_grad_()
        transformer.softmax_attention(q, k, k).square().sum().backward()
        gradients.append((q.grad, k.grad))
    torch.testing.assert_close(gradients[0], gradients[1])


def test_causal_text_states_do_not_see_later_tokens():
    torch.manual_seed(3)
    tower = TextTower(replace(TINY.text, causal=True, act="quick_gelu")).eval()
    first = torch.randint(0, 1024, (1, 48))
    second = first.clone()
    second[:, 20:] = 7
    with torch.no_grad():
        a, b = tower(first), tower(second)
    torch.testing.assert_close(a[:, :20], b[:, :20])
    assert not torch.allclose(a[:, 20:], b[:, 20:])


def test_a_fresh_unet_predicts_zero():
    with torch.no_grad():
        out = UNet(TINY.unet)(torch.randn(1, 8, 16, 16), torch.tensor([1.0]), torch.randn(1, 48, 32))
    assert torch.count_nonzero(out) == 0


def test_patches_of_flat_pictures_come_back_before_training():
    torch.manual_seed(3)
    vae = Vae(TINY.vae)
    flat = torch.rand(64, 3, 1, 1).expand(64, 3, 16, 16) * 2 - 1 + 0.01 * torch.randn(64, 3, 16, 16)
    kept = vae.start_from_patches(flat)
    assert 0.9 < kept <= 1
    with torch.no_grad():
        assert (vae.decode(vae.encode(flat)) - flat).abs().mean() < 0.05


def test_only_the_patches_form_starts_from_patches():
    with torch.device("meta"):
        vae = Vae(preset("full").vae)
    with pytest.raises(ValueError, match="form must be patches .*, got 'convolutional'"):
        vae.start_from_patches(torch.zeros(1, 3, 8, 8))


@pytest.mark.parametrize("change, message", [
    ({"blocks_down": (1, 1)}, r"blocks_down must have 3 entries, one per level, got \(1, 1\)"),
    ({"heads": 4}, "give heads or head_size, got heads=4, head_size=16"),
    ({"blocks_up": (2, 1, 1)}, r"blocks_up must be blocks_down or one more at every level, got \(2, 1, 1\)"),
    ({"blocks_middle": 1}, "blocks_middle must be at least 2, got 1"),
    ({"attention": "cosine"}, "attention must be softmax or relu, got 'cosine'"),
    ({"act": "tanh"}, "activation must be one of .*, got 'tanh'"),
    ({"time_mode": "concat"}, "time_mode must be add, film or none, got 'concat'"),
    ({"upsample": "bicubic"}, "upsample must be convolution or pointwise, got 'bicubic'"),
    ({"head_size": 24}, "is not a multiple of head_width 24"),
])
def test_a_wrong_option_names_field_allowed_and_given(change, message):
    with pytest.raises(ValueError, match=message):
        UNet(replace(TINY.unet, **change))


@pytest.mark.parametrize("change, message", [
    ({"form": "vq"}, "form must be patches or convolutional, got 'vq'"),
    ({"decoder_blocks": (1, 1)}, r"decoder_blocks must have 3 entries, one per level, got \(1, 1\)"),
    ({"form": "convolutional"}, "encoder_widths must have 4 entries"),
])
def test_a_wrong_vae_option_names_field_allowed_and_given(change, message):
    with pytest.raises(ValueError, match=message):
        replace(TINY.vae, **change)
