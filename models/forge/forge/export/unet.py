"""The UNet as an ONNX graph."""

import numpy as np
from onnx import TensorProto
from torch import nn

from forge.architecture import UNet, UNetConfig
from forge.architecture.layers import ResidualBlock

from .attention import spatial_transformer
from .blocks import FeatureMap, activation, convolution, downsample, group_norm, linear, residual_block, time_projection, upsample
from .copying import memory_copy
from .graph import Graph, array
from .memory import memory_attention
from .patches import seen_patches, unpatched, variates_embedding, velocity

Conditions = dict[ResidualBlock, list[str]]


def unet_graph(unet: UNet, side: int, tokens: int, half: bool) -> Graph:
    """sample (batch, in_channels, side, side), timestep (timesteps,) float32 with timesteps = batch or 1,
    encoder_hidden_states (batch, tokens + memory rows, D) → out_sample (batch, out_channels, side, side)."""
    config = unet.config
    graph = Graph("unet", half)
    sample = graph.input("sample", TensorProto.FLOAT, ["batch", config.in_channels, side, side])
    timestep = graph.input("timestep", TensorProto.FLOAT, ["timesteps"])
    states = graph.input("encoder_hidden_states", TensorProto.FLOAT, ["batch", tokens + config.memory_rows, config.context_width])
    states, memory = _split(graph, unet, states, tokens)
    noisy = FeatureMap(sample, config.in_channels, side, side)
    walk = _Walk(graph, _time_conditions(graph, unet, noisy, timestep, states),
                 graph.reshape(states, -1, config.context_width), tokens, unet.memory_layers, memory)
    x = convolution(graph, unet.conv_in, seen_patches(graph, unet, noisy, timestep))
    skips = [x] if config.all_skips else []
    for index, level in enumerate(unet.down):
        for stack in level["blocks"]:
            x = walk.look(f"down{index}", walk.stack(f"down{index}", stack, x))
            skips.append(x)
        if "resample" in level:
            x = downsample(graph, level["resample"], x)
            if config.all_skips:
                skips.append(x)
    x = walk.residual("middle", unet.middle_in, x)
    for block in unet.middle:
        if "transformer" in block:
            x = walk.transformer("middle", block["transformer"], x)
        x = walk.residual("middle", block["residual"], x)
    for index, level in enumerate(unet.up):
        x = walk.look(f"up{len(unet.up) - 1 - index}", x)
        for stack in level["blocks"]:
            skip = skips.pop()
            value = graph.op("Concat", x.value, skip.value, axis=1)
            joined = FeatureMap(value, x.channels + skip.channels, x.height, x.width)
            x = walk.stack(f"up{index}", stack, joined)
        if "resample" in level:
            x = upsample(graph, level["resample"], x)
    x = group_norm(graph, unet.norm_out, x)
    x = x.of(activation(graph, unet.act_out, x.value))
    out = unpatched(graph, unet, convolution(graph, unet.conv_out, x))
    if unet.copy is not None:
        with graph.scope("copy"):
            out = memory_copy(graph, unet.copy, x, memory, out)
    graph.output("out_sample", velocity(graph, unet, out, sample, timestep), ["batch", config.out_channels, side, side])
    return graph


class _Walk:
    """What every block of one graph takes besides its feature map; owned by one `unet_graph` call."""

    def __init__(self, graph: Graph, conditions: Conditions, context: str, tokens: int, layers: nn.ModuleDict | None, memory: str):
        self.graph, self.conditions, self.context, self.tokens = graph, conditions, context, tokens
        self.layers, self.memory = layers, memory

    def look(self, name: str, x: FeatureMap) -> FeatureMap:
        """A look into memory, where the UNet has one."""
        if self.layers is None or name not in self.layers:
            return x
        with self.graph.scope(name), self.graph.scope("memory"):
            return memory_attention(self.graph, self.layers[name], x, self.memory)

    def residual(self, scope: str, block: ResidualBlock, x: FeatureMap) -> FeatureMap:
        with self.graph.scope(scope), self.graph.scope("residual"):
            return residual_block(self.graph, block, x, self.conditions[block])

    def transformer(self, scope: str, stack: nn.Module, x: FeatureMap) -> FeatureMap:
        with self.graph.scope(scope), self.graph.scope("transformer"):
            return spatial_transformer(self.graph, stack, x, self.context, self.tokens)

    def stack(self, scope: str, stack: nn.ModuleDict, x: FeatureMap) -> FeatureMap:
        x = self.residual(scope, stack["residual"], x)
        return self.transformer(scope, stack["transformer"], x) if "transformer" in stack else x


def _split(graph: Graph, unet: UNet, states: str, tokens: int) -> tuple[str, str]:
    """The text states (batch, tokens, D), and the memory behind them (batch * things, numbers, side, side): each thing's picture."""
    config = unet.config
    if config.memory is None:
        return states, ""
    def numbers(*values: int) -> str:
        return graph.constant(np.array(values, np.int64))

    with graph.scope("memory"):
        words = graph.op("Slice", states, numbers(0), numbers(tokens), numbers(1))
        rows = graph.op("Slice", states, numbers(tokens), numbers(tokens + config.memory_rows), numbers(1))
        size = config.memory.parts * config.memory.numbers
        flat = graph.reshape(rows, -1, config.memory_rows * config.context_width)
        if config.memory_rows * config.context_width > size:
            flat = graph.op("Slice", flat, numbers(0), numbers(size), numbers(1))
        side = config.memory.side
        pictures = graph.reshape(flat, -1, side, side, config.memory.numbers)
        return words, graph.op("Transpose", pictures, perm=[0, 3, 1, 2])


def _time_conditions(graph: Graph, unet: UNet, sample: FeatureMap, timestep: str, states: str) -> Conditions:
    """The time embedding of every residual block, from one product for all of them."""
    with graph.scope("time"):
        time = _time(graph, unet, sample, timestep, states)
        blocks = [module for module in unet.modules() if isinstance(module, ResidualBlock)]
        weights, biases = zip(*(time_projection(block) for block in blocks))
        every = linear(graph, np.concatenate(weights), np.concatenate(biases), time)
        sizes = [block.norm2.num_channels for block in blocks for _ in range(2 if block.film else 1)]
        every = graph.reshape(every, -1, sum(sizes), 1, 1)
        parts = iter(graph.split_op("Split", len(sizes), every, graph.constant(np.array(sizes, dtype=np.int64)),
                                    axis=1))
        return {block: [next(parts) for _ in range(2 if block.film else 1)] for block in blocks}


def _time(graph: Graph, unet: UNet, sample: FeatureMap, timestep: str, states: str) -> str:
    """→ (batch or timesteps, time_width), activated."""
    config: UNetConfig = unet.config
    half = config.sinusoid_width // 2
    frequencies = np.exp(np.arange(half, dtype=np.float32) * np.float32(-9.210340371976184 / half))
    angles = graph.op("Mul", graph.reshape(timestep, -1, 1), graph.constant(frequencies[None]))
    time = graph.op("Concat", graph.op("Cos", angles), graph.op("Sin", angles), axis=1)
    first, act, last = unet.time
    time = activation(graph, act, linear(graph, array(first.weight), array(first.bias), time))
    time = linear(graph, array(last.weight), array(last.bias), time)
    if unet.variates is not None:
        time = graph.op("Add", time, variates_embedding(graph, unet, sample, timestep))
    if unet.text_pool is not None:
        pooled = graph.op("ReduceMean", states, graph.constant(np.array([1], dtype=np.int64)), keepdims=0)
        time = graph.op("Add", time, linear(graph, array(unet.text_pool.weight), array(unet.text_pool.bias), pooled))
    return graph.op("Mul", time, graph.op("Sigmoid", time))
