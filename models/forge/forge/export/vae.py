"""The VAE's decoder and encoder as ONNX graphs."""

import math
from collections.abc import Iterable

import numpy as np
from onnx import TensorProto
from torch import nn

from forge.architecture import Vae
from forge.architecture.config import VaeConfig
from forge.architecture.layers import Downsample, ResidualBlock, Upsample
from forge.architecture.vae import Block, Decoder

from .blocks import FeatureMap, activation, convolution, convolve, downsample, group_norm, linear, residual_block, upsample
from .graph import Graph, array


def receptive_rows(config: VaeConfig) -> int | None:
    """How many rows of latents above, and as many below, the decoder's pixels depend on; None where its norms look at all.

    The first two convolutions of a level's block and the one before or behind them reach one cell of their grid each, and
    each level's grid is twice as fine.
    """
    if config.form != "patches":
        return None
    cells = [2 * blocks for blocks in config.decoder_blocks]
    cells[0] += 1
    cells[-1] += 1
    return math.ceil(sum(count / 2**level for level, count in enumerate(cells)))


def decoder_graph(vae: Vae, side: int, half: bool) -> Graph:
    """latent_sample (batch, C, side, side), standardised → sample (batch, 3, 8 side, 8 side), about [-1, 1].

    In the form "patches" any number of rows will do, so that a picture can be decoded in bands."""
    channels, factor = vae.config.latent_channels, vae.config.factor
    pixels, rows = side * factor, "rows" if vae.config.form == "patches" else side
    graph = Graph("vae_decoder", half)
    latents = graph.input("latent_sample", TensorProto.FLOAT, ["batch", channels, rows, side])
    deviation, mean = (graph.constant(array(each)[:, None, None]) for each in (vae.deviation, vae.mean))
    x = FeatureMap(graph.op("Add", graph.op("Mul", latents, deviation), mean), channels, side, side)
    picture = _patches_decoder(graph, vae.decoder, x) if vae.config.form == "patches" else _run(
        graph, vae.decoder.net, x).value
    graph.output("sample", picture, ["batch", 3, f"{factor} * rows" if rows == "rows" else pixels, pixels])
    return graph


def _patches_decoder(graph: Graph, decoder: Decoder, x: FeatureMap) -> str:
    """The patches are laid out at half the picture's size, where the correction joins them, and both go the last step
    together: single floats are moved once instead of twice."""
    *net, last, shuffle = decoder.net
    inner, outer = shuffle.upscale_factor, decoder.shuffle.upscale_factor // shuffle.upscale_factor
    correction = _rows(graph, _ordered_convolution(graph, last, inner, _run(graph, net, x)))
    with graph.scope("patches"):
        weight, bias = array(decoder.patches.weight)[:, :, 0, 0], array(decoder.patches.bias)
        channels = weight.shape[0] // (inner * outer) ** 2
        order = np.arange(weight.shape[0]).reshape(channels, outer, inner, outer, inner)
        order = order.transpose(1, 3, 2, 4, 0).ravel()  # (outer row, outer column, inner row, inner column, channel)
        patches = graph.op("Add", linear(graph, weight[order], None, _rows(graph, x)), graph.constant(bias[order]))
        patches, width = _spread(graph, patches, outer, inner**2 * channels, x.width)
    picture, _ = _spread(graph, graph.op("Add", correction, patches), inner, channels, width)
    return graph.op("Transpose", picture, perm=[0, 3, 1, 2])


def encoder_graph(vae: Vae, pixels: int, half: bool) -> Graph:
    """sample (batch, 3, pixels, pixels) in [-1, 1] → latent_sample (batch, C, pixels / 8, pixels / 8), standardised."""
    channels, side = vae.config.latent_channels, pixels // vae.config.factor
    graph = Graph("vae_encoder", half)
    x = FeatureMap(graph.input("sample", TensorProto.FLOAT, ["batch", 3, pixels, pixels]), 3, pixels, pixels)
    latents = _run(graph, vae.encoder.net, x)
    if vae.config.form == "patches":
        with graph.scope("patches"):
            patches = convolution(graph, vae.encoder.patches, x)
            latents = latents.of(graph.op("Add", latents.value, patches.value))
    centred = graph.op("Sub", latents.value, graph.constant(array(vae.mean)[:, None, None]))
    inverse = graph.constant(1 / array(vae.deviation)[:, None, None])
    graph.output("latent_sample", graph.op("Mul", centred, inverse), ["batch", channels, side, side])
    return graph


def _run(graph: Graph, net: Iterable[nn.Module], x: FeatureMap) -> FeatureMap:
    layers = list(net)
    index = 0
    while index < len(layers):
        layer = layers[index]
        following = layers[index + 1] if index + 1 < len(layers) else None
        with graph.scope(f"net{index}"):
            if isinstance(following, nn.PixelShuffle):
                x = _convolve_and_shuffle(graph, layer, following.upscale_factor, x)
                index += 1
            elif isinstance(layer, nn.PixelUnshuffle):
                x = _unshuffle_and_convolve(graph, layer.downscale_factor, following, x)
                index += 1
            else:
                x = _layer(graph, layer, x)
        index += 1
    return x


def _layer(graph: Graph, layer: nn.Module, x: FeatureMap) -> FeatureMap:
    if isinstance(layer, nn.Conv2d):
        return convolution(graph, layer, x)
    if isinstance(layer, Block):
        h = convolution(graph, layer.conv1, x.of(graph.op("Relu", x.value)))
        h = convolution(graph, layer.conv2, h.of(graph.op("Relu", h.value)))
        return x.of(graph.op("Add", h.value, x.value))
    if isinstance(layer, ResidualBlock):
        return residual_block(graph, layer, x, [])
    if isinstance(layer, nn.GroupNorm):
        return group_norm(graph, layer, x)
    if isinstance(layer, Downsample):
        return downsample(graph, layer, x)
    if isinstance(layer, Upsample):
        return upsample(graph, layer, x)
    return x.of(activation(graph, layer, x.value))


def _ordered_convolution(graph: Graph, layer: nn.Conv2d, factor: int, x: FeatureMap) -> FeatureMap:
    """A convolution whose output channels, (channel, row, column) for PyTorch's pixel shuffle, come out in the order
    (row, column, channel): laid out as a finer grid, runs of `factor` * channels floats stay together."""
    weight, bias = array(layer.weight), array(layer.bias)
    order = np.arange(weight.shape[0]).reshape(-1, factor, factor).transpose(1, 2, 0).ravel()
    return convolve(graph, x, weight[order], bias[order], padding=layer.padding[0])


def _rows(graph: Graph, x: FeatureMap) -> str:
    """(B, C, H, W) → (B, H, W, C)."""
    return graph.op("Transpose", x.value, perm=[0, 2, 3, 1])


def _spread(graph: Graph, rows: str, factor: int, channels: int, width: int) -> tuple[str, int]:
    """Rows of (row, column, channel), each `factor`^2 * channels wide, (B, height, width, ...) → the rows of the finer
    grid (B, factor height, factor width, channels), and its width; of any height. ONNX Runtime's DepthToSpace moves
    single floats, this moves runs of them."""
    rows = graph.reshape(rows, 0, -1, width, factor, factor * channels)
    rows = graph.op("Transpose", rows, perm=[0, 1, 3, 2, 4])
    return graph.reshape(rows, 0, -1, factor * width, channels), factor * width


def _convolve_and_shuffle(graph: Graph, layer: nn.Conv2d, factor: int, x: FeatureMap) -> FeatureMap:
    x = _ordered_convolution(graph, layer, factor, x)
    channels = x.channels // factor**2
    rows, width = _spread(graph, _rows(graph, x), factor, channels, x.width)
    return FeatureMap(graph.op("Transpose", rows, perm=[0, 3, 1, 2]), channels, factor * x.height, width)


def _unshuffle_and_convolve(graph: Graph, factor: int, layer: nn.Conv2d, x: FeatureMap) -> FeatureMap:
    """ONNX's SpaceToDepth puts channels last in its order of (row, column, channel), PyTorch first: the convolution
    behind it takes its inputs in that order."""
    value = graph.op("SpaceToDepth", x.value, blocksize=factor)
    order = np.arange(x.channels * factor**2).reshape(x.channels, factor, factor).transpose(1, 2, 0).ravel()
    finer = FeatureMap(value, x.channels * factor**2, x.height // factor, x.width // factor)
    return convolve(graph, finer, array(layer.weight)[:, order], array(layer.bias), padding=layer.padding[0])
