"""Builds one ONNX graph node by node.

The networks are written out by hand rather than traced: the graph stays lean, weights can be folded into one another on
the way, and exporting needs nothing but the `onnx` package.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from onnx import ModelProto, TensorProto, ValueInfoProto, checker, helper, numpy_helper
from torch import Tensor

OPSET = 20  # the first with Gelu; ONNX Runtime 1.17 and later run it
IR_VERSION = 9
HALF_FROM_ELEMENTS = 1024  # smaller weights (biases, norms) stay fp32: they weigh nothing and matter most
INLINE_BYTES = 4096  # initialisers up to this size stay in the model file even when the others lie outside
PAGE_BYTES = 4096  # what a memory map wants as the alignment of what lies outside
Shape = Sequence[int | str]


def array(tensor: Tensor) -> np.ndarray:
    """The float32 values of a parameter, without a copy where it lies in memory as such."""
    return tensor.detach().float().cpu().numpy()


class Graph:
    """Nodes and initialisers in the making; values are their names. Batch sizes are symbolic, other sizes fixed.

    With `half`, weights are stored as fp16 behind a Cast: half the file, computed in fp32. ONNX Runtime runs the Casts
    once, when it loads the model.
    """

    def __init__(self, name: str, half: bool):
        self._name = name
        self._half = half
        self._nodes: list = []
        self._inputs: list[ValueInfoProto] = []
        self._outputs: list[ValueInfoProto] = []
        self._initialisers: dict[str, np.ndarray] = {}
        self._constants: dict[tuple, str] = {}
        self._scopes: list[str] = []
        self._count = 0

    @property
    def nodes(self) -> Sequence:
        """So far, in their order."""
        return self._nodes

    @property
    def initialisers(self) -> Mapping[str, np.ndarray]:
        """So far, by name."""
        return self._initialisers

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Prefixes the names of what is added inside, so that a profile reads like the network."""
        self._scopes.append(name)
        try:
            yield
        finally:
            self._scopes.pop()

    def input(self, name: str, element_type: int, shape: Shape) -> str:
        self._inputs.append(helper.make_tensor_value_info(name, element_type, shape))
        return name

    def output(self, name: str, value: str, shape: Shape) -> None:
        """Makes the float32 `value` an output called `name`."""
        for node in self._nodes:
            node.output[:] = [name if each == value else each for each in node.output]
            node.input[:] = [name if each == value else each for each in node.input]
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def op(self, kind: str, *inputs: str, **attributes) -> str:
        """Adds a node with one output."""
        return self.split_op(kind, 1, *inputs, **attributes)[0]

    def split_op(self, kind: str, outputs: int, *inputs: str, **attributes) -> list[str]:
        """Adds a node with several outputs."""
        name = self._fresh(kind)
        names = [name] if outputs == 1 else [f"{name}:{index}" for index in range(outputs)]
        self._nodes.append(helper.make_node(kind, list(inputs), names, name=name, **attributes))
        return names

    def constant(self, values: np.ndarray) -> str:
        """A small constant, kept once however often it is asked for."""
        values = np.ascontiguousarray(values)
        key = (values.dtype.str, values.shape, values.tobytes())
        if key not in self._constants:
            name = f"constant_{len(self._constants)}"
            self._initialisers[name] = values
            self._constants[key] = name
        return self._constants[key]

    def weight(self, values: np.ndarray) -> str:
        """A float32 weight, stored as fp16 when the graph stores halves and the values fit."""
        name = self._fresh("weight")
        largest = np.finfo(np.float16).max
        if not self._half or values.size < HALF_FROM_ELEMENTS or np.abs(values).max() > largest:
            self._initialisers[name] = np.ascontiguousarray(values, dtype=np.float32)
            return name
        self._initialisers[name] = np.ascontiguousarray(values, dtype=np.float16)
        return self.op("Cast", name, to=TensorProto.FLOAT)

    def reshape(self, value: str, *shape: int) -> str:
        return self.op("Reshape", value, self.constant(np.array(shape, dtype=np.int64)))

    def save(self, path: Path, external_from_bytes: int) -> None:
        """Writes the model; when its weights weigh `external_from_bytes` or more they go to `<name>_data` beside it."""
        external = sum(values.nbytes for values in self._initialisers.values()) >= external_from_bytes
        tensors = self._write_external(path) if external else [
            numpy_helper.from_array(values, name) for name, values in self._initialisers.items()]
        graph = helper.make_graph(self._nodes, self._name, self._inputs, self._outputs, tensors)
        model: ModelProto = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="forge")
        path.write_bytes(model.SerializeToString())
        checker.check_model(str(path))

    def _write_external(self, path: Path) -> list[TensorProto]:
        tensors = []
        data = path.with_name(path.name + "_data")
        with data.open("wb") as file:
            for name, values in self._initialisers.items():
                if values.nbytes <= INLINE_BYTES:
                    tensors.append(numpy_helper.from_array(values, name))
                    continue
                file.write(b"\0" * (-file.tell() % PAGE_BYTES))
                tensor = TensorProto(name=name, dims=values.shape, data_location=TensorProto.EXTERNAL,
                                     data_type=helper.np_dtype_to_tensor_dtype(values.dtype))
                for key, entry in (("location", data.name), ("offset", file.tell()), ("length", values.nbytes)):
                    tensor.external_data.add(key=key, value=str(entry))
                file.write(values.data)
                tensors.append(tensor)
        return tensors

    def _fresh(self, kind: str) -> str:
        self._count += 1
        return "/".join([*self._scopes, f"{kind}_{self._count}"])
