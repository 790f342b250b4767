"""ONNX files as graphs that a quantizer can read, and back."""

from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, external_data_helper, numpy_helper

HALF_FROM_ELEMENTS = 1024  # as the export has it: smaller weights weigh nothing and matter most
EXTERNAL_FROM_BYTES = 256 << 20
QUANTIZED_OPERATORS = {"QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "MatMulNBits", "QLinearConv",
                       "QLinearMatMul", "MatMulInteger", "ConvInteger", "GatherBlockQuantized"}
WEIGHTED = ("Conv", "Gemm", "MatMul")  # operators whose second input may be a weight


def read_structure(path: Path) -> ModelProto:
    """The graph without weights that lie outside of the file. ValueError names a file that is not ONNX."""
    try:
        model = onnx.load(str(path), load_external_data=False)
    except Exception as error:  # protobuf's own type, which onnx does not export
        raise ValueError(f"{path} is truncated or not ONNX: {error}") from error
    if not model.graph.node:
        raise ValueError(f"{path} is truncated or not ONNX: no graph in it")
    return model


def external_files(path: Path) -> set[Path]:
    """Files beside the model that hold its weights."""
    model = read_structure(path)
    return {path.parent / entry.value for tensor in external_data_helper._get_all_tensors(model)
            for entry in tensor.external_data if entry.key == "location"}


def is_quantized(path: Path) -> bool:
    return any(node.op_type in QUANTIZED_OPERATORS for node in read_structure(path).graph.node)


def load_single(path: Path) -> ModelProto:
    """The network in float32 throughout: weights and constants that are stored as float16 widened, Casts of weights
    folded, Constant nodes made initialisers and nodes without a name given one, since quantizers look for these."""
    model = read_structure(path)
    try:
        external_data_helper.load_external_data_for_model(model, str(path.parent))
    except (OSError, ValueError, onnx.checker.ValidationError) as error:
        raise ValueError(f"{path}: its weights beside it cannot be read: {error}") from error
    graph = model.graph
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            tensors[node.output[0]] = node.attribute[0].t
    kept = []
    for index, node in enumerate(graph.node):
        if node.op_type == "Constant" and node.output[0] in tensors:
            continue
        if node.op_type == "Cast" and node.input[0] in tensors and target(node) in (TensorProto.FLOAT, TensorProto.FLOAT16):
            tensors[node.output[0]] = tensors[node.input[0]]
            if tensors[node.input[0]].data_type in (TensorProto.FLOAT, TensorProto.FLOAT16):
                continue
            tensors.pop(node.output[0])
        widen_node(node)
        node.name = node.name or f"{node.op_type}_{index}"
        kept.append(node)
    used = {name for node in kept for name in node.input} | {value.name for value in graph.output}
    del graph.node[:], graph.initializer[:], graph.value_info[:]
    graph.node.extend(kept)
    graph.initializer.extend(single(tensor, name) for name, tensor in tensors.items() if name in used)
    for value in [*graph.input, *graph.output]:
        if value.type.tensor_type.elem_type == TensorProto.FLOAT16:
            value.type.tensor_type.elem_type = TensorProto.FLOAT
    return model


def target(cast: NodeProto) -> int:
    return next(attribute.i for attribute in cast.attribute if attribute.name == "to")


def widen_node(node: NodeProto) -> None:
    """float16 inside attributes becomes float32."""
    for attribute in node.attribute:
        if node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT16:
            attribute.i = TensorProto.FLOAT
        if attribute.HasField("t") and attribute.t.data_type == TensorProto.FLOAT16:
            attribute.t.CopyFrom(single(attribute.t, attribute.t.name))


def single(tensor: TensorProto, name: str) -> TensorProto:
    """The tensor under another name, float16 widened to float32."""
    values = numpy_helper.to_array(tensor)
    return numpy_helper.from_array(values.astype(np.float32) if values.dtype == np.float16 else values, name)


def weights(model: ModelProto) -> dict[str, TensorProto]:
    return {tensor.name: tensor for tensor in model.graph.initializer}


def layers(model: ModelProto) -> list[NodeProto]:
    """Nodes that multiply by a constant weight: convolutions, and products with a matrix. Products with a stack of
    matrices are left out, for ONNX Runtime's integer kernels take no scales per channel for them."""
    shapes = {tensor.name: len(tensor.dims) for tensor in model.graph.initializer}
    return [node for node in model.graph.node if node.op_type in WEIGHTED
            and shapes.get(node.input[1], 0) >= 2 and not (node.op_type == "MatMul" and shapes[node.input[1]] != 2)]


def store_halves(model: ModelProto, names: set[str]) -> None:
    """Stores the named float32 weights as float16 behind a Cast, which ONNX Runtime runs once, when it loads."""
    largest, casts = np.finfo(np.float16).max, []
    for index, tensor in enumerate(model.graph.initializer):
        if tensor.name not in names or tensor.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(tensor)
        if values.size < HALF_FROM_ELEMENTS or np.abs(values).max() > largest:
            continue
        half = f"{tensor.name}_half"
        casts.append(onnx.helper.make_node("Cast", [half], [tensor.name], name=f"{tensor.name}_single", to=TensorProto.FLOAT))
        model.graph.initializer[index].CopyFrom(numpy_helper.from_array(values.astype(np.float16), half))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def save(model: ModelProto, path: Path, external_from_bytes: int = EXTERNAL_FROM_BYTES) -> None:
    """One file, or the weights beside it in `<name>_data` when they weigh `external_from_bytes` or more."""
    size = sum(len(tensor.raw_data) for tensor in model.graph.initializer)
    if size < external_from_bytes:
        onnx.save(model, str(path))
        return
    onnx.save(model, str(path), save_as_external_data=True, location=f"{path.name}_data", size_threshold=4096)
    path.with_name(f"{path.name}_data").chmod(0o644)
