# SPDX-License-Identifier: GPL-3.0-or-later
"""What an ONNX file says of itself, read without running it, and the files that are refused unread.

A model file is a stranger's: before ONNX Runtime sees it, its protobuf structure is walked once, with every
length checked. Refused are files that keep weights elsewhere (a path of the file's choosing), tensors that
claim more values than the file carries, constants that would swell to billions of values when loaded, and inputs
or outputs larger than any image. What a graph takes while it runs is bounded by `memory_limit`.

Source: the field numbers of onnx.proto (ONNX IR version 3 and later).
"""

import math
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import ModelError
from ..filesystem import read_input
from .protobuf_wire import BYTES, fields, integers, text
from .read_errors import read_errors
from .tensor_info import DTYPES, Dim, TensorInfo

MAX_FILE_BYTES = (1 << 31) - 1
"""Protobuf holds no more; ONNX Runtime reads no more."""

_MAX_FILL_VALUES = 1 << 28
_MAX_TENSOR_VALUES = 1 << 26
_MAX_DEPTH = 16
_MAX_DIMS = 64
_MAX_NODES = 200_000
"""And initializers. The largest networks of the catalogue have a few thousand."""
_MAX_FIELDS = 1_000_000
"""Of all messages together. The largest networks of the catalogue have some ten thousand; a million take seconds."""
_SMALL_TENSOR_VALUES = 16
_FILL_SHAPE_INPUTS = {"ConstantOfShape": 0, "Expand": 1, "Tile": 1}


@dataclass(frozen=True)
class OnnxInfo:
    """What an ONNX file says of itself."""

    inputs: tuple[TensorInfo, ...]
    """Without the initializers that old files list among their inputs."""
    outputs: tuple[TensorInfo, ...]
    initializers: tuple[TensorInfo, ...]
    """In the file's order."""


@dataclass
class _FileScan:
    """What has been met so far."""

    inputs: list[TensorInfo] = field(default_factory=list)
    outputs: list[TensorInfo] = field(default_factory=list)
    initializers: list[tuple[TensorInfo, memoryview]] = field(default_factory=list)
    small_tensors: dict[str, list[int]] = field(default_factory=dict)
    fill_shapes: list[str] = field(default_factory=list)
    node_count: int = 0
    field_count: int = 0

    def fields(self, view: memoryview, path: Path) -> Iterator[tuple[int, int, int | memoryview]]:
        """List a message's fields. ModelError once the file has more than any network has: each takes time."""
        for one in fields(view, path):
            self.field_count += 1
            if self.field_count > _MAX_FIELDS:
                raise ModelError(f"{path} is refused: it has more than {_MAX_FIELDS:,} fields")
            yield one

    def count_node(self, path: Path) -> None:
        """Count a node or initializer. ModelError if there are more than any network has: each takes time."""
        self.node_count += 1
        if self.node_count > _MAX_NODES:
            raise ModelError(f"{path} is refused: it has more than {_MAX_NODES:,} nodes and weights")


def read_model_file(path: Path) -> bytes:
    """Return the bytes of a model file. ModelError if it can't be read or is larger than ONNX files can be.

    Of a file that grows meanwhile the beginning is read, as long as it was.
    """
    with read_errors(path):
        require_size(path)
        return read_input(path, MAX_FILE_BYTES)


def require_size(path: Path) -> None:
    """Raise ModelError unless it is a file and as small as ONNX files are, and OSError if it can't be looked at."""
    status = path.stat()
    size = status.st_size
    if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait for whoever writes
        raise ModelError(f"the model {path} is not a file; put the model's own file there")
    if size > MAX_FILE_BYTES:
        raise ModelError(f"{path} has {size / 1e9:.1f} GB: an ONNX file holds 2 GB at most")


def read_onnx_info(data: bytes | memoryview, path: Path) -> OnnxInfo:
    """Walk an ONNX file's bytes and return what it says of itself; `path` is for messages alone.

    Raises ModelError if it is not ONNX, damaged, or one of the files this module refuses.
    """
    walk = _scan_file(data, path)
    held = {info.name for info, _ in walk.initializers}
    inputs = tuple(info for info in walk.inputs if info.name not in held)
    return OnnxInfo(inputs, tuple(walk.outputs), tuple(info for info, _ in walk.initializers))


def last_initializer(data: bytes | memoryview, path: Path) -> npt.NDArray[np.float32]:
    """Return the values of the last initializer of an ONNX file's main graph, as float32 in its shape.

    inswapper_128 keeps the matrix there that its source embedding is multiplied by; its fp16 file as float16.
    ModelError if it is not stored as raw values of one of the two.
    """
    walk = _scan_file(data, path)
    if not walk.initializers:
        raise ModelError(f"{path} has no initializers: it is not the expected model")
    info, view = walk.initializers[-1]
    raw = next((value for number, _, value in fields(view, path) if number == 9), None)
    kind = {"float32": "<f4", "float16": "<f2"}.get(info.dtype)
    if kind is None or not isinstance(raw, memoryview) or info.shape is None:
        raise ModelError(f"the last initializer of {path} is {info}: raw float32 values were expected")
    shape = tuple(int(size) for size in info.shape)
    if math.prod(shape) * np.dtype(kind).itemsize != len(raw):
        raise ModelError(f"the last initializer of {path} carries {len(raw)} bytes for {info}")
    return np.frombuffer(raw, kind).reshape(shape).astype(np.float32)


def _scan_file(data: bytes | memoryview, path: Path) -> _FileScan:
    walk = _FileScan()
    graphs = 0
    for number, kind, value in walk.fields(memoryview(data), path):
        if number == 7 and kind == BYTES and isinstance(value, memoryview):
            _scan_graph(value, walk, path, 0)
            graphs += 1
        elif number == 25 and isinstance(value, memoryview):
            for inner, _, node in walk.fields(value, path):
                if inner == 7 and isinstance(node, memoryview):
                    _scan_node(node, walk, path, 1)
    if graphs != 1 or not walk.outputs:
        raise ModelError(f"{path} is not a model ONNX Runtime can run: it has no graph")
    held = {info.name for info, _ in walk.initializers}
    for info in (*walk.inputs, *walk.outputs):
        if (
            info.name not in held
            and math.prod(size for size in info.shape or () if isinstance(size, int)) > _MAX_TENSOR_VALUES
        ):
            raise ModelError(f"{path} is refused: no network of faces takes or gives as much as {info}")
    for name in walk.fill_shapes:
        sizes = walk.small_tensors.get(name)
        if sizes is not None and math.prod(max(size, 1) for size in sizes) > _MAX_FILL_VALUES:
            raise ModelError(
                f"{path} is refused: it would fill a tensor of {' x '.join(map(str, sizes))} values"
            )
    return walk


def _scan_graph(view: memoryview, scan: _FileScan, path: Path, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise ModelError(f"{path} is refused: its graphs are nested more than {_MAX_DEPTH} deep")
    for number, _, value in scan.fields(view, path):
        if not isinstance(value, memoryview):
            continue
        if number == 1:
            _scan_node(value, scan, path, depth)
        elif number == 5:
            info = _scan_tensor(value, scan, path)
            if depth == 0:
                scan.initializers.append((info, value))
        elif number == 11 and depth == 0:
            scan.inputs.append(_value_info(value, scan, path))
        elif number == 12 and depth == 0:
            scan.outputs.append(_value_info(value, scan, path))
        elif number == 15:
            raise ModelError(f"{path} is refused: it has sparse weights; save it again with dense ones")


def _scan_node(view: memoryview, scan: _FileScan, path: Path, depth: int) -> None:
    scan.count_node(path)
    inputs: list[str] = []
    outputs: list[str] = []
    kind = ""
    tensors: list[memoryview] = []
    for number, _, value in scan.fields(view, path):
        if not isinstance(value, memoryview):
            continue
        if number == 1:
            inputs.append(text(value))
        elif number == 2:
            outputs.append(text(value))
        elif number == 4:
            kind = text(value)
        elif number == 5:
            tensors += _scan_attribute(value, scan, path, depth)
    for tensor in tensors:
        name = outputs[0] if kind == "Constant" and outputs else ""
        _scan_tensor(tensor, scan, path, name)
    place = _FILL_SHAPE_INPUTS.get(kind)
    if place is not None and place < len(inputs):
        scan.fill_shapes.append(inputs[place])


def _scan_attribute(view: memoryview, scan: _FileScan, path: Path, depth: int) -> list[memoryview]:
    """Walk an attribute's graphs and return its tensors."""
    tensors = []
    for number, _, value in scan.fields(view, path):
        if not isinstance(value, memoryview):
            continue
        if number in (5, 10):
            tensors.append(value)
        elif number in (6, 11):
            _scan_graph(value, scan, path, depth + 1)
        elif number in (22, 23):
            raise ModelError(f"{path} is refused: it has sparse weights; save it again with dense ones")
    return tensors


def _scan_tensor(view: memoryview, scan: _FileScan, path: Path, constant: str = "") -> TensorInfo:
    """Check a tensor: its weights lie in the file, and are as many as it says."""
    scan.count_node(path)
    dims: list[int] = []
    kind, name, carried = 0, "", 0
    values: list[int] = []
    for number, wire, value in scan.fields(view, path):
        if number == 1:
            dims += integers(wire, value, path)
            if len(dims) > _MAX_DIMS:
                raise ModelError(f"{path} is damaged: a tensor in it has more than {_MAX_DIMS} dimensions")
        elif number == 2 and isinstance(value, int):
            kind = value
        elif number == 8 and isinstance(value, memoryview):
            name = text(value)
        elif number == 13 or (number == 14 and value != 0):
            raise ModelError(
                f"{path} is refused: it keeps weights in another file; save it again as one file"
            )
        elif number in (4, 5, 6, 7, 9, 10, 11):
            carried += len(value) if isinstance(value, memoryview) else 8
            if number == 7 and carried <= 8 * _SMALL_TENSOR_VALUES:
                values += integers(wire, value, path)
            elif (
                number == 9
                and kind == 7
                and isinstance(value, memoryview)
                and len(value) <= 8 * _SMALL_TENSOR_VALUES
            ):
                values = np.frombuffer(value[: len(value) // 8 * 8], "<i8").tolist()
    if any(size < 0 for size in dims) or math.prod(dims) > 2 * carried:
        claim = " x ".join(map(str, dims))
        raise ModelError(
            f"{path} is damaged: its tensor {name!r} says {claim} values and has {carried} bytes"
        )
    label = constant or name
    if kind == 7 and label and len(values) <= _SMALL_TENSOR_VALUES:
        scan.small_tensors[label] = values
    return TensorInfo(name, DTYPES.get(kind, f"type {kind}"), tuple(dims))


def _value_info(view: memoryview, scan: _FileScan, path: Path) -> TensorInfo:
    name, dtype = "", "unknown"
    shape: tuple[Dim, ...] | None = None
    for number, _, value in scan.fields(view, path):
        if number == 1 and isinstance(value, memoryview):
            name = text(value)
        elif number == 2 and isinstance(value, memoryview):
            for inner, _, tensor in scan.fields(value, path):
                if inner == 1 and isinstance(tensor, memoryview):
                    dtype, shape = _tensor_type(tensor, scan, path)
    return TensorInfo(name, dtype, shape)


def _tensor_type(view: memoryview, scan: _FileScan, path: Path) -> tuple[str, tuple[Dim, ...] | None]:
    dtype = "unknown"
    shape: tuple[Dim, ...] | None = None
    for number, _, value in scan.fields(view, path):
        if number == 1 and isinstance(value, int):
            dtype = DTYPES.get(value, f"type {value}")
        elif number == 2 and isinstance(value, memoryview):
            shape = tuple(
                _dimension(dim, scan, path)
                for inner, _, dim in islice(scan.fields(value, path), _MAX_DIMS)
                if inner == 1 and isinstance(dim, memoryview)
            )
    return dtype, shape


def _dimension(view: memoryview, scan: _FileScan, path: Path) -> Dim:
    for number, _, value in scan.fields(view, path):
        if number == 1 and isinstance(value, int) and 0 < value < 1 << 63:
            return value
        if number == 2 and isinstance(value, memoryview):
            return text(value) or "?"
    return "?"
