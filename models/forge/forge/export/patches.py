"""Patches of latents, the noise's variates and the velocity of clean latents as ONNX nodes."""

import math

import numpy as np
from onnx import TensorProto

from forge.architecture import UNet
from forge.architecture.unet import LEAST_TIME
from forge.architecture.variates import FIRST_STEP, FREQUENCIES, WAVES, basis

from .blocks import FeatureMap, linear
from .graph import Graph, array


def before_the_end(graph: Graph, timestep: str) -> str:
    """timestep (timesteps,) → (timesteps, 1) 1 where a sample holds something of a picture, 0 where it is noise alone."""
    earlier = graph.op("Less", timestep, graph.constant(np.float32(FIRST_STEP)))
    return graph.reshape(graph.op("Cast", earlier, to=TensorProto.FLOAT), -1, 1)


def seen_patches(graph: Graph, unet: UNet, sample: FeatureMap, timestep: str) -> FeatureMap:
    """What the first convolution takes of the sample."""
    value, patch = sample.value, unet.config.patch
    if unet.variates is not None:
        value = graph.op("Mul", value, graph.reshape(before_the_end(graph, timestep), -1, 1, 1, 1))
    if patch == 1:
        return sample.of(value)
    height, width = sample.height // patch, sample.width // patch
    value = graph.reshape(value, -1, sample.channels, height, patch, width, patch)
    value = graph.op("Transpose", value, perm=[0, 1, 3, 5, 2, 4])
    channels = sample.channels * patch**2
    return FeatureMap(graph.reshape(value, -1, channels, height, width), channels, height, width)


def unpatched(graph: Graph, unet: UNet, out: FeatureMap) -> FeatureMap:
    """Patches as the latents that they are."""
    patch = unet.config.patch
    if patch == 1:
        return out
    value = graph.op("DepthToSpace", out.value, blocksize=patch, mode="CRD")
    return FeatureMap(value, out.channels // patch**2, out.height * patch, out.width * patch)


def velocity(graph: Graph, unet: UNet, out: FeatureMap, sample: str, timestep: str) -> str:
    """The velocity that the last layer's output means."""
    value = out.value
    if unet.config.predicts == "velocity":
        return value
    time = graph.op("Mul", timestep, graph.constant(np.float32(0.001)))
    time = graph.op("Max", time, graph.constant(np.float32(LEAST_TIME)))
    return graph.op("Div", graph.op("Sub", sample, value), graph.reshape(time, -1, 1, 1, 1))


def variates_embedding(graph: Graph, unet: UNet, sample: FeatureMap, timestep: str) -> str:
    """→ (batch, time_width): what the noise's longest waves add to the time embedding, in the first step alone."""
    with graph.scope("variates"):
        layer, count = unet.variates, WAVES * sample.channels
        flat = graph.reshape(sample.value, -1, sample.channels, sample.height * sample.width)
        waves = graph.op("MatMul", flat, graph.constant(array(basis(sample.height, sample.width)).T / np.float32(math.sqrt(2))))
        waves = graph.reshape(graph.op("Transpose", waves, perm=[0, 2, 1]), -1, count, 1)
        half = graph.constant(np.float32(0.5))
        uniform = graph.op("Add", graph.op("Mul", graph.op("Erf", waves), half), half)
        angles = graph.op("Mul", uniform, graph.constant(np.array(FREQUENCIES, np.float32)[None, None] * np.float32(np.pi)))
        both = graph.op("Concat", graph.op("Sin", angles), graph.op("Cos", angles), axis=2)
        project = layer.project
        embedded = linear(graph, array(project.weight), array(project.bias), graph.reshape(both, -1, project.in_features))
        first = graph.op("Sub", graph.constant(np.float32(1)), before_the_end(graph, timestep))
        return graph.op("Mul", embedded, first)
