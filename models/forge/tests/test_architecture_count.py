"""The published totals, and the counter against PyTorch's own."""

from dataclasses import replace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from forge.architecture import PRESETS, UNet, preset
from forge.architecture.count import Count, count, count_networks, count_text, count_unet, report


def test_sd15_unet_has_the_published_parameters_and_macs():
    cost = count_unet(preset("sd15").unet)
    assert cost.parameters == 859_520_964
    assert cost.layer_macs / 1e9 == pytest.approx(338.6, abs=0.05)
    assert cost.macs / 1e9 == pytest.approx(401.6, abs=0.05)


def test_full_unet_meets_the_papers_totals():
    cost = count_unet(preset("full").unet)
    assert cost.parameters / 1e6 == pytest.approx(385, rel=0.01)
    assert cost.macs / 1e9 == pytest.approx(180, rel=0.02)


def test_text_tower_of_full_is_clip_vit_l14s():
    assert count_text(preset("full").text).parameters == 123_060_480


def test_lite_decoder_has_at_most_ten_million_parameters_and_full_stays_at_the_papers_total():
    counts = count_networks(preset("full"))
    assert counts["vae_decoder"].parameters <= 10_000_000
    total = sum(counts[name].parameters for name in ("text_encoder", "unet", "vae_decoder"))
    assert total / 1e6 == pytest.approx(520, rel=0.01)


def test_lite_has_the_papers_share_of_sd15():
    lite, sd15 = count_unet(preset("lite").unet), count_unet(preset("sd15").unet)
    assert lite.parameters / sd15.parameters == pytest.approx(0.299, abs=0.01)
    assert lite.macs / sd15.macs == pytest.approx(0.299, abs=0.01)


@pytest.mark.parametrize("name", ["sd15", "full", "scenes"])
def test_counter_agrees_with_pytorchs_flop_counter(name):
    config = preset(name).unet
    with torch.device("meta"):
        inputs = (torch.empty(1, config.in_channels, 64, 64), torch.empty(1), torch.empty(1, 77, config.context_width))
        network = UNet(config)
        with FlopCounterMode(display=False) as flops, torch.no_grad():
            network(*inputs)
    assert count(network, *inputs).macs * 2 == flops.get_total_flops()


def test_counting_leaves_no_hooks_behind_even_when_the_call_fails():
    with torch.device("meta"):
        network = UNet(preset("tiny").unet)
        with pytest.raises(TypeError):
            count(network, torch.empty(1, 8, 64, 64))
    assert all(not module._forward_hooks for module in network.modules())


def test_attention_products_grow_with_the_number_of_keys_only():
    config = replace(preset("tiny").unet, self_attention=(False, False, False), depth_middle=0)
    short, long = count_unet(config, tokens=10), count_unet(config, tokens=20)
    assert long.attention_macs == 2 * short.attention_macs > 0


@pytest.mark.parametrize("name", list(PRESETS))
def test_report_names_every_network_with_its_parameters(name):
    text = report(name)
    for network, cost in count_networks(preset(name)).items():
        assert network in text and f"{cost.parameters:,}" in text


def test_report_of_an_unknown_preset_names_the_known_ones():
    with pytest.raises(ValueError, match="preset must be one of .*scenes.*, got 'huge'"):
        report("huge")


def test_a_counts_macs_are_layers_plus_attention():
    assert Count(parameters=1, layer_macs=20, attention_macs=3).macs == 23
