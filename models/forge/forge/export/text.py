"""The text tower as an ONNX graph."""

import numpy as np
from onnx import TensorProto

from forge.architecture import TextTower
from forge.architecture.recall import Recall

from .attention import layer_norm, multi_head
from .blocks import activation, linear
from .graph import Graph, array
from .recall import memory_rows


def text_graph(tower: TextTower, half: bool, recall: Recall | None = None) -> Graph:
    """input_ids (batch, tokens) int64 → last_hidden_state (batch, tokens, width); behind them, with `recall`, the rows of
    the prompt's packed memory."""
    config = tower.config
    tokens, width, heads = config.tokens, config.width, config.heads
    graph = Graph("text_encoder", half)
    ids = graph.input("input_ids", TensorProto.INT64, ["batch", tokens])
    embedded = graph.op("Gather", graph.weight(array(tower.token.weight)), ids)
    x = graph.reshape(graph.op("Add", embedded, graph.weight(array(tower.position.weight))), -1, width)
    mask = None
    if config.causal:
        later = np.triu(np.ones((tokens, tokens), dtype=bool), k=1)
        mask = graph.constant(np.where(later, np.finfo(np.float32).min, 0).astype(np.float32))
    for index, layer in enumerate(tower.layers):
        with graph.scope(f"layer{index}"):
            h = layer_norm(graph, layer.norm1, x)
            scale = np.float32((width // heads) ** -0.5)
            query = linear(graph, array(layer.query.weight) * scale, array(layer.query.bias) * scale, h)
            key, value = (linear(graph, array(each.weight), array(each.bias), h) for each in (layer.key, layer.value))
            mixed = multi_head(graph, query, key, value, heads=heads, head_width=width // heads, queries=tokens,
                               keys=tokens, mask=mask)
            x = graph.op("Add", x, linear(graph, array(layer.out.weight), array(layer.out.bias), mixed))
            first, act, last = layer.ff
            h = linear(graph, array(first.weight), array(first.bias), layer_norm(graph, layer.norm2, x))
            h = activation(graph, act, h)
            x = graph.op("Add", x, linear(graph, array(last.weight), array(last.bias), h))
    states, rows = graph.reshape(layer_norm(graph, tower.norm, x), -1, tokens, width), 0
    if recall is not None:
        rows = recall.config.rows(width)
        states = graph.op("Concat", states, memory_rows(graph, recall, ids, tokens, width), axis=1)
    graph.output("last_hidden_state", states, ["batch", tokens + rows, width])
    return graph
