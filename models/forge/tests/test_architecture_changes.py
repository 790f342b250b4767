"""The paper's eight changes against Stable Diffusion 1.5's UNet: one option and one effect each.

The paper's figures are rounded and refer to intermediate models it does not describe, so effects are bounded, not met.
"""

from dataclasses import replace

import pytest
import torch
from torch import nn

from forge.architecture import UNet, preset
from forge.architecture.count import count_unet
from forge.architecture.layers import ResidualBlock, convolution
from forge.architecture.transformer import Attention, GatedFeedForward, TransformerBlock

SD15, FULL = preset("sd15").unet, preset("full").unet


def on_meta(config) -> UNet:
    with torch.device("meta"):
        return UNet(config)


def saved(before, after, figure) -> float:
    """The share of `figure` (parameters or macs) that `after` does without."""
    return 1 - getattr(count_unet(after), figure) / getattr(count_unet(before), figure)


def blocks_in(module: nn.Module) -> list[TransformerBlock]:
    return [block for block in module.modules() if isinstance(block, TransformerBlock)]


def blocks_by_level(config) -> list[int]:
    """Transformer blocks per level on the way down, in the middle, and per level on the way up."""
    unet = on_meta(config)
    return [len(blocks_in(part)) for part in (*unet.down, unet.middle, *unet.up)]


def test_change_1_transformer_blocks_stand_in_the_middle():
    assert blocks_by_level(SD15) == [2, 2, 2, 0, 1, 0, 3, 3, 3]
    assert blocks_by_level(FULL) == [0, 2, 4, 9, 4, 2, 0]


def test_change_1_moving_blocks_to_a_narrower_middle_saves_a_quarter_of_the_macs_at_equal_size():
    moved = replace(SD15, widths=(320, 640, 1280, 896), depth_down=(0, 1, 1, 0), depth_up=(0, 1, 1, 0),
                    depth_middle=12)
    assert abs(saved(SD15, moved, "parameters")) < 0.01
    assert 0.20 < saved(SD15, moved, "macs") < 0.30


def test_change_2_self_attention_stands_at_the_coarsest_level_and_in_the_middle_only():
    unet = on_meta(FULL)
    has_self_attention = [{block.self_attention is not None for block in blocks_in(part)}
                          for part in (*unet.down, unet.middle, *unet.up)]
    assert has_self_attention == [set(), {False}, {True}, {True}, {True}, {False}, set()]
    assert all(block.cross_attention is not None for block in blocks_in(unet))


def test_change_2_self_attention_at_the_finest_level_is_costly_and_carries_few_parameters():
    without = replace(SD15, self_attention=(False, True, True, True))
    assert 0.14 < saved(SD15, without, "macs") < 0.17
    assert saved(SD15, without, "parameters") < 0.005


@pytest.mark.parametrize("context_width", [None, 24])
def test_change_3_keys_and_values_come_from_one_matrix(context_width):
    torch.manual_seed(1)
    shared = Attention(32, 16, context_width, shared_kv=True, kind="softmax")
    apart = Attention(32, 16, context_width, shared_kv=False, kind="softmax")
    matrices = {name for name, _ in shared.named_parameters()}
    assert matrices == {"query.weight", "key.weight", "out.weight", "out.bias"}
    apart.load_state_dict(shared.state_dict() | {"value.weight": shared.key.weight})
    x, context = torch.randn(2, 5, 32), None if context_width is None else torch.randn(2, 7, context_width)
    torch.testing.assert_close(shared(x, context), apart(x, context))


def test_change_3_saves_parameters():
    assert 0.03 < saved(replace(FULL, shared_kv=False), FULL, "parameters") < 0.10


def test_change_4_the_gate_of_the_feed_forward_is_swish():
    torch.manual_seed(1)
    net = GatedFeedForward(8, 6, "swish")
    x = torch.randn(3, 5, 8)
    value, gate = net.project(x).split(24, dim=-1)
    torch.testing.assert_close(net(x), net.out(value * gate * torch.sigmoid(gate)))
    assert all(isinstance(block.ff.act, nn.SiLU) for block in blocks_in(on_meta(FULL)))
    assert all(isinstance(block.ff.act, nn.GELU) for block in blocks_in(on_meta(SD15)))


def test_change_5_relu_attention_is_relu_of_the_scores_over_the_number_of_keys():
    torch.manual_seed(1)
    attention = Attention(8, 4, 6, shared_kv=True, kind="relu")
    x, context = torch.randn(1, 3, 8), torch.randn(1, 5, 6)
    query, key = attention.query(x)[0], attention.key(context)[0]
    expected = torch.zeros(3, 8)
    for head in (slice(0, 4), slice(4, 8)):
        for cell in range(3):
            for token in range(5):
                score = (query[cell, head] * key[token, head]).sum() / 4**0.5
                expected[cell, head] += torch.clamp(score, min=0) / 5 * key[token, head]
    torch.testing.assert_close(attention(x, context)[0], attention.out(expected))


def test_change_5_needs_no_other_weights_than_softmax_attention():
    softmax = on_meta(replace(preset("tiny").unet, attention="softmax"))
    relu = on_meta(replace(preset("tiny").unet, attention="relu"))
    assert {n: p.shape for n, p in softmax.named_parameters()} == {n: p.shape for n, p in relu.named_parameters()}


def test_change_6_feed_forward_of_six_instead_of_eight_saves_a_tenth():
    assert GatedFeedForward(32, 6, "swish").project.out_features == 6 * 32
    assert 0.08 < saved(replace(FULL, ff_ratio=8), FULL, "parameters") < 0.15


def test_change_7_a_separable_convolution_is_depthwise_then_pointwise():
    depthwise, pointwise = convolution(12, 20, separable=True)
    assert (depthwise.groups, depthwise.kernel_size, pointwise.kernel_size) == (12, (3, 3), (1, 1))
    assert depthwise.weight.numel() + pointwise.weight.numel() == 12 * 9 + 12 * 20


def test_change_7_stands_at_the_coarse_grid_only_and_saves_parameters():
    unet = on_meta(FULL)

    def separable(part):
        return {isinstance(block.conv1, nn.Sequential) for block in part.modules() if isinstance(block, ResidualBlock)}

    assert [separable(part) for part in (*unet.down, unet.middle_in, unet.middle, *unet.up)] == [
        {False}, {False}, {True}, {True}, {True}, {True}, {False}, {False}]
    dense = replace(FULL, separable=(False, False, False), separable_middle=False)
    assert saved(dense, FULL, "parameters") > 0.10


def test_change_8_leaves_twelve_of_twenty_two_residual_blocks():
    def residual_blocks(config):
        return sum(isinstance(module, ResidualBlock) for module in on_meta(config).modules())

    assert (residual_blocks(SD15), residual_blocks(FULL)) == (22, 12)
    more = replace(FULL, blocks_down=(2, 2, 2), blocks_up=(3, 3, 3))
    assert 0.12 < saved(more, FULL, "parameters") < 0.18
    assert saved(more, FULL, "macs") > 0.19
