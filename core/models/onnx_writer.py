# SPDX-License-Identifier: GPL-3.0-or-later
"""Write an ONNX file: graphs of our own, put down as arithmetic on `Value`s; needs no library.

Source: the field numbers of onnx.proto (ONNX IR version 8, opset 17) and protobuf's wire format.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .protobuf_wire import BYTES, FIXED32, VARINT

OPSET = 17
IR_VERSION = 8
Dim = int | str
Array = npt.NDArray[Any]

_TYPE_NUMBERS = {"float32": 1, "uint8": 2, "int32": 6, "int64": 7, "bool": 9}
_ATTRIBUTE_FLOAT, _ATTRIBUTE_INT, _ATTRIBUTE_TEXT, _ATTRIBUTE_INTS = 1, 2, 3, 7


class GraphWriter:
    """An ONNX graph while it is written. Values are computed in the order in which they are asked for."""

    def __init__(self, name: str) -> None:
        """Begin a graph."""
        self._name = name
        self._nodes: list[bytes] = []
        self._inputs: list[bytes] = []
        self._outputs: list[bytes] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], bytes] = {}

    def input(self, name: str, dtype: str, *shape: Dim) -> "Value":
        """Declare an input; a size that varies is given a name."""
        self._inputs.append(_value_info(name, dtype, shape))
        return Value(self, name)

    def constant(self, value: Array) -> "Value":
        """Add a constant, once for equal arrays.

        Parameters
        ----------
        value : ndarray
            The constant, of any shape and of a dtype that ONNX has.

        Returns
        -------
        Value
            The constant in the graph, of the array's own dtype and shape.
        """
        kept = np.asarray(value, order="C")
        key = (kept.dtype.name, kept.shape, kept.tobytes())
        name = (
            f"constant{list(self._constants).index(key) if key in self._constants else len(self._constants)}"
        )
        self._constants[key] = _tensor(name, kept)
        return Value(self, name)

    def node(self, kind: str, *inputs: "Value", **attributes: float | str | Sequence[int]) -> "Value":
        """Compute one value by an ONNX operator. ValueError for an attribute of another kind."""
        name = f"{kind.lower()}{len(self._nodes)}"
        parts = [_text(1, value.name) for value in inputs]
        parts += [_text(2, name), _text(4, kind)]
        parts += [_field(5, _attribute(key, value)) for key, value in attributes.items()]
        self._nodes.append(b"".join(parts))
        return Value(self, name)

    def output(self, value: "Value", name: str, dtype: str, *shape: Dim) -> None:
        """Declare a value as an output of that name."""
        self._nodes.append(_text(1, value.name) + _text(2, name) + _text(4, "Identity"))
        self._outputs.append(_value_info(name, dtype, shape))

    def model(self) -> bytes:
        """Return the file."""
        graph = [_field(1, node) for node in self._nodes]
        graph.append(_text(2, self._name))
        graph += [_field(5, tensor) for tensor in self._constants.values()]
        graph += [_field(11, info) for info in self._inputs]
        graph += [_field(12, info) for info in self._outputs]
        opset = _text(1, "") + _number(2, OPSET)
        return _number(1, IR_VERSION) + _text(2, "understudy") + _field(7, b"".join(graph)) + _field(8, opset)


@dataclass(frozen=True, eq=False)
class Value:
    """A tensor of a graph that is being written. Arithmetic on it writes operators, and broadcasts as NumPy does."""

    graph: GraphWriter
    name: str

    def __add__(self, other: "Value | float") -> "Value":
        return self.graph.node("Add", self, self._value(other))

    def __radd__(self, other: float) -> "Value":
        return self.graph.node("Add", self._value(other), self)

    def __sub__(self, other: "Value | float") -> "Value":
        return self.graph.node("Sub", self, self._value(other))

    def __rsub__(self, other: float) -> "Value":
        return self.graph.node("Sub", self._value(other), self)

    def __mul__(self, other: "Value | float") -> "Value":
        return self.graph.node("Mul", self, self._value(other))

    def __rmul__(self, other: float) -> "Value":
        return self.graph.node("Mul", self._value(other), self)

    def __truediv__(self, other: "Value | float") -> "Value":
        return self.graph.node("Div", self, self._value(other))

    def __pow__(self, other: "Value | float") -> "Value":
        return self.graph.node("Pow", self, self._value(other))

    def __matmul__(self, other: "Value") -> "Value":
        return self.graph.node("MatMul", self, other)

    def clip(self, low: float, high: float) -> "Value":
        """Return it within bounds."""
        return self.graph.node("Clip", self, self._value(low), self._value(high))

    def maximum(self, low: float) -> "Value":
        """Return the larger of it and a number."""
        return self.graph.node("Max", self, self._value(low))

    def round(self) -> "Value":
        """Return it as whole numbers, halves to even ones, as `np.round` and OpenCV do."""
        return self.graph.node("Round", self)

    def floor(self) -> "Value":
        """Return the next whole numbers below."""
        return self.graph.node("Floor", self)

    def sqrt(self) -> "Value":
        """Return its square root."""
        return self.graph.node("Sqrt", self)

    def mean(self, *axes: int) -> "Value":
        """Return the mean over axes, which are kept with size 1."""
        return self.graph.node("ReduceMean", self, axes=axes, keepdims=1)

    def sum(self, *axes: int) -> "Value":
        """Return the sum over axes, which are kept with size 1."""
        return self.graph.node("ReduceSum", self, self._integers(axes), keepdims=1)

    def squeeze(self, *axes: int) -> "Value":
        """Return it without axes of size 1."""
        return self.graph.node("Squeeze", self, self._integers(axes))

    def unsqueeze(self, *axes: int) -> "Value":
        """Return it with new axes of size 1."""
        return self.graph.node("Unsqueeze", self, self._integers(axes))

    def transpose(self, *axes: int) -> "Value":
        """Return it with its axes in another order."""
        return self.graph.node("Transpose", self, perm=axes)

    def cast(self, dtype: str) -> "Value":
        """Return it as float32, uint8, int32, int64 or bool."""
        return self.graph.node("Cast", self, to=_TYPE_NUMBERS[dtype])

    def _integers(self, numbers: Sequence[int]) -> "Value":
        return self.graph.constant(np.asarray(numbers, np.int64))

    def _value(self, other: "Value | float") -> "Value":
        return other if isinstance(other, Value) else self.graph.constant(np.asarray(other, np.float32))


def _attribute(name: str, value: float | str | Sequence[int]) -> bytes:
    head = _text(1, name)
    if isinstance(value, str):
        return head + _text(4, value) + _number(20, _ATTRIBUTE_TEXT)
    if isinstance(value, int):
        return head + _number(3, value) + _number(20, _ATTRIBUTE_INT)
    if isinstance(value, float):
        packed = _varint(2 << 3 | FIXED32) + struct.pack("<f", value)
        return head + packed + _number(20, _ATTRIBUTE_FLOAT)
    return head + b"".join(_number(8, number) for number in value) + _number(20, _ATTRIBUTE_INTS)


def _tensor(name: str, value: Array) -> bytes:
    dims = b"".join(_number(1, size) for size in value.shape)
    return dims + _number(2, _TYPE_NUMBERS[value.dtype.name]) + _text(8, name) + _field(9, value.tobytes())


def _value_info(name: str, dtype: str, shape: Iterable[Dim]) -> bytes:
    dims = [_field(1, _number(1, size) if isinstance(size, int) else _text(2, size)) for size in shape]
    tensor = _number(1, _TYPE_NUMBERS[dtype]) + _field(2, b"".join(dims))
    return _text(1, name) + _field(2, _field(1, tensor))


def _text(field: int, text: str) -> bytes:
    return _field(field, text.encode())


def _field(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | BYTES) + _varint(len(content)) + content


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3 | VARINT) + _varint(value % (1 << 64))


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
