# SPDX-License-Identifier: GPL-3.0-or-later
"""Named arrays to safetensors bytes and back, checking every byte that steers the reading.

The layout is the published safetensors one: an 8-byte little-endian header length, a JSON header, the raw
arrays without gaps. It is written and read here by hand because the arrays then go to the file, and come
back from it, without a copy; the tests hold it against the safetensors library.
"""

import json
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from .store import Arrays

_DTYPES = {
    "BOOL": np.dtype("|b1"),
    "U8": np.dtype("|u1"),
    "I8": np.dtype("|i1"),
    "U16": np.dtype("<u2"),
    "I16": np.dtype("<i2"),
    "F16": np.dtype("<f2"),
    "U32": np.dtype("<u4"),
    "I32": np.dtype("<i4"),
    "F32": np.dtype("<f4"),
    "U64": np.dtype("<u8"),
    "I64": np.dtype("<i8"),
    "F64": np.dtype("<f8"),
}
_NAMES = {dtype.str: name for name, dtype in _DTYPES.items()}
_MAX_HEADER = 1 << 20
_MAX_DIMS = 32  # numpy 1's own limit
_RESERVED = "__metadata__"

Chunk = bytes | memoryview


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a name occurs twice")
    return table


# Kept ready because building them takes longer than a small header does.
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
_DECODER = json.JSONDecoder(object_pairs_hook=_unique)


def encode(arrays: Arrays) -> tuple[list[Chunk], int]:
    """Return the chunks that, written one after the other, are the payload, and their length in bytes.

    The chunks may be the caller's own arrays: write them before those can change. Raises TypeError for a
    dtype the format has no name for (object, complex, text, big-endian) and ValueError for a name it can't
    hold.
    """
    for name, array in arrays.items():
        if array.dtype.str not in _NAMES:
            raise TypeError(f"array {name!r} has dtype {array.dtype}, which the cache can't keep")
        if name == _RESERVED:
            raise ValueError(f"an array may not be called {name!r}")
    # Widest type first keeps every array aligned, as the safetensors library has it too.
    ordered = sorted(arrays.items(), key=lambda item: (-item[1].itemsize, item[0]))
    header: dict[str, object] = {}
    end = 0
    for name, array in ordered:
        begin, end = end, end + array.nbytes
        header[name] = {
            "dtype": _NAMES[array.dtype.str],
            "shape": array.shape,
            "data_offsets": (begin, end),
        }
    text = _ENCODER.encode(header).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > _MAX_HEADER:
        raise ValueError(f"{len(arrays)} arrays need a header of {len(text)} bytes; {_MAX_HEADER} fit")
    chunks: list[Chunk] = [len(text).to_bytes(8, "little") + text]
    chunks += [np.ascontiguousarray(array).data for _, array in ordered if array.nbytes]
    return chunks, 8 + len(text) + end


def decode(raw: bytes, start: int) -> dict[str, npt.NDArray[np.generic]] | None:
    """Return the arrays of the payload that fills `raw` from `start` to its end, or None if it is not valid.

    The arrays are read-only views of `raw`, C-contiguous. `start` should be a multiple of 8 so that they
    are aligned.
    """
    data = start + 8 + int.from_bytes(raw[start : start + 8], "little")
    if data - start - 8 > _MAX_HEADER or data > len(raw) or raw[start + 8 : start + 9] != b"{":
        return None
    try:
        header = _DECODER.decode(str(raw[start + 8 : data], "utf-8"))
        return _views(header, raw, data)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None  # not JSON, or JSON of another shape


def _views(header: dict[str, Any], raw: bytes, data: int) -> dict[str, npt.NDArray[np.generic]]:
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    expected = 0
    for name, info in sorted(header.items(), key=lambda item: tuple(item[1]["data_offsets"])):
        name.encode()  # a lone surrogate is not a name
        dtype, shape = _DTYPES[info["dtype"]], info["shape"]
        begin, end = info["data_offsets"]
        if (
            len(info) != 3
            or type(shape) is not list
            or len(shape) > _MAX_DIMS
            or not _whole(shape)
            or not _whole((begin, end))
        ):
            raise ValueError("not an array's description")
        if begin != expected or end - begin != math.prod(shape) * dtype.itemsize:
            raise ValueError("a gap, an overlap or a wrong size")
        expected = end
        arrays[name] = np.ndarray(shape, dtype, raw, data + begin)
    if data + expected != len(raw):
        raise ValueError("bytes without an array, or an array without bytes")
    for array in arrays.values():
        # numpy counts and indexes by the byte: a bool of 2 could lead it outside an array.
        if array.dtype == np.bool_ and array.view(np.uint8).max(initial=0) > 1:
            raise ValueError("a bool that is neither 0 nor 1")
    return arrays


def _whole(numbers: Iterable[object]) -> bool:
    return all(type(number) is int and number >= 0 for number in numbers)


def frozen_copy(arrays: Arrays) -> dict[str, npt.NDArray[np.generic]]:
    """Return read-only C-contiguous copies of the arrays, which no one else can change."""
    copies: dict[str, npt.NDArray[np.generic]] = {}
    for name, array in arrays.items():
        copies[name] = array.copy(order="C")
        copies[name].flags.writeable = False
    return copies
