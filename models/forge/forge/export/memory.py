"""A look into visual memory as ONNX nodes."""

import numpy as np

from forge.architecture.memory import MemoryAttention, places

from .blocks import FeatureMap, activation, convolution, group_norm
from .graph import Graph, array


def memory_attention(graph: Graph, layer: MemoryAttention, x: FeatureMap, memory: str) -> FeatureMap:
    """memory (batch * things, numbers, side, side): each thing's picture."""
    config, cells = layer.config, x.height * x.width
    normal = group_norm(graph, layer.norm, x)
    # The place of each cell is known here, so what the layer makes of it is a constant
    place, factor = np.split(array(layer.place(places(x.height, x.width))).transpose(2, 0, 1)[None], 2, axis=1)
    both = convolution(graph, layer.query, normal)
    drawn, product = halves(graph, both)
    drawn = activation(graph, layer.act, graph.op("Add", drawn, graph.weight(place)))
    joined = graph.op("Concat", drawn, graph.op("Mul", product, graph.weight(factor)), axis=1)
    query = convolution(graph, layer.query2, both.of(joined))
    rows = graph.op("Transpose", graph.reshape(query.value, -1, config.width, cells), perm=[0, 2, 1])
    keys = array(layer.keys()).T * np.float32(layer.scale)
    shares = graph.op("Softmax", graph.op("MatMul", rows, graph.weight(keys)), axis=-1)  # (batch, cells, parts + 1)
    shares = graph.op("Slice", shares, *(graph.constant(np.array([value], np.int64)) for value in (0, config.parts, 2)))
    seen = graph.op("MatMul", shares, _values(graph, layer, memory, x.channels))
    seen = graph.reshape(graph.op("Transpose", seen, perm=[0, 2, 1]), -1, x.channels, x.height, x.width)
    both = FeatureMap(graph.op("Concat", normal.value, seen, axis=1), 2 * x.channels, x.height, x.width)
    shown, gate = halves(graph, convolution(graph, layer.mix, both))
    mixed = graph.op("Mul", shown, activation(graph, layer.act, gate))
    out = convolution(graph, layer.out, FeatureMap(mixed, 2 * x.channels, x.height, x.width))
    return x.of(graph.op("Add", x.value, out.value))


def halves(graph: Graph, x: FeatureMap) -> list[str]:
    """The two halves of the channels."""
    half = x.channels // 2
    return graph.split_op("Split", 2, x.value, graph.constant(np.array([half, half], np.int64)), axis=1)


def _values(graph: Graph, layer: MemoryAttention, memory: str, width: int) -> str:
    """→ (batch, parts, width)."""
    config = layer.config
    values = convolution(graph, layer.value, FeatureMap(memory, config.numbers, config.side, config.side))
    values = graph.reshape(values.value, -1, config.things, width, config.side**2)
    return graph.reshape(graph.op("Transpose", values, perm=[0, 1, 3, 2]), -1, config.parts, width)
