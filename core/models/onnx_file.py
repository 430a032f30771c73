# SPDX-License-Identifier: GPL-3.0-or-later
"""What an ONNX file says of itself, read without running it, and the files that are refused unread.

A model file is a stranger's: before ONNX Runtime sees it, its protobuf structure is walked once, with every
length checked. Refused are files that keep weights elsewhere (a path of the file's choosing), tensors that
claim more values than the file carries, constants that would swell to billions of values when loaded, and inputs
or outputs larger than any picture. What a graph takes while it runs is bounded by `memory_limit`.

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
from .tensor_info import DTYPES, Dim, TensorInfo

LARGEST_FILE = (1 << 31) - 1
"""Protobuf holds no more; ONNX Runtime reads no more."""

_LARGEST_FILL = 1 << 28
_LARGEST_PICTURE = 1 << 26
_DEEPEST = 16
_MOST_DIMS = 64
_MOST_NODES = 200_000
"""And initializers. The largest networks of the catalogue have a few thousand."""
_MOST_FIELDS = 1_000_000
"""Of all messages together. The largest networks of the catalogue have some ten thousand; a million take seconds."""
_SMALL = 16
_FILLING = {"ConstantOfShape": 0, "Expand": 1, "Tile": 1}


@dataclass(frozen=True)
class OnnxFacts:
    """What an ONNX file says of itself."""

    inputs: tuple[TensorInfo, ...]
    """Without the initializers that old files list among their inputs."""
    outputs: tuple[TensorInfo, ...]
    initializers: tuple[TensorInfo, ...]
    """In the file's order."""


@dataclass
class _Walk:
    """What has been met so far."""

    inputs: list[TensorInfo] = field(default_factory=list)
    outputs: list[TensorInfo] = field(default_factory=list)
    initializers: list[tuple[TensorInfo, memoryview]] = field(default_factory=list)
    small: dict[str, list[int]] = field(default_factory=dict)
    fills: list[str] = field(default_factory=list)
    nodes: int = 0
    met: int = 0

    def fields(self, view: memoryview, path: Path) -> Iterator[tuple[int, int, int | memoryview]]:
        """List a message's fields. ModelError once the file has more than any network has: each takes time."""
        for one in fields(view, path):
            self.met += 1
            if self.met > _MOST_FIELDS:
                raise ModelError(f"{path} is refused: it has more than {_MOST_FIELDS:,} fields")
            yield one

    def count(self, path: Path) -> None:
        """Count a node or initializer. ModelError if there are more than any network has: each takes time."""
        self.nodes += 1
        if self.nodes > _MOST_NODES:
            raise ModelError(f"{path} is refused: it has more than {_MOST_NODES:,} nodes and weights")


def read_checked(path: Path) -> bytes:
    """Return the bytes of a model file. ModelError if it can't be read or is larger than ONNX files can be.

    Of a file that grows meanwhile the beginning is read, as long as it was.
    """
    try:
        require_size(path)
        return read_input(path, LARGEST_FILE)
    except MemoryError as error:
        raise ModelError(f"there is not enough memory to read the model {path}") from error
    except OSError as error:
        raise ModelError(f"can't read the model {path}: {error.strerror or error}") from error


def require_size(path: Path) -> None:
    """Raise ModelError unless it is a file and as small as ONNX files are, and OSError if it can't be looked at."""
    status = path.stat()
    size = status.st_size
    if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait for whoever writes
        raise ModelError(f"the model {path} is not a file; put the model's own file there")
    if size > LARGEST_FILE:
        raise ModelError(f"{path} has {size / 1e9:.1f} GB: an ONNX file holds 2 GB at most")


def onnx_facts(data: bytes, path: Path) -> OnnxFacts:
    """Walk an ONNX file's bytes and return what it says of itself; `path` is for messages alone.

    Raises ModelError if it is not ONNX, damaged, or one of the files this module refuses.
    """
    walk = _walked(data, path)
    held = {info.name for info, _ in walk.initializers}
    inputs = tuple(info for info in walk.inputs if info.name not in held)
    return OnnxFacts(inputs, tuple(walk.outputs), tuple(info for info, _ in walk.initializers))


def last_initializer(data: bytes, path: Path) -> npt.NDArray[np.float32]:
    """Return the values of the last initializer of an ONNX file's main graph, as float32 in its shape.

    inswapper_128 keeps the matrix there that its source embedding is multiplied by; its fp16 file as float16.
    ModelError if it is not stored as raw values of one of the two.
    """
    walk = _walked(data, path)
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


def _walked(data: bytes, path: Path) -> _Walk:
    walk = _Walk()
    graphs = 0
    for number, kind, value in walk.fields(memoryview(data), path):
        if number == 7 and kind == BYTES and isinstance(value, memoryview):
            _graph(value, walk, path, 0)
            graphs += 1
        elif number == 25 and isinstance(value, memoryview):
            for inner, _, node in walk.fields(value, path):
                if inner == 7 and isinstance(node, memoryview):
                    _node(node, walk, path, 1)
    if graphs != 1 or not walk.outputs:
        raise ModelError(f"{path} is not a model ONNX Runtime can run: it has no graph")
    held = {info.name for info, _ in walk.initializers}
    for info in (*walk.inputs, *walk.outputs):
        if (
            info.name not in held
            and math.prod(size for size in info.shape or () if isinstance(size, int)) > _LARGEST_PICTURE
        ):
            raise ModelError(f"{path} is refused: no network of faces takes or gives as much as {info}")
    for name in walk.fills:
        sizes = walk.small.get(name)
        if sizes is not None and math.prod(max(size, 1) for size in sizes) > _LARGEST_FILL:
            raise ModelError(
                f"{path} is refused: it would fill a tensor of {' x '.join(map(str, sizes))} values"
            )
    return walk


def _graph(view: memoryview, walk: _Walk, path: Path, depth: int) -> None:
    if depth > _DEEPEST:
        raise ModelError(f"{path} is refused: its graphs are nested more than {_DEEPEST} deep")
    for number, _, value in walk.fields(view, path):
        if not isinstance(value, memoryview):
            continue
        if number == 1:
            _node(value, walk, path, depth)
        elif number == 5:
            info = _tensor(value, walk, path)
            if depth == 0:
                walk.initializers.append((info, value))
        elif number == 11 and depth == 0:
            walk.inputs.append(_value_info(value, walk, path))
        elif number == 12 and depth == 0:
            walk.outputs.append(_value_info(value, walk, path))
        elif number == 15:
            raise ModelError(f"{path} is refused: it has sparse weights; save it again with dense ones")


def _node(view: memoryview, walk: _Walk, path: Path, depth: int) -> None:
    walk.count(path)
    inputs: list[str] = []
    outputs: list[str] = []
    kind = ""
    tensors: list[memoryview] = []
    for number, _, value in walk.fields(view, path):
        if not isinstance(value, memoryview):
            continue
        if number == 1:
            inputs.append(text(value))
        elif number == 2:
            outputs.append(text(value))
        elif number == 4:
            kind = text(value)
        elif number == 5:
            tensors += _attribute(value, walk, path, depth)
    for tensor in tensors:
        name = outputs[0] if kind == "Constant" and outputs else ""
        _tensor(tensor, walk, path, name)
    place = _FILLING.get(kind)
    if place is not None and place < len(inputs):
        walk.fills.append(inputs[place])


def _attribute(view: memoryview, walk: _Walk, path: Path, depth: int) -> list[memoryview]:
    """Walk an attribute's graphs and return its tensors."""
    tensors = []
    for number, _, value in walk.fields(view, path):
        if not isinstance(value, memoryview):
            continue
        if number in (5, 10):
            tensors.append(value)
        elif number in (6, 11):
            _graph(value, walk, path, depth + 1)
        elif number in (22, 23):
            raise ModelError(f"{path} is refused: it has sparse weights; save it again with dense ones")
    return tensors


def _tensor(view: memoryview, walk: _Walk, path: Path, constant: str = "") -> TensorInfo:
    """Check a tensor: its weights lie in the file, and are as many as it says."""
    walk.count(path)
    dims: list[int] = []
    kind, name, carried = 0, "", 0
    values: list[int] = []
    for number, wire, value in walk.fields(view, path):
        if number == 1:
            dims += integers(wire, value, path)
            if len(dims) > _MOST_DIMS:
                raise ModelError(f"{path} is damaged: a tensor in it has more than {_MOST_DIMS} dimensions")
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
            if number == 7 and carried <= 8 * _SMALL:
                values += integers(wire, value, path)
            elif number == 9 and kind == 7 and isinstance(value, memoryview) and len(value) <= 8 * _SMALL:
                values = np.frombuffer(value[: len(value) // 8 * 8], "<i8").tolist()
    if any(size < 0 for size in dims) or math.prod(dims) > 2 * carried:
        claim = " x ".join(map(str, dims))
        raise ModelError(
            f"{path} is damaged: its tensor {name!r} says {claim} values and has {carried} bytes"
        )
    label = constant or name
    if kind == 7 and label and len(values) <= _SMALL:
        walk.small[label] = values
    return TensorInfo(name, DTYPES.get(kind, f"type {kind}"), tuple(dims))


def _value_info(view: memoryview, walk: _Walk, path: Path) -> TensorInfo:
    name, dtype = "", "unknown"
    shape: tuple[Dim, ...] | None = None
    for number, _, value in walk.fields(view, path):
        if number == 1 and isinstance(value, memoryview):
            name = text(value)
        elif number == 2 and isinstance(value, memoryview):
            for inner, _, tensor in walk.fields(value, path):
                if inner == 1 and isinstance(tensor, memoryview):
                    dtype, shape = _tensor_type(tensor, walk, path)
    return TensorInfo(name, dtype, shape)


def _tensor_type(view: memoryview, walk: _Walk, path: Path) -> tuple[str, tuple[Dim, ...] | None]:
    dtype = "unknown"
    shape: tuple[Dim, ...] | None = None
    for number, _, value in walk.fields(view, path):
        if number == 1 and isinstance(value, int):
            dtype = DTYPES.get(value, f"type {value}")
        elif number == 2 and isinstance(value, memoryview):
            shape = tuple(
                _dimension(dim, walk, path)
                for inner, _, dim in islice(walk.fields(value, path), _MOST_DIMS)
                if inner == 1 and isinstance(dim, memoryview)
            )
    return dtype, shape


def _dimension(view: memoryview, walk: _Walk, path: Path) -> Dim:
    for number, _, value in walk.fields(view, path):
        if number == 1 and isinstance(value, int) and 0 < value < 1 << 63:
            return value
        if number == 2 and isinstance(value, memoryview):
            return text(value) or "?"
    return "?"
