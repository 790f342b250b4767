"""The copy of memory in front of the UNet's output as ONNX nodes."""

import numpy as np

from forge.architecture.copying import MemoryCopy
from forge.architecture.memory import places

from .blocks import FeatureMap, activation, convolution
from .graph import Graph, array
from .memory import halves


def memory_copy(graph: Graph, layer: MemoryCopy, x: FeatureMap, memory: str, latents: FeatureMap) -> FeatureMap:
    """memory (batch * things, numbers, side, side): each thing's picture; latents as predicted so far → better ones."""
    config, cells = layer.config, latents.height * latents.width
    hidden = _hidden(graph, layer, x, latents)
    found = convolution(graph, layer.find, hidden)
    grids = config.things * 2 * config.fine_side
    sizes = graph.constant(np.array([grids, config.things + 1], np.int64))
    grids, which = graph.split_op("Split", 2, found.value, sizes, axis=1)
    which = graph.op("Slice", graph.op("Softmax", which, axis=1),
                     *(graph.constant(np.array([value], np.int64)) for value in (0, config.things, 1)))
    grids = graph.op("Transpose", graph.reshape(grids, -1, 2, config.fine_side, cells), perm=[0, 1, 3, 2])
    rows, columns = graph.split_op("Split", 2, graph.op("Softmax", grids, axis=-1), graph.constant(np.array([1, 1], np.int64)), axis=1)
    seen = _seen(graph, layer, graph.reshape(rows, -1, cells, config.fine_side), columns, memory, cells)
    shares = graph.reshape(which, -1, config.things, 1, latents.height, latents.width)
    seen = graph.op("Mul", graph.reshape(seen, -1, config.things, config.fine_numbers, latents.height, latents.width), shares)
    seen = graph.op("ReduceSum", seen, graph.constant(np.array([1], np.int64)), keepdims=0)
    count = config.fine_numbers + config.things
    seen = convolution(graph, layer.around, latents.of(graph.op("Concat", seen, which, axis=1), count))
    joined = graph.op("Concat", hidden.value, seen.value, latents.value, axis=1)
    both = convolution(graph, layer.mix, latents.of(joined, hidden.channels + seen.channels + latents.channels))
    shown, gate = halves(graph, both)
    mixed = graph.op("Mul", shown, activation(graph, layer.act, gate))
    correction = convolution(graph, layer.out, latents.of(mixed, config.fine_width))
    return latents.of(graph.op("Add", latents.value, correction.value))


def _hidden(graph: Graph, layer: MemoryCopy, x: FeatureMap, latents: FeatureMap) -> FeatureMap:
    """What each cell looks for; the place of a cell is known here, so what the layer makes of it is a constant."""
    place, factor = np.split(array(layer.place(places(latents.height, latents.width))).transpose(2, 0, 1)[None], 2, axis=1)
    wide = graph.op("DepthToSpace", convolution(graph, layer.widen, x).value, blocksize=layer.patch, mode="CRD")
    both = latents.of(wide, 2 * layer.config.fine_width)
    drawn, product = halves(graph, both)
    drawn = activation(graph, layer.act, graph.op("Add", drawn, graph.weight(place)))
    return both.of(graph.op("Concat", drawn, graph.op("Mul", product, graph.weight(factor)), axis=1))


def _seen(graph: Graph, layer: MemoryCopy, rows: str, columns: str, memory: str, cells: int) -> str:
    """rows and columns as shares, with batch * things * cells * fine side numbers → (batch * things, numbers of one latent, cells): what they
    point to."""
    config = layer.config
    side, numbers = config.fine_side, config.fine_numbers
    fine = graph.op("DepthToSpace", memory, blocksize=side // config.side, mode="CRD")
    fine = graph.reshape(graph.op("Transpose", fine, perm=[0, 2, 1, 3]), -1, side, numbers * side)
    lines = graph.op("MatMul", rows, fine)
    lines = graph.op("Mul", graph.reshape(lines, -1, cells, numbers, side), graph.reshape(columns, -1, cells, 1, side))
    lines = graph.op("ReduceSum", lines, graph.constant(np.array([3], np.int64)), keepdims=0)
    return graph.op("Transpose", lines, perm=[0, 2, 1])
