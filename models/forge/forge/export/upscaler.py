"""The upscaler as an ONNX graph, in the form that ESRGAN and its kin are exported in."""

import numpy as np
from onnx import TensorProto

from forge.architecture.upscaler import SCALE, SLOPE, Upscaler

from .blocks import FeatureMap, convolution
from .graph import Graph


def upscaler_graph(network: Upscaler, half: bool) -> Graph:
    """image (1, 3, height, width) RGB in [0, 1] → upscaled (1, 3, 2 height, 2 width), clipped to the same range; any size."""
    graph = Graph("upscaler", half)
    image = graph.input("image", TensorProto.FLOAT, [1, 3, "height", "width"])
    x = convolution(graph, network.first, FeatureMap(image, 3, 0, 0))  # sizes are not known, and nothing here asks for them
    for index, block in enumerate(network.blocks):
        with graph.scope(f"block{index}"):
            h = convolution(graph, block[0], x.of(graph.op("LeakyRelu", x.value, alpha=SLOPE)))
            h = convolution(graph, block[2], h.of(graph.op("LeakyRelu", h.value, alpha=SLOPE)))
            x = x.of(graph.op("Add", x.value, h.value))
    change = convolution(graph, network.last, x.of(graph.op("LeakyRelu", x.value, alpha=SLOPE)))
    change = graph.op("DepthToSpace", change.value, blocksize=SCALE, mode="CRD")
    scales = graph.constant(np.array([1, 1, SCALE, SCALE], np.float32))
    larger = graph.op("Resize", image, "", scales, mode="linear", coordinate_transformation_mode="half_pixel")
    bounds = (graph.constant(np.float32(0)), graph.constant(np.float32(1)))
    graph.output("upscaled", graph.op("Clip", graph.op("Add", change, larger), *bounds),
                 [1, 3, f"{SCALE} * height", f"{SCALE} * width"])
    return graph
