# SPDX-License-Identifier: GPL-3.0-or-later
"""The ONNX graph under construction and the layout of each value in it.

TensorFlow Lite keeps pictures as NHWC, ONNX Runtime's convolutions want NCHW. A value of rank 4 may exist
in either layout or in both; the other one is made only when an operator asks for it, so a chain of picture
operators is transposed once on the way in and once on the way out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from understudy.core.errors import ModelError

from .tflite_reader import Model, Operator

OPSET = 17
IR_VERSION = 8
NCHW_OF_NHWC = (0, 3, 1, 2)
NHWC_OF_NCHW = (0, 2, 3, 1)


class Graph:
    """Collects ONNX nodes for one TensorFlow Lite model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.deferred_pads: dict[int, list[int]] = {}
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: dict[tuple[str, tuple[int, ...], bytes], onnx.TensorProto] = {}
        self._casts: dict[str, str] = {}
        self._plain: dict[int, str] = {i: model.tensors[i].name for i in model.inputs}
        self._nchw: dict[int, str] = {}
        self._arrays: dict[int, NDArray[Any]] = {
            i: tensor.data for i, tensor in enumerate(model.tensors) if tensor.data is not None
        }

    def shape(self, tensor: int) -> tuple[int, ...]:
        """The tensor's shape as TensorFlow Lite has it (NHWC for pictures)."""
        return self.model.tensors[tensor].shape

    def array(self, tensor: int) -> NDArray[Any]:
        """The tensor's constant, in TensorFlow Lite's layout; raises ModelError where it is computed."""
        if tensor not in self._arrays:
            raise ModelError(
                f"{self.model.tensors[tensor].name} must be a constant: this graph can't be converted"
            )
        return self._arrays[tensor]

    def is_constant(self, tensor: int) -> bool:
        """Whether the tensor's value is known when converting."""
        return tensor in self._arrays

    def set_array(self, tensor: int, value: NDArray[Any]) -> None:
        """Record that an operator's result is a constant."""
        self._arrays[tensor] = value

    def alias(self, tensor: int, source: int) -> None:
        """Let `tensor` be another name of `source`."""
        for layout in (self._plain, self._nchw):
            if source in layout:
                layout[tensor] = layout[source]

    def consumers(self, tensor: int) -> list[Operator]:
        """The operators that read the tensor."""
        return [operator for operator in self.model.operators if tensor in operator.inputs]

    def constant(self, value: NDArray[Any]) -> str:
        """Name of a float or integer constant; float16 is stored as such and widened, which is exact."""
        value = np.asarray(value, order="C")
        key = (value.dtype.str, value.shape, value.tobytes())
        if key not in self._initializers:
            self._initializers[key] = numpy_helper.from_array(value, f"c{len(self._initializers)}")
        name = str(self._initializers[key].name)
        if value.dtype != np.float16:
            return name
        if name not in self._casts:
            self._casts[name] = self.node("Cast", [name], f"{name}_wide", to=TensorProto.FLOAT)
        return self._casts[name]

    def floats(self, *values: float) -> str:
        """Name of a float32 vector."""
        return self.constant(np.asarray(values, np.float32))

    def number(self, value: float) -> str:
        """Name of a float32 scalar."""
        return self.constant(np.asarray(value, np.float32))

    def integers(self, *values: int) -> str:
        """Name of an int64 vector."""
        return self.constant(np.asarray(values, np.int64))

    def node(self, kind: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        """Append one ONNX node with one result; returns the result's name."""
        output = output or f"v{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def define(self, tensor: int, value: str, *, nchw: bool) -> None:
        """Record that `value` is the tensor's content in that layout."""
        (self._nchw if nchw else self._plain)[tensor] = value

    def output_name(self, tensor: int) -> str:
        """Name a plain result must have: the graph output's own, else empty (any)."""
        return self.model.tensors[tensor].name if tensor in self.model.outputs else ""

    def plain(self, tensor: int) -> str:
        """The value in TensorFlow Lite's own layout."""
        if self.is_constant(tensor):
            return self.constant(self.array(tensor))
        if tensor not in self._plain:
            self._plain[tensor] = self._to_plain(tensor, self.output_name(tensor))
        return self._plain[tensor]

    def nchw(self, tensor: int) -> str:
        """The picture value as NCHW; a constant of lower rank is broadcast as TensorFlow Lite does."""
        if self.is_constant(tensor):
            value = self.array(tensor)
            value = value.reshape((1,) * (4 - value.ndim) + value.shape)
            return self.constant(value.transpose(NCHW_OF_NHWC))
        if tensor not in self._nchw:
            n, h, w, c = self.shape(tensor)
            source = self._plain[tensor]
            if c == 1 or h == w == 1:
                self._nchw[tensor] = self.node("Reshape", [source, self.integers(n, c, h, w)])
            else:
                self._nchw[tensor] = self.node("Transpose", [source], perm=NCHW_OF_NHWC)
        return self._nchw[tensor]

    def _to_plain(self, tensor: int, name: str) -> str:
        source, shape = self._nchw[tensor], self.shape(tensor)
        _, h, w, c = shape
        if c == 1 or h == w == 1:
            return self.node("Reshape", [source, self.integers(*shape)], name)
        return self.node("Transpose", [source], name, perm=NHWC_OF_NCHW)

    def finish(self, producer: str) -> onnx.ModelProto:
        """Close the graph: its outputs under their own names; raises ModelError if ONNX refuses it."""
        for tensor in self.model.outputs:
            name, value = self.output_name(tensor), self.plain(tensor)
            if value != name:
                self.node("Identity", [value], name)
        graph = helper.make_graph(
            self._nodes,
            producer,
            [self._value_info(i) for i in self.model.inputs],
            [self._value_info(i) for i in self.model.outputs],
            list(self._initializers.values()),
        )
        result = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="understudy",
        )
        try:
            onnx.checker.check_model(result, full_check=True)
        except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as fault:
            raise ModelError(f"{producer}: the converted graph is not valid ONNX: {fault}") from fault
        return result

    def _value_info(self, tensor: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(
            self.model.tensors[tensor].name, TensorProto.FLOAT, list(self.shape(tensor))
        )
