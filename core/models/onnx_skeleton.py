# SPDX-License-Identifier: GPL-3.0-or-later
"""An ONNX file without its weights: what it says of itself is read in a millisecond, where all of it takes seconds.

Only the walk is here, and it refuses nothing: whatever it can't follow is read whole, and `onnx_file` judges that.

Source: the field numbers of onnx.proto, and Protocol Buffers' published description of its encoding.
"""

import math
import os
from io import FileIO
from pathlib import Path

import numpy as np

from ..errors import ModelError
from ..face.types import Floats
from ..filesystem import open_input
from .onnx_file import OnnxInfo, last_initializer, read_model_file, read_onnx_info, require_size
from .protobuf_wire import BYTES, VARINT, varint
from .read_errors import read_errors

_MODEL, _GRAPH, _TENSOR = range(3)
_INNER = {(_MODEL, 7): _GRAPH, (_GRAPH, 5): _TENSOR}
"""Which fields of a message are messages that are walked."""
_RAW_DATA_FIELD = 9
_MIN_SKIP_BYTES = 1 << 12
"""A smaller tensor is read: what it holds may be the size of another."""
MAX_SMALL_BYTES = 1 << 21
"""Of weights that are read for their values: inswapper's matrix has half as many."""
_HEADER_BYTES = 20
"""A field's number and length are two numbers of ten bytes at most."""
_MAX_FIELDS = 100_000
_BLOCK_BYTES = 1 << 14
_SMALL_FILE_BYTES = 1 << 24
"""A smaller file is read whole, which is as quick."""


def onnx_info_of(path: Path) -> OnnxInfo:
    """Return what a model file says of itself, read without running it and without its weights.

    Raises
    ------
    ModelError
        It can't be read, or `read_onnx_info` refuses it.
    """
    return read_onnx_info(read_skeleton(path), path)


def read_skeleton(path: Path, min_skip_bytes: int = _MIN_SKIP_BYTES) -> memoryview:
    """Return a model file's bytes with zeros in the place of large weights, which are not read.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    min_skip_bytes : int
        Smaller weights are read.

    Returns
    -------
    memoryview of uint8
        As long as the file; zeros take no memory until they are touched.

    Raises
    ------
    ModelError
        It can't be read or is larger than ONNX files can be.
    """
    with read_errors(path):
        require_size(path)
        with open_input(path) as file:
            if os.fstat(file.fileno()).st_size > _SMALL_FILE_BYTES:
                return _Walk(file, min_skip_bytes).read()
    return memoryview(read_model_file(path))


def small_last_initializer(skeleton: memoryview, info: OnnxInfo, path: Path) -> Floats | None:
    """Return the values of the last initializer of a skeleton in which those of MAX_SMALL_BYTES are read.

    Parameters
    ----------
    skeleton : memoryview of uint8
        What `read_skeleton` gives.
    info : OnnxInfo
        What it says of itself.
    path : pathlib.Path
        For messages alone.

    Returns
    -------
    ndarray, float32, or None
        See `onnx_file.last_initializer`; None for a larger one.

    Raises
    ------
    ModelError
        It has none, or not as raw floats.
    """
    shape = info.initializers[-1].shape if info.initializers else None
    values = math.prod(size for size in shape or () if isinstance(size, int))
    return last_initializer(skeleton, path) if 4 * values < MAX_SMALL_BYTES else None


class _Walk:
    """One file that is walked."""

    def __init__(self, file: FileIO, min_skip_bytes: int) -> None:
        self._file = file
        self._min_skip_bytes = min_skip_bytes
        self._view = np.zeros(os.fstat(file.fileno()).st_size, np.uint8).data
        self._field_count = 0
        self._end = 0
        """Up to where the file was read, but for what was skipped."""

    def read(self) -> memoryview:
        self._read_message(0, len(self._view), _MODEL)
        return self._view

    def _read_message(self, at: int, end: int, kind: int) -> None:
        """Read a message of one of the kinds that are walked."""
        while at < end:
            self._read(at, min(at + _HEADER_BYTES, end))
            header = self._view[at : min(at + _HEADER_BYTES, end)]
            try:
                tag, after = varint(header, 0, Path())
                length, after = varint(header, after, Path()) if tag & 7 in (BYTES, VARINT) else (0, after)
            except ModelError:
                tag, length, after = 0, 0, 0
            self._field_count += 1
            if tag & 7 == VARINT and tag >> 3:
                at += after
                continue
            first, at = at + after, at + after + length
            if tag & 7 != BYTES or not tag >> 3 or at > end or self._field_count > _MAX_FIELDS:
                self._read(first - after, len(self._view))
                return
            inner = _INNER.get((kind, tag >> 3))
            if inner is not None:
                self._read_message(first, at, inner)
            elif kind != _TENSOR or tag >> 3 != _RAW_DATA_FIELD or length < self._min_skip_bytes:
                self._read(first, at)

    def _read(self, first: int, end: int) -> None:
        """Read the file up to `end`, in blocks; what lies between what was read before and `first` is skipped."""
        if end <= self._end:
            return
        first = max(first, self._end)
        self._end = min(max(end, first + _BLOCK_BYTES), len(self._view))
        self._file.seek(first)
        while first < self._end and (count := self._file.readinto(self._view[first : self._end])):
            first += count  # of a file that is shorter by now zeros stay
