"""Recall as ONNX nodes: which phrases a prompt holds, and the rows of the table that they mean."""

import numpy as np
from onnx import TensorProto

from forge.architecture.memory import MemoryConfig
from forge.architecture.recall import LONGEST, TURNED, Recall

from .graph import Graph, array

LEVELS = 127  # of the table's 8-bit numbers, on each side of 0


def memory_rows(graph: Graph, recall: Recall, ids: str, tokens: int, width: int) -> str:
    """ids (batch, tokens) int64 → (batch, rows, width) float32: the packed memory of the prompt's things."""
    with graph.scope("recall"):
        length, meaning = _longest(graph, recall, ids, tokens)
        free = _free(graph, length, tokens)
        first = _first(graph, meaning, graph.op("And", free, graph.op("GreaterOrEqual", meaning, _number(graph, 0))), tokens)
        other = graph.op("And", free, graph.op("GreaterOrEqual", meaning, _number(graph, 0)))
        other = graph.op("And", other, graph.op("Not", graph.op("Equal", meaning, first)))
        second = _first(graph, meaning, other, tokens)
        turned = graph.op("And", free, graph.op("Equal", meaning, _number(graph, TURNED)))
        turned = graph.op("ReduceMax", graph.op("Cast", turned, to=TensorProto.INT32), _axis(graph, 1), keepdims=1)
        turned = graph.op("And", graph.op("Cast", turned, to=TensorProto.BOOL), graph.op("GreaterOrEqual", second, _number(graph, 0)))
        things = graph.op("Concat", graph.op("Where", turned, second, first), graph.op("Where", turned, first, second), axis=1)
        return _rows(graph, recall, things, width)


def _number(graph: Graph, value: int) -> str:
    return graph.constant(np.array(value, np.int64))


def _axis(graph: Graph, *axes: int) -> str:
    return graph.constant(np.array(axes, np.int64))


def _longest(graph: Graph, recall: Recall, ids: str, tokens: int) -> tuple[str, str]:
    """Length and meaning of the longest phrase that begins at each position, (batch, tokens) int64 both."""
    base = len(recall.word_ends) + 1
    begins = _begins(graph, recall, ids, tokens)
    digits = graph.op("Add", ids, _number(graph, 1))
    length, meaning, code = _number(graph, 0), _number(graph, -1), None
    for count in range(1, LONGEST + 1):
        # The number of the `count` tokens from each position on, and zeros behind the last
        shifted = digits if count == 1 else graph.op(
            "Pad", graph.op("Slice", digits, _axis(graph, count - 1), _axis(graph, tokens), _axis(graph, 1)),
            _axis(graph, 0, 0, 0, count - 1), _number(graph, 0))
        code = shifted if code is None else graph.op("Add", graph.op("Mul", code, _number(graph, base)), shifted)
        known = {number(phrase, base): thing for phrase, thing in recall.phrases.items() if len(phrase) == count}
        if not known:
            continue
        codes = graph.constant(np.array(list(known), np.int64))
        same = graph.op("Equal", graph.op("Unsqueeze", code, _axis(graph, 2)), codes)  # (batch, tokens, phrases)
        same = graph.op("Cast", same, to=TensorProto.INT32)
        found = graph.op("Cast", graph.op("ReduceMax", same, _axis(graph, 2), keepdims=0), to=TensorProto.BOOL)
        found = graph.op("And", found, begins)
        means = graph.op("Gather", graph.constant(np.array(list(known.values()), np.int64)), graph.op("ArgMax", same, axis=2, keepdims=0))
        length = graph.op("Where", found, _number(graph, count), length)
        meaning = graph.op("Where", found, means, meaning)
    return length, meaning


def number(phrase: tuple[int, ...], base: int) -> int:
    """One number for the tokens: digits from 1 on, so that phrases of different lengths differ."""
    code = 0
    for token in phrase:
        code = code * base + token + 1
    return code


def _begins(graph: Graph, recall: Recall, ids: str, tokens: int) -> str:
    """(batch, tokens) bool: whether a word begins there. None does at the start token; one does behind it."""
    ends = graph.op("Gather", graph.constant(recall.word_ends.numpy().astype(np.int32)), ids)
    before = graph.op("Pad", graph.op("Slice", ends, _axis(graph, 0), _axis(graph, tokens - 1), _axis(graph, 1)),
                      _axis(graph, 0, 1, 0, 0), graph.constant(np.array(0, np.int32)))
    second = np.zeros((1, tokens), np.int32)
    second[0, 1] = 1
    inside = np.ones((1, tokens), np.int32)
    inside[0, 0] = 0
    allowed = graph.op("Mul", graph.op("Max", before, graph.constant(second)), graph.constant(inside))
    return graph.op("Cast", allowed, to=TensorProto.BOOL)


def _free(graph: Graph, length: str, tokens: int) -> str:
    """(batch, tokens) bool: whose phrase lies within none from further left."""
    ends = graph.op("Add", length, graph.constant(np.arange(tokens)[None]))
    covers = graph.op("GreaterOrEqual", graph.op("Unsqueeze", ends, _axis(graph, 1)), graph.op("Unsqueeze", ends, _axis(graph, 2)))
    left = np.tril(np.ones((tokens, tokens), bool), k=-1)[None]  # (1, position, other): the other is further left
    covers = graph.op("Cast", graph.op("And", covers, graph.constant(left)), to=TensorProto.INT32)
    return graph.op("Not", graph.op("Cast", graph.op("ReduceMax", covers, _axis(graph, 2), keepdims=0), to=TensorProto.BOOL))


def _first(graph: Graph, meaning: str, where: str, tokens: int) -> str:
    """(batch, 1) int64: the meaning at the first position where `where` holds, -1 where it holds nowhere."""
    marks = graph.op("Cast", where, to=TensorProto.INT32)
    position = graph.op("ArgMax", marks, axis=1, keepdims=1)
    there = graph.op("GatherElements", meaning, position, axis=1)
    some = graph.op("Cast", graph.op("ReduceMax", marks, _axis(graph, 1), keepdims=1), to=TensorProto.BOOL)
    return graph.op("Where", some, there, _number(graph, -1))


def _rows(graph: Graph, recall: Recall, things: str, width: int) -> str:
    """things (batch, 2), -1 for none → (batch, rows, width)."""
    config: MemoryConfig = recall.config
    table, scale = quantized(array(recall.table))
    size = config.side**2 * config.numbers
    empty = np.zeros((1, size), np.int8)  # the last row: no thing
    stored = graph.constant(np.concatenate([table.reshape(-1, size), empty]))
    rows = graph.op("Where", graph.op("Less", things, _number(graph, 0)), _number(graph, len(table)), things)
    parts = graph.op("Cast", graph.op("Gather", stored, rows, axis=0), to=TensorProto.FLOAT)  # (batch, things, size)
    parts = graph.op("Mul", graph.reshape(parts, -1, config.parts, config.numbers), graph.constant(scale))
    flat, count = graph.reshape(parts, -1, config.parts * config.numbers), config.rows(width)
    padding = count * width - config.parts * config.numbers
    if padding:
        flat = graph.op("Pad", flat, _axis(graph, 0, 0, 0, padding))
    return graph.reshape(flat, -1, count, width)


def quantized(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(things, parts, numbers) float → int8, and the scale of each number."""
    scale = np.maximum(np.abs(table).max(axis=(0, 1)), 1e-6).astype(np.float32) / LEVELS
    return np.clip(np.round(table / scale), -LEVELS, LEVELS).astype(np.int8), scale
