"""The kinds of quantization, each a function from a float32 file to a model; ONNX Runtime's quantizers do the work."""

import logging
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.transformers.float16 import convert_float_to_float16

from .graphs import HALF_FROM_ELEMENTS, layers, store_halves, weights

Feeds = list[dict[str, np.ndarray]]
LARGE_BYTES = 1 << 30  # protobuf holds less than two of these
# Without VNNI, vpmaddubsw adds two products of 8 bits in 16 and saturates: weights of 7 bits cannot overflow it. Measured on
# pocket's UNet, AVX2: 14 dB with 8 bits, 27 with 7.
REDUCE_RANGE = True


@dataclass(frozen=True)
class Job:
    """One network to quantize."""

    model: ModelProto  # float32, as `load_single` reads it
    kept: set[str]  # layers that keep their precision
    feeds: Feeds  # inputs to calibrate with; empty for kinds that need none
    folder: Path  # for temporary files

    def chosen(self) -> list[str]:
        return [node.name for node in layers(self.model) if node.name not in self.kept]


@dataclass(frozen=True)
class Kind:
    text: str
    run: Callable[[Job], ModelProto]
    calibrated: bool = False
    keeps_layers: bool = True  # whether the rule of sensitive layers applies
    sees_all: bool = False  # whether a layer's result depends on all of its input


class Reader(CalibrationDataReader):
    def __init__(self, feeds: Feeds):
        self.left = iter(feeds)

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self.left, None)


def with_file(job: Job, quantize: Callable[[str, str, bool], None], in_bytes: frozenset[str] = frozenset()) -> ModelProto:
    """Calls a quantizer of ONNX Runtime, which goes from file to file; what stays float32 is stored as float16, or as int8
    where it belongs to a layer of `in_bytes`."""
    size = job.model.ByteSize()
    large = size >= LARGE_BYTES
    originals = set(weights(job.model))
    with tempfile.TemporaryDirectory(dir=job.folder) as folder:
        source, result = f"{folder}/source.onnx", f"{folder}/result.onnx"
        onnx.save(job.model, source, save_as_external_data=large, location="source.data")
        if large:  # onnx.save has emptied the tensors
            onnx.load_external_data_for_model(job.model, folder)
        quiet = logging.root.manager.disable
        logging.disable(logging.WARNING)  # advice to preprocess, which `load_single` has done
        try:
            quantize(source, result, large)
        finally:
            logging.disable(quiet)
        model = onnx.load(result)
    del model.graph.value_info[:]  # shapes of everything, which ONNX Runtime infers by itself
    scales = {name for node in model.graph.node if node.op_type.endswith("Linear") for name in node.input}
    store_bytes(model, in_bytes)
    store_halves(model, originals - scales)
    return model


def int8_dynamic(job: Job, in_bytes: frozenset[str] = frozenset()) -> ModelProto:
    """Only matrix products: ONNX Runtime's ConvInteger takes two to five times as long as a float32 convolution."""
    chosen = {node.name for node in layers(job.model) if node.op_type != "Conv"} - job.kept
    names = [*chosen, *(f"{name}_MatMul" for name in chosen)]  # the quantizer makes MatMuls of Gemms first

    def quantize(source: str, result: str, large: bool) -> None:
        quantize_dynamic(source, result, op_types_to_quantize=["MatMul"], nodes_to_quantize=names, per_channel=True,
                         weight_type=QuantType.QInt8, reduce_range=REDUCE_RANGE, use_external_data_format=large,
                         extra_options={"MatMulConstBOnly": True})
    if chosen:
        return with_file(job, quantize, in_bytes)
    return int8_weights(job) if in_bytes else fp16_weights(job)


def int8_mixed(job: Job) -> ModelProto:
    """As `int8_dynamic`, and the other weights in bytes, too."""
    others = {node.name for node in job.model.graph.node if node.op_type in ("Conv", "Gather")}
    return int8_dynamic(job, frozenset(others - job.kept))


def int8_static(job: Job, only: list[str] | None = None) -> ModelProto:
    """Activations uint8 by calibrated ranges, weights int8 per channel, as pairs of Quantize- and DequantizeLinear.
    Matrix products give float32; convolutions must give integers for ONNX Runtime to run them on integers."""
    names = job.chosen() if only is None else only

    def quantize(source: str, result: str, large: bool) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            quantize_static(
                source, result, Reader(job.feeds), quant_format=QuantFormat.QDQ, nodes_to_quantize=names,
                op_types_to_quantize=["Conv", "Gemm", "MatMul"], per_channel=True, reduce_range=REDUCE_RANGE,
                activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, use_external_data_format=large,
                extra_options={"MatMulConstBOnly": True, "OpTypesToExcludeOutputQuantization": ["MatMul", "Gemm"]})
    return with_file(job, quantize) if names else fp16_weights(job)


def fp16(job: Job) -> ModelProto:
    """The whole graph in float16; inputs and outputs stay as they are, so that whatever ran the source runs it."""
    return convert_float_to_float16(job.model, keep_io_types=True)


def fp16_weights(job: Job) -> ModelProto:
    store_halves(job.model, set(weights(job.model)))
    return job.model


def int8_weights(job: Job) -> ModelProto:
    store_bytes(job.model, {node.name for node in job.model.graph.node} - job.kept)
    store_halves(job.model, set(weights(job.model)))
    return job.model


def store_bytes(model: ModelProto, names: set[str] | frozenset[str]) -> None:
    """Weights of the named layers and embeddings as int8 with a scale per output channel (or row), times which they are
    multiplied when ONNX Runtime loads the model. Not a DequantizeLinear, which ONNX Runtime never folds: it would run at
    every call, and leave the product without its repacked weights."""
    found, nodes = weights(model), []
    done: set[str] = set()
    for node in model.graph.node:
        index = 0 if node.op_type == "Gather" else 1
        name = node.input[index] if len(node.input) > index else ""
        tensor = found.get(name)
        if (node.name not in names or node.op_type not in ("Conv", "Gemm", "MatMul", "Gather") or tensor is None
                or name in done or tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < HALF_FROM_ELEMENTS
                or len(tensor.dims) < 2):
            continue
        values = numpy_helper.to_array(tensor)
        transposed = node.op_type == "Gemm" and any(each.name == "transB" and each.i for each in node.attribute)
        channel = 0 if node.op_type in ("Conv", "Gather") or transposed else values.ndim - 1
        others = tuple(axis for axis in range(values.ndim) if axis != channel)
        if values.ndim == 3:
            others = (1,)  # a stack of matrices: a scale for each column of each
        scale = np.maximum(np.abs(values).max(axis=others, keepdims=True) / 127, np.float32(1e-30)).astype(np.float32)
        tensor.CopyFrom(numpy_helper.from_array(np.round(values / scale).astype(np.int8), f"{name}_int8"))
        model.graph.initializer.append(numpy_helper.from_array(scale, f"{name}_scale"))
        nodes += [helper.make_node("Cast", [f"{name}_int8"], [f"{name}_steps"], name=f"{name}_cast", to=TensorProto.FLOAT),
                  helper.make_node("Mul", [f"{name}_steps", f"{name}_scale"], [name], name=f"{name}_scaled")]
        done.add(name)
    nodes += model.graph.node
    del model.graph.node[:]
    model.graph.node.extend(nodes)


KINDS = {
    "int8-dynamic": Kind("matrix products on integers, ranges of activations found at every call", int8_dynamic,
                         sees_all=True),
    "int8-static": Kind("convolutions and matrix products on integers, ranges calibrated", int8_static, calibrated=True),
    "fp16": Kind("the whole graph in float16", fp16, keeps_layers=False),
    "fp16-weights": Kind("weights stored as float16, computed in float32", fp16_weights, keeps_layers=False),
    "int8-mixed": Kind("as int8-dynamic, and the weights of convolutions and embeddings as in int8-weights", int8_mixed, sees_all=True),
    "int8-weights": Kind("weights stored as int8 per channel, computed in float32", int8_weights),
}
