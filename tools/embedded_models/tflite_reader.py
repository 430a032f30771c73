# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a TensorFlow Lite model: its tensors, constants and operators.

A .tflite file is a FlatBuffer. Field numbers, enumeration values and union tags below are the facts of
TensorFlow Lite's public schema, version 3 (tensorflow/lite/schema/schema.fbs); only what the embedded
models use is read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import flatbuffers.number_types as kinds
import numpy as np
from flatbuffers import flexbuffers
from flatbuffers.table import Table
from numpy.typing import NDArray
from understudy.core.errors import ModelError

from .densify import Level, Sparsity, densify

_DTYPES: dict[int, type[np.generic]] = {0: np.float32, 1: np.float16, 2: np.int32}
_INDEX_DTYPES: dict[int, type[np.generic]] = {1: np.int32, 2: np.uint16, 3: np.uint8}
_CUSTOM = 32
_OPERATORS = {
    0: "ADD",
    1: "AVERAGE_POOL_2D",
    3: "CONV_2D",
    4: "DEPTHWISE_CONV_2D",
    5: "DEPTH_TO_SPACE",
    6: "DEQUANTIZE",
    14: "LOGISTIC",
    17: "MAX_POOL_2D",
    18: "MUL",
    19: "RELU",
    22: "RESHAPE",
    23: "RESIZE_BILINEAR",
    34: "PAD",
    45: "STRIDED_SLICE",
    54: "PRELU",
    117: "HARD_SWISH",
    124: "DENSIFY",
}

_BYTE, _INT, _FLAG = kinds.Int8Flags, kinds.Int32Flags, kinds.BoolFlags
_ACTIVATION_ONLY = (("activation", 0, _BYTE, 0),)
_STRIDES = (("padding", 0, _BYTE, 0), ("stride_w", 1, _INT, 0), ("stride_h", 2, _INT, 0))
_POOL = (
    *_STRIDES,
    ("filter_w", 3, _INT, 0),
    ("filter_h", 4, _INT, 0),
    ("activation", 5, _BYTE, 0),
)
# Per operator: option name, field number in its options table, kind, default.
_OPTIONS: dict[str, tuple[tuple[str, int, Any, int], ...]] = {
    "ADD": _ACTIVATION_ONLY,
    "MUL": _ACTIVATION_ONLY,
    "AVERAGE_POOL_2D": _POOL,
    "MAX_POOL_2D": _POOL,
    "CONV_2D": (
        *_STRIDES,
        ("activation", 3, _BYTE, 0),
        ("dilation_w", 4, _INT, 1),
        ("dilation_h", 5, _INT, 1),
    ),
    "DEPTHWISE_CONV_2D": (
        *_STRIDES,
        ("activation", 4, _BYTE, 0),
        ("dilation_w", 5, _INT, 1),
        ("dilation_h", 6, _INT, 1),
    ),
    "DEPTH_TO_SPACE": (("block_size", 0, _INT, 0),),
    "RESIZE_BILINEAR": (("align_corners", 2, _FLAG, 0), ("half_pixel_centers", 3, _FLAG, 0)),
    "STRIDED_SLICE": (
        ("begin_mask", 0, _INT, 0),
        ("end_mask", 1, _INT, 0),
        ("ellipsis_mask", 2, _INT, 0),
        ("new_axis_mask", 3, _INT, 0),
        ("shrink_axis_mask", 4, _INT, 0),
    ),
}


@dataclass(frozen=True)
class Tensor:
    """One tensor: `data` is its constant (dense, float16 kept as stored), None where it is computed."""

    name: str
    shape: tuple[int, ...]
    data: NDArray[np.generic] | None = None


@dataclass(frozen=True)
class Operator:
    """One operator: tensor numbers in and out (-1: an input left out) and its options by name.

    A custom operator's `kind` is its own name; `custom` holds its raw options.
    """

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: dict[str, int] = field(default_factory=dict)
    custom: bytes = b""

    def custom_options(self) -> dict[str, Any]:
        """Decode the raw options as the FlexBuffer map that MediaPipe writes."""
        return dict(flexbuffers.Loads(self.custom))


@dataclass(frozen=True)
class Model:
    """The first subgraph of a TensorFlow Lite file, operators in running order."""

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


class _Record:
    """A FlatBuffer table read by field number."""

    def __init__(self, data: bytes, position: int) -> None:
        self._data = data
        self._table = Table(data, position)

    def _offset(self, number: int) -> int:
        return int(self._table.Offset(4 + 2 * number))

    def scalar(self, number: int, kind: Any, default: int = 0) -> int:
        return int(self._table.GetSlot(4 + 2 * number, default, kind))

    def text(self, number: int) -> str:
        offset = self._offset(number)
        return bytes(self._table.String(offset + self._table.Pos)).decode() if offset else ""

    def record(self, number: int) -> _Record | None:
        offset = self._offset(number)
        return _Record(self._data, self._table.Indirect(offset + self._table.Pos)) if offset else None

    def records(self, number: int) -> list[_Record]:
        offset = self._offset(number)
        if not offset:
            return []
        start = self._table.Vector(offset)
        count = self._table.VectorLen(offset)
        return [_Record(self._data, self._table.Indirect(start + 4 * i)) for i in range(count)]

    def array(self, number: int, dtype: type[np.generic]) -> NDArray[Any]:
        offset = self._offset(number)
        if not offset:
            return np.zeros(0, dtype)
        return np.frombuffer(self._data, dtype, self._table.VectorLen(offset), self._table.Vector(offset))

    def integers(self, number: int) -> tuple[int, ...]:
        return tuple(int(v) for v in self.array(number, np.int32))


def read_model(data: bytes) -> Model:
    """Read the content of a .tflite file; raises ModelError for anything else or an unknown operator."""
    if data[4:8] != b"TFL3":
        raise ModelError("not a TensorFlow Lite file: fetch the wheel again")
    root = _Record(data, int.from_bytes(data[:4], "little"))
    graph = root.records(2)[0]
    buffers = [buffer.array(0, np.uint8) for buffer in root.records(4)]
    codes = [_operator_name(code) for code in root.records(1)]
    return Model(
        tensors=tuple(_tensor(record, buffers) for record in graph.records(0)),
        operators=tuple(_operator(record, codes) for record in graph.records(3)),
        inputs=graph.integers(1),
        outputs=graph.integers(2),
    )


def _operator_name(record: _Record) -> str:
    # Codes above 127 came later than the byte field, which then holds its largest value.
    code = max(record.scalar(0, kinds.Int8Flags), record.scalar(3, kinds.Int32Flags))
    if code == _CUSTOM:
        return record.text(1)
    if code not in _OPERATORS:
        raise ModelError(f"TensorFlow Lite operator {code} is not known: add it to tools/embedded_models")
    return _OPERATORS[code]


def _operator(record: _Record, names: list[str]) -> Operator:
    kind = names[record.scalar(0, kinds.Uint32Flags)]
    table = record.record(4)
    wanted = _OPTIONS.get(kind, ())
    return Operator(
        kind=kind,
        inputs=record.integers(1),
        outputs=record.integers(2),
        options={
            name: table.scalar(number, as_kind, default) if table else default
            for name, number, as_kind, default in wanted
        },
        custom=record.array(5, np.uint8).tobytes(),
    )


def _tensor(record: _Record, buffers: list[NDArray[np.uint8]]) -> Tensor:
    name, shape = record.text(3), record.integers(0)
    content = buffers[record.scalar(2, kinds.Uint32Flags)]
    if content.size == 0:
        return Tensor(name, shape)
    dtype = _DTYPES.get(record.scalar(1, kinds.Int8Flags))
    if dtype is None:
        raise ModelError(f"constant {name} has a type that is not known: add it to tools/embedded_models")
    values = content.view(dtype)
    sparse = record.record(6)
    if sparse is not None:
        return Tensor(name, shape, densify(values, shape, _sparsity(sparse)))
    return Tensor(name, shape, values.reshape(shape))


def _sparsity(record: _Record) -> Sparsity:
    return Sparsity(
        traversal_order=record.integers(0),
        block_map=record.integers(1),
        levels=tuple(_level(dimension) for dimension in record.records(2)),
    )


def _level(record: _Record) -> Level:
    if record.scalar(0, kinds.Int8Flags) == 0:
        return Level(size=record.scalar(1, kinds.Int32Flags))
    return Level(size=0, segments=_index_vector(record, 2), indices=_index_vector(record, 4))


def _index_vector(record: _Record, tag_field: int) -> NDArray[np.int64]:
    """Read a union of 32, 16 and 8 bit vectors: its tag is one field, its content the next."""
    content = record.record(tag_field + 1)
    if content is None:
        raise ModelError("sparse tensor without indices: damaged file")
    dtype = _INDEX_DTYPES[record.scalar(tag_field, kinds.Uint8Flags)]
    return content.array(0, dtype).astype(np.int64)
