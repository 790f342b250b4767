"""The control adapter as an ONNX graph, with the names of the tensors of a bundle's UNet that its outputs are added to.

    control_image (1, 3, pixels, pixels) RGB in [0, 1], dark lines on white; conditioning_scale (1)
    → residual_up0, residual_up1, ... float32, added to the inputs of the blocks on the UNet's way up, coarse to fine

Metadata: `adds_to`, JSON of output to the name of a float tensor in the bundle's unet/model.onnx; `preprocessor` says what
makes such a picture of another one: none.
"""

import json
import os
import re
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from forge.architecture import Preset
from forge.architecture.control import FAINT, PIXELS, ControlAdapter

from .blocks import FeatureMap, activation, convolution, double, residual_block
from .bundle import MANIFEST, hashes, write_json
from .graph import Graph

OUTPUT = "residual_up{}"
IMAGE, SCALE = "control_image", "conditioning_scale"
EXTERNAL_FROM = 1 << 30  # the file stays one


def joined_tensors(unet: onnx.ModelProto) -> list[str]:
    """Of a UNet that the forge exported, in integers or not: the inputs of the blocks on the way up, coarse to fine, each a
    feature map and its skip connection. ValueError when it has none."""
    users: dict[str, list[str]] = {}
    for node in unet.graph.node:
        for value in node.input:
            users.setdefault(value, []).append(node.name)
    found = [node.output[0] for node in unet.graph.node if node.op_type == "Concat" and "/" not in node.name
             and any(user.startswith("up") and "/residual/" in user for user in users.get(node.output[0], []))]
    if not found:
        raise ValueError("the UNet has no blocks of the forge's names on its way up")
    return found


def control_graph(adapter: ControlAdapter, pixels: int, half: bool) -> Graph:
    graph = Graph("control", half)
    image = graph.input(IMAGE, TensorProto.FLOAT, [1, 3, pixels, pixels])
    scale = graph.input(SCALE, TensorProto.FLOAT, [1])
    channels = graph.constant(np.array([1], np.int64))
    lines = graph.op("Sub", graph.constant(np.float32(1)), graph.op("ReduceMean", image, channels, keepdims=1))
    strength = graph.op("Mul", graph.reshape(scale, 1, 1, 1, 1), _there(graph, lines))
    x = FeatureMap(graph.op("SpaceToDepth", lines, blocksize=PIXELS), PIXELS**2, pixels // PIXELS, pixels // PIXELS)
    for layer in adapter.first:
        x = convolution(graph, layer, x)
        x = x.of(activation(graph, adapter.act, x.value))
    levels = []
    for index, blocks in enumerate(adapter.blocks):
        with graph.scope(f"level{index}"):
            x = x if index == 0 else convolution(graph, adapter.down[index - 1], x)
            for block in blocks:
                x = residual_block(graph, block, x, [])
        levels.append(x)
    x = levels[-1]
    for number, (layer, level) in enumerate(zip(adapter.out, reversed(range(len(levels))))):
        if level + 1 < len(levels):
            larger = double(graph, convolution(graph, adapter.up[level], x))
            x = larger.of(graph.op("Add", levels[level].value, larger.value))
        made = convolution(graph, layer, x.of(activation(graph, adapter.act, x.value)))
        graph.output(OUTPUT.format(number), graph.op("Mul", made.value, strength), [1, made.channels, made.height, made.width])
    return graph


def _there(graph: Graph, lines: str) -> str:
    """0 for a canvas that is (almost) white, else 1."""
    darkest = graph.op("ReduceMax", lines, graph.constant(np.array([1, 2, 3], np.int64)), keepdims=1)
    faint = graph.constant(np.float32(FAINT))
    share = graph.op("Div", graph.op("Sub", darkest, faint), faint)
    return graph.op("Clip", share, graph.constant(np.float32(0)), graph.constant(np.float32(1)))


def write(path: Path, adapter: ControlAdapter, pixels: int, unet: Path, half: bool = True) -> None:
    """The adapter for the UNet in that file, which stays as it is; `path` appears when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        control_graph(adapter, pixels, half).save(partial, EXTERNAL_FROM)
        model = onnx.load(partial)
        tensors = joined_tensors(onnx.load(unet, load_external_data=False))
        outputs = [output.name for output in model.graph.output]
        if len(outputs) != len(tensors):
            raise ValueError(f"{unet} has {len(tensors)} blocks on its way up, and the adapter is for {len(outputs)}")
        helper.set_model_props(model, {"adds_to": json.dumps(dict(zip(outputs, tensors))), "preprocessor": "none"})
        partial.write_bytes(model.SerializeToString())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def add_control(folder: Path, preset: Preset, adapter: ControlAdapter, name: str) -> Path:
    """Writes control/NAME/model.onnx and names it in bundle.json; ValueError when the bundle is another's."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    if manifest["width"] != preset.pixels:
        raise ValueError(f"{folder} is no bundle of the preset {preset.name}: it has {manifest['width']} pixels")
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
        raise ValueError(f"--name must be lower-case letters, digits, - and _, got {name!r}")
    path = folder / "control" / name / "model.onnx"
    write(path, adapter, preset.pixels, folder / "unet/model.onnx")
    files = {path: digest for path, digest in hashes(folder).items() if path != MANIFEST}
    write_json(folder / MANIFEST, manifest | {"files": files})
    return path


def adds_to(adapter: onnx.ModelProto) -> dict[str, str]:
    return json.loads({each.key: each.value for each in adapter.metadata_props}["adds_to"])


def controlled(unet: onnx.ModelProto, adapter: onnx.ModelProto) -> onnx.ModelProto:
    """The UNet with the adapter's outputs as inputs of the same names, each added to its tensor."""
    made = onnx.ModelProto()
    made.CopyFrom(unet)
    shapes = {output.name: output for output in adapter.graph.output}
    for output, tensor in adds_to(adapter).items():
        place = next((index for index, node in enumerate(made.graph.node) if tensor in node.output), None)
        if place is None:
            raise ValueError(f"the UNet has no tensor {tensor}: the adapter was made for another one")
        for node in made.graph.node[place + 1 :]:
            node.input[:] = [f"{tensor}+{output}" if value == tensor else value for value in node.input]
        made.graph.node.insert(place + 1, helper.make_node("Add", [tensor, output], [f"{tensor}+{output}"], name=f"control/{output}"))
        made.graph.input.append(shapes[output])
    return made
