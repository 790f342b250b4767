"""A look into visual memory as ONNX nodes."""

import numpy as np

from forge.architecture.memory import MemoryAttention, places

from .blocks import FeatureMap, activation, convolution, convolve, group_norm
from .graph import Graph, array


def memory_attention(graph: Graph, layer: MemoryAttention, x: FeatureMap, memory: str) -> FeatureMap:
    """memory (batch, parts + 1, numbers), the last part zeros: what "no thing is here" shows."""
    config, cells = layer.config, x.height * x.width
    normal = group_norm(graph, layer.norm, x)
    # The place of each cell is known here: its product becomes a constant, with the query's bias
    place = array(layer.place(places(x.height, x.width))).transpose(2, 0, 1)[None] + array(layer.query.bias)[None, :, None, None]
    query = convolve(graph, normal, array(layer.query.weight), None)
    query = query.of(activation(graph, layer.act, graph.op("Add", query.value, graph.weight(place))))
    query = convolution(graph, layer.query2, query)
    rows = graph.op("Transpose", graph.reshape(query.value, -1, config.width, cells), perm=[0, 2, 1])
    keys = array(layer.keys()).T * np.float32(layer.scale)
    shares = graph.op("Softmax", graph.op("MatMul", rows, graph.weight(keys)), axis=-1)  # (batch, cells, parts + 1)
    seen = graph.op("MatMul", graph.op("MatMul", shares, memory), graph.weight(array(layer.value.weight).T))
    none = graph.op("Slice", shares, *(graph.constant(np.array([value], np.int64)) for value in (config.parts, config.parts + 1, 2)))
    some = graph.op("Sub", graph.constant(np.float32(1)), none)
    seen = graph.op("Add", seen, graph.op("Mul", some, graph.weight(array(layer.value.bias)[None, None])))
    seen = graph.reshape(graph.op("Transpose", seen, perm=[0, 2, 1]), -1, x.channels, x.height, x.width)
    both = FeatureMap(graph.op("Concat", normal.value, seen, axis=1), 2 * x.channels, x.height, x.width)
    mixed = convolution(graph, layer.mix, both)
    out = convolution(graph, layer.out, mixed.of(activation(graph, layer.act, mixed.value)))
    return x.of(graph.op("Add", x.value, out.value))
