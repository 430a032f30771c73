# SPDX-License-Identifier: GPL-3.0-or-later
"""Named arrays to safetensors bytes and back, checking every byte that steers the reading.

The layout is the published safetensors one: an 8-byte little-endian header length, a JSON header, the raw
arrays without gaps. It is written and read here by hand because the arrays then go to the file, and come
back from it, without a copy; the tests hold it against the safetensors library.
"""

import json
import math
import struct
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

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
_DTYPE_NAMES = {dtype.str: name for name, dtype in _DTYPES.items()}
_MAX_HEADER_BYTES = 1 << 20
_MAX_DIMS = 32  # numpy 1's own limit
_RESERVED_NAME = "__metadata__"
_BOOL = np.dtype("|b1")
_LRU_ENTRIES = 256  # headers
_read_length = struct.Struct("<Q").unpack_from
_MAX_CACHED_HEADER_BYTES = 4096  # longer ones are not remembered, so that all of them take a megabyte at most

Chunk = bytes | memoryview


def _reject_duplicate_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a name occurs twice")
    return table


# Kept ready because building them takes longer than a small header does.
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
_DECODER = json.JSONDecoder(object_pairs_hook=_reject_duplicate_names)


def encode(arrays: Arrays) -> tuple[list[Chunk], int]:
    """Return the payload of a result.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        The result.

    Returns
    -------
    chunks : list of bytes-like
        What the payload is, one after the other. These may be the caller's own arrays: write them before those can
        change.
    size : int
        Its length in bytes.

    Raises
    ------
    TypeError
        A dtype that the format has no name for: object, complex, text, big-endian.
    ValueError
        A name that it can't hold.
    """
    head, order, size = _header(tuple([(name, array.dtype, array.shape) for name, array in arrays.items()]))
    chunks: list[Chunk] = [head]
    for name in order:
        array = arrays[name]
        chunks.append(array.data if array.flags.c_contiguous else np.ascontiguousarray(array).data)
    return chunks, size


@lru_cache(_LRU_ENTRIES)
def _header(
    layout: tuple[tuple[str, "np.dtype[np.generic]", tuple[int, ...]], ...],
) -> tuple[bytes, tuple[str, ...], int]:
    """Return the header of arrays of these names, dtypes and shapes, their order, the payload's length.

    Remembered, because a stage gives the same few shapes again and again.
    """
    for name, dtype, _ in layout:
        if dtype.str not in _DTYPE_NAMES:
            raise TypeError(f"array {name!r} has dtype {dtype}, which the cache can't keep")
        if name == _RESERVED_NAME:
            raise ValueError(f"an array may not be called {name!r}")
    # Widest type first keeps every array aligned, as the safetensors library has it too.
    ordered = sorted(layout, key=lambda item: (-item[1].itemsize, item[0]))
    header: dict[str, object] = {}
    end = 0
    for name, dtype, shape in ordered:
        begin, end = end, end + math.prod(shape) * dtype.itemsize
        header[name] = {"dtype": _DTYPE_NAMES[dtype.str], "shape": shape, "data_offsets": (begin, end)}
    text = _ENCODER.encode(header).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > _MAX_HEADER_BYTES:
        raise ValueError(f"{len(ordered)} arrays need a header of {len(text)} bytes; {_MAX_HEADER_BYTES} fit")
    head = len(text).to_bytes(8, "little") + text
    return head, tuple(item[0] for item in ordered), len(head) + end


class DecodedArrays(dict[str, npt.NDArray[np.generic]]):
    """The arrays of a payload, in the order of their bytes, and where those are. Not to be changed."""

    __slots__ = ("data", "header", "raw")

    header: bytes
    """The text that says what the arrays are."""
    raw: bytes
    data: int
    """Where in `raw` the arrays' bytes begin, which go on to its end without a gap."""


def decode(raw: bytes, start: int) -> DecodedArrays | None:
    """Return the arrays of a payload.

    Parameters
    ----------
    raw : bytes
        What the payload fills to its end.
    start : int
        Where in `raw` it begins, in bytes; a multiple of 8, so that the arrays are aligned.

    Returns
    -------
    dict of str to ndarray, or None
        Read-only views of `raw`, C-contiguous. None if the payload is not valid.
    """
    begin, end = start + 8, len(raw)
    if begin > end:
        return None
    (header_bytes,) = _read_length(raw, start)
    data = begin + header_bytes
    read = _read_layout_cached if header_bytes <= _MAX_CACHED_HEADER_BYTES else _read_layout
    header = raw[begin:data]
    try:
        columns, record, size, bools = read(header)
        if data + size != end:
            return None  # bytes without an array, or an array without bytes
        fields: npt.NDArray[np.void] = np.ndarray((), record, raw, data)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None  # not JSON, or JSON of another shape
    arrays = DecodedArrays()
    arrays.header, arrays.raw, arrays.data = header, raw, data
    for name, column in columns:  # a comprehension would be a call more
        arrays[name] = fields[column]
    for name in bools:
        # numpy counts and indexes by the byte: a bool of 2 could lead it outside an array.
        if arrays[name].view(np.uint8).max(initial=0) > 1:
            return None
    return arrays


class _Layout(NamedTuple):
    """Where arrays lie: as fields of a NumPy record, since that makes views of all of them most quickly."""

    columns: tuple[tuple[str, str], ...]
    """Each array's name, and what the NumPy record calls it."""
    record_dtype: "np.dtype[np.void]"
    size: int
    """The bytes of all of them together."""
    bool_names: tuple[str, ...]


def _read_layout(text: bytes) -> _Layout:
    """Return what a header says of the arrays, all of it checked. Raises what `decode` catches."""
    if not text.startswith(b"{") or len(text) > _MAX_HEADER_BYTES:
        raise ValueError("not a header")
    header = _DECODER.decode(str(text, "utf-8"))
    formats, offsets = [], []
    names = []
    expected = 0
    for name, info in sorted(header.items(), key=lambda item: tuple(item[1]["data_offsets"])):
        name.encode()  # a lone surrogate is not a name
        dtype, shape = _DTYPES[info["dtype"]], info["shape"]
        begin, end = info["data_offsets"]
        if (
            len(info) != 3
            or type(shape) is not list
            or len(shape) > _MAX_DIMS
            or not _are_whole_numbers(shape)
            or not _are_whole_numbers((begin, end))
        ):
            raise ValueError("not an array's description")
        if begin != expected or end - begin != math.prod(shape) * dtype.itemsize:
            raise ValueError("a gap, an overlap or a wrong size")
        if (len(text) + begin) % dtype.itemsize:
            raise ValueError("not aligned")
        expected = end
        names.append(name)
        formats.append((dtype, tuple(shape)))
        offsets.append(begin)
    fields = [str(number) for number in range(len(names))]
    record = np.dtype({"names": fields, "formats": formats, "offsets": offsets, "itemsize": expected})
    bools = tuple(name for name, (dtype, _) in zip(names, formats, strict=True) if dtype == _BOOL)
    return _Layout(tuple(zip(names, fields, strict=True)), record, expected, bools)


_read_layout_cached = lru_cache(_LRU_ENTRIES)(_read_layout)


def array_layout(header: bytes) -> tuple[tuple[str, "np.dtype[np.generic]", tuple[int, ...]], ...]:
    """Return names, dtypes and shapes of a `DecodedArrays`'s arrays, in their order, by its header."""
    columns, record, _, _ = _read_layout(header)
    fields = [(name, record[column]) for name, column in columns]
    return tuple((name, dtype.base, dtype.shape) for name, dtype in fields)


def _are_whole_numbers(numbers: Iterable[object]) -> bool:
    return all(type(number) is int and number >= 0 for number in numbers)


def frozen_copy(arrays: Arrays) -> dict[str, npt.NDArray[np.generic]]:
    """Copy arrays so that no one else can change them.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        The arrays.

    Returns
    -------
    dict of str to ndarray
        Read-only, C-contiguous copies.
    """
    copies: dict[str, npt.NDArray[np.generic]] = {}
    for name, array in arrays.items():
        copies[name] = array.copy(order="C")
        copies[name].flags.writeable = False
    return copies
