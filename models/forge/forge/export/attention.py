"""Attention and transformer blocks as ONNX nodes.

Tokens are matrices (B * N, C) between the layers, so that every linear layer is one Gemm without reshapes around it.
"""

import numpy as np
from torch import nn

from forge.architecture.transformer import Attention, GatedFeedForward, SpatialTransformer, TransformerBlock

from .blocks import FeatureMap, activation, convolution, linear, normalize_groups
from .graph import Graph, array


def layer_norm(graph: Graph, norm: nn.LayerNorm, x: str) -> str:
    return graph.op("LayerNormalization", x, graph.weight(array(norm.weight)), graph.weight(array(norm.bias)),
                    axis=-1, epsilon=norm.eps)


def split_heads(graph: Graph, x: str, tokens: int, heads: int, head_width: int) -> str:
    """(B * tokens, heads * d) → (B, heads, tokens, d)."""
    return graph.op("Transpose", graph.reshape(x, -1, tokens, heads, head_width), perm=[0, 2, 1, 3])


def weigh(graph: Graph, kind: str, scores: str) -> str:
    """Scores to weights along the last axis; ReLU attention has its division by L in the query matrix already."""
    return graph.op("Softmax", scores, axis=-1) if kind == "softmax" else graph.op("Relu", scores)


def multi_head(graph: Graph, query: str, key: str, value: str, *, heads: int, head_width: int, queries: int, keys: int,
               kind: str = "softmax", mask: str | None = None) -> str:
    """query (B * queries, C), scaled already; key, value (B * keys, C); mask (queries, keys) → (B * queries, C)."""
    split_query = split_heads(graph, query, queries, heads, head_width)
    split_key = split_heads(graph, key, keys, heads, head_width)
    split_value = split_key if value == key else split_heads(graph, value, keys, heads, head_width)
    scores = graph.op("MatMul", split_query, graph.op("Transpose", split_key, perm=[0, 1, 3, 2]))
    if mask is not None:
        scores = graph.op("Add", scores, mask)
    mixed = graph.op("MatMul", weigh(graph, kind, scores), split_value)
    return graph.reshape(graph.op("Transpose", mixed, perm=[0, 2, 1, 3]), -1, heads * head_width)


def scaled_query(attention: Attention, keys: int) -> np.ndarray:
    """The query matrix times what the scores are multiplied by: 1 / sqrt(d), and 1 / L for ReLU attention."""
    factor = attention.head_width**-0.5 / (keys if attention.kind == "relu" else 1)
    return array(attention.query.weight) * np.float32(factor)


def attend(graph: Graph, attention: Attention, x: str, source: str, queries: int, keys: int) -> str:
    """x (B * queries, C), source (B * keys, inputs) → (B * queries, C)."""
    width = attention.query.out_features
    query = linear(graph, scaled_query(attention, keys), None, x)
    key = linear(graph, array(attention.key.weight), None, source)
    value = key if attention.value is None else linear(graph, array(attention.value.weight), None, source)
    mixed = multi_head(graph, query, key, value, heads=width // attention.head_width,
                       head_width=attention.head_width, queries=queries, keys=keys, kind=attention.kind)
    return linear(graph, array(attention.out.weight), array(attention.out.bias), mixed)


def attend_through_context(graph: Graph, attention: Attention, x: str, context: str, queries: int, keys: int) -> str:
    """`attend`, with the query and output matrices multiplied into the keys and values of the context.

    x Wq (c Wk)^T = x (Wq Wk^T c^T): with few keys the product over all cells shrinks from width x width to
    width x (heads * keys), and no large matrix is transposed into heads and back.
    """
    width, head_width = attention.query.out_features, attention.head_width
    heads = width // head_width
    per_head = scaled_query(attention, keys).reshape(heads, head_width, width)
    out = array(attention.out.weight).T.reshape(heads, head_width, width)
    key = split_heads(graph, linear(graph, array(attention.key.weight), None, context), keys, heads, head_width)
    value = key if attention.value is None else split_heads(
        graph, linear(graph, array(attention.value.weight), None, context), keys, heads, head_width)
    key = graph.reshape(graph.op("MatMul", key, graph.weight(per_head)), -1, heads * keys, width)
    value = graph.reshape(graph.op("MatMul", value, graph.weight(out)), -1, heads * keys, width)
    cells = graph.reshape(x, -1, queries, width)
    scores = graph.op("MatMul", cells, graph.op("Transpose", key, perm=[0, 2, 1]))
    weights = weigh(graph, attention.kind, graph.reshape(scores, -1, queries, heads, keys))
    mixed = graph.op("MatMul", graph.reshape(weights, -1, queries, heads * keys), value)
    return graph.op("Add", graph.reshape(mixed, -1, width), graph.weight(array(attention.out.bias)))


def context_form_is_cheaper(attention: Attention, queries: int, keys: int) -> bool:
    """Whether `attend_through_context` takes fewer multiply-accumulates than `attend`."""
    width = attention.query.out_features
    heads = width // attention.head_width
    return queries * heads * keys + keys * width < queries * (width + keys)


def gated_feed_forward(graph: Graph, net: GatedFeedForward, x: str) -> str:
    """The two halves of the projection are two products here: splitting one would copy them."""
    (value_weight, gate_weight), (value_bias, gate_bias) = (
        np.split(array(each), 2) for each in (net.project.weight, net.project.bias))
    gate = activation(graph, net.act, linear(graph, gate_weight, gate_bias, x))
    value = linear(graph, value_weight, value_bias, x)
    return linear(graph, array(net.out.weight), array(net.out.bias), graph.op("Mul", value, gate))


def transformer_block(graph: Graph, block: TransformerBlock, x: str, context: str, cells: int, tokens: int) -> str:
    """x (B * cells, C), context (B * tokens, D) → (B * cells, C)."""
    if block.self_attention is not None:
        with graph.scope("self_attention"):
            normal = layer_norm(graph, block.norm_self, x)
            x = graph.op("Add", x, attend(graph, block.self_attention, normal, normal, cells, cells))
    with graph.scope("cross_attention"):
        cheaper = context_form_is_cheaper(block.cross_attention, cells, tokens)
        form = attend_through_context if cheaper else attend
        normal = layer_norm(graph, block.norm_cross, x)
        x = graph.op("Add", x, form(graph, block.cross_attention, normal, context, cells, tokens))
    with graph.scope("feed_forward"):
        return graph.op("Add", x, gated_feed_forward(graph, block.ff, layer_norm(graph, block.norm_ff, x)))


def spatial_transformer(graph: Graph, stack: SpatialTransformer, x: FeatureMap, context: str,
                        tokens: int) -> FeatureMap:
    """The norm's scale and shift go into the projection, whose bias goes into the constant positions."""
    cells, width = x.height * x.width, x.channels
    normal = normalize_groups(graph, stack.norm.num_groups, stack.norm.eps, x)
    weight, bias = array(stack.project_in.weight)[:, :, 0, 0], array(stack.project_in.bias)
    bias = bias + weight @ array(stack.norm.bias)
    if stack.position is not None:
        bias = bias + array(stack.position(x.height, x.width, stack.project_in.weight))[0]  # (cells, width)
    rows = graph.op("Transpose", graph.reshape(normal.value, -1, width, cells), perm=[0, 2, 1])
    rows = graph.op("MatMul", rows, graph.weight((weight * array(stack.norm.weight)).T))
    h = graph.reshape(graph.op("Add", rows, graph.weight(bias)), -1, width)
    for index, block in enumerate(stack.blocks):
        with graph.scope(str(index)):
            h = transformer_block(graph, block, h, context, cells, tokens)
    columns = graph.op("Transpose", graph.reshape(h, -1, cells, width), perm=[0, 2, 1])
    out = convolution(graph, stack.project_out, x.of(graph.reshape(columns, -1, width, x.height, x.width)))
    return x.of(graph.op("Add", out.value, x.value))
