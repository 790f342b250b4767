"""A LoRA as the server and others read it: kohya-ss's names, with the layers' names from the exported graph.

    lora_unet_LAYER.lora_down.weight (rank, in, k, k)   .lora_up.weight (out, rank, 1, 1)   .alpha ()

LAYER is the whole name of the node that uses the layer's weight in the forge's float graph, with `_` for `/`:
`up2/residual/Conv_982` is `up2_residual_Conv_982`. Quantized graphs keep the names of convolutions, and append `_quant` or
`_MatMul_quant` to those of matrix products.
"""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor

from forge.architecture import Preset, UNet
from forge.training import checkpoint

from .graph import array
from .unet import unet_graph

OPERATORS = ("Conv", "Gemm", "MatMul")


def layer_names(unet: UNet, preset: Preset) -> dict[str, str]:
    """Of every weight matrix and kernel that the exported graph uses as it is: its name in PyTorch → its node's name.
    What the export joins, splits or folds into others is left out; so are depthwise kernels."""
    graph = unet_graph(unet, preset.unet.sample_size, preset.text.tokens, half=True)  # as bundles have it: Casts count in names
    casts = {node.output[0]: node.input[0] for node in graph.nodes if node.op_type == "Cast"}
    nodes = {}
    for node in graph.nodes:
        weight = node.input[1] if node.op_type in OPERATORS else ""
        values = graph.initialisers.get(casts.get(weight, weight))
        if values is not None and values.ndim >= 2:
            nodes.setdefault(key(values), node.name)
    found = {}
    for name, weight in unet.named_parameters():
        values = array(weight)
        if values.ndim < 2 or values[0].size < 2 or values.ndim == 4 and values.shape[1] == 1:
            continue
        node = nodes.get(key(values)) or nodes.get(key(values.T))
        if node is not None:
            found[name] = node
    return found


def key(values: np.ndarray) -> tuple[tuple[int, ...], bytes]:
    """What tells one weight from another, in float16."""
    return values.shape, np.ascontiguousarray(values, np.float16).tobytes()


def kohya(factors: dict[str, tuple[Tensor, Tensor]], names: dict[str, str], alpha: float) -> dict[str, Tensor]:
    """factors: by weight, down (rank, in, ...) and up (out, rank, ...) → tensors of the file."""
    tensors = {}
    for weight, (down, up) in factors.items():
        layer = "lora_unet_" + names[weight].replace("/", "_")
        tensors |= {f"{layer}.lora_down.weight": down, f"{layer}.lora_up.weight": up, f"{layer}.alpha": torch.tensor(alpha)}
    return tensors


def write(path: Path, factors: dict[str, tuple[Tensor, Tensor]], names: dict[str, str], alpha: float) -> None:
    """The file, in float16; `path` appears when it is whole."""
    partial = path.with_name(f".{path.name}")
    path.parent.mkdir(parents=True, exist_ok=True)
    checkpoint.write_safetensors(partial, {name: tensor.half().contiguous() for name, tensor in kohya(factors, names, alpha).items()})
    partial.replace(path)


def applied(unet: onnx.ModelProto, tensors: dict[str, Tensor], weight: float) -> onnx.ModelProto:
    """The UNet with a LoRA's changes: added to weights that are floats when they are used, and beside products of integers as
    two of their own, since what an int8 cannot hold would be lost. ValueError names the first layer that it has not."""
    made = onnx.ModelProto()
    made.CopyFrom(unet)
    nodes = {node.name.replace("/", "_"): node for node in made.graph.node}
    for layer in sorted({name.split(".")[0] for name in tensors}):
        down, up, alpha = (tensors[f"{layer}.{part}"].float().numpy() for part in ("lora_down.weight", "lora_up.weight", "alpha"))
        factor, name = weight * float(alpha) / len(down), layer.removeprefix("lora_unet_")
        node = next((nodes[name + ending] for ending in ("", "_quant", "_MatMul", "_MatMul_quant") if name + ending in nodes), None)
        if node is None:
            raise ValueError(f"the UNet has no layer {name}: the LoRA was made for another one")
        if node.op_type == "MatMulInteger":
            _beside(made, node, factor * up, down)
            continue
        change = factor * up.reshape(len(up), -1) @ down.reshape(len(down), -1)
        _added(made, node, change.reshape(len(up), *down.shape[1:]) if node.op_type == "Conv" else change.T)
    return made


def _added(model: onnx.ModelProto, node: onnx.NodeProto, change: np.ndarray) -> None:
    """To the weight, which may itself be computed, of float16 or of int8 and scales, when a session opens."""
    weight, name = node.input[1], f"lora/{node.name}"
    model.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(change, np.float32), f"{name}/change"))
    place = [each.name for each in model.graph.node].index(node.name)
    node.input[1] = f"{name}/weight"
    model.graph.node.insert(place, helper.make_node("Add", [weight, f"{name}/change"], [f"{name}/weight"], name=f"{name}/Add"))


def _beside(model: onnx.ModelProto, node: onnx.NodeProto, up: np.ndarray, down: np.ndarray) -> None:
    """The product's result, in floats again, plus input x down x up."""
    users = {value: user for user in model.graph.node for value in user.input}
    source = next(each for each in model.graph.node if node.input[0] in each.output).input[0]  # before it was quantized
    last = node
    while last.op_type != "Mul":
        last = users[last.output[0]]
    result, name = last.output[0], f"lora/{node.name}"
    for matrix, ending in ((down.T, "down"), (up.T, "up")):
        model.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(matrix), f"{name}/{ending}"))
    last.output[0] = f"{name}/without"
    place = [each.name for each in model.graph.node].index(last.name) + 1
    for new in reversed((helper.make_node("MatMul", [source, f"{name}/down"], [f"{name}/narrow"], name=f"{name}/MatMul_down"),
                         helper.make_node("MatMul", [f"{name}/narrow", f"{name}/up"], [f"{name}/more"], name=f"{name}/MatMul_up"),
                         helper.make_node("Add", [f"{name}/without", f"{name}/more"], [result], name=f"{name}/Add"))):
        model.graph.node.insert(place, new)
