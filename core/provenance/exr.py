# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks in an OpenEXR file: an attribute of its first header. What follows moves along, as the offset tables say."""

import hashlib
import struct
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from .scan import FormatError, MarkScan, limit_parts

_SIGNATURE = b"v/1\x01"
_MULTIPART = 0x1000
_XMP, _TYPE = b"xmp", b"string"
_MARK_HEAD = _XMP + b"\0" + _TYPE + b"\0"
_MAX_NAME_BYTES = 255
_MAX_CHUNKS = 1 << 20


class _Attribute(NamedTuple):
    name: bytes
    start: int
    value: int
    end: int


class _Layout(NamedTuple):
    attributes: list[_Attribute]
    """Those of the first header."""
    first_end: int
    """Where the first header's last byte is, a zero."""
    tables: int
    """Where the offset tables begin."""


def scan_exr(data: bytes) -> MarkScan:
    """Return the marks of an OpenEXR file. FormatError where it is none."""
    layout = _layout(data)
    mark = _mark_of(data, layout)
    start, end = (mark.start, mark.end) if mark is not None else (layout.first_end, layout.first_end)
    offsets = _offsets(data, layout)
    digest = hashlib.sha256(data[:start])
    digest.update(data[end : layout.tables])
    digest.update((offsets - np.uint64(end - start)).tobytes())
    digest.update(memoryview(data)[layout.tables + offsets.nbytes :])
    return MarkScan(
        b"" if mark is None else data[mark.value : mark.end], has_manifest=False, content=digest.hexdigest()
    )


def with_exr_packet(data: bytes, packet: bytes) -> bytes:
    """Return an OpenEXR file with a packet in place of the one it had. FormatError where it is none."""
    layout = _layout(data)
    mark = _mark_of(data, layout)
    start, end = (mark.start, mark.end) if mark is not None else (layout.first_end, layout.first_end)
    attribute = _MARK_HEAD + struct.pack("<i", len(packet)) + packet
    offsets = _offsets(data, layout)
    moved = (offsets.astype(np.int64) + (len(attribute) - (end - start))).astype("<u8")
    rest = layout.tables + offsets.nbytes
    return b"".join((data[:start], attribute, data[end : layout.tables], moved.tobytes(), data[rest:]))


def _mark_of(data: bytes, layout: _Layout) -> _Attribute | None:
    """Return the attribute with the packet, if there is one. FormatError where it is of another type."""
    mark = next((entry for entry in layout.attributes if entry.name == _XMP), None)
    if mark is not None and data[mark.start : mark.value - 4] != _MARK_HEAD:
        raise FormatError("its attribute xmp is no text")
    return mark


def _layout(data: bytes) -> _Layout:
    if not data.startswith(_SIGNATURE) or len(data) < 8:
        raise FormatError("it is no OpenEXR file")
    attributes = list(limit_parts(_header(data, 8)))
    first_end = place = attributes[-1].end if attributes else 8
    if int.from_bytes(data[4:8], "little") & _MULTIPART:
        while data[place + 1 : place + 2] not in (b"\0", b""):
            place = list(limit_parts(_header(data, place + 1)))[-1].end
        place += 1
    return _Layout(attributes, first_end, place + 1)


def _header(data: bytes, place: int) -> Iterator[_Attribute]:
    """Yield the attributes of a header, which ends with a zero."""
    while data[place : place + 1] != b"\0":
        name_end = data.find(b"\0", place, place + _MAX_NAME_BYTES + 1)
        type_end = data.find(b"\0", name_end + 1, name_end + _MAX_NAME_BYTES + 2)
        if name_end < 0 or type_end < 0 or type_end + 5 > len(data):
            raise FormatError("its header can't be read")
        (size,) = struct.unpack_from("<i", data, type_end + 1)
        value = type_end + 5
        if size < 0 or value + size >= len(data):
            raise FormatError("it is cut off")
        yield _Attribute(data[place:name_end], place, value, value + size)
        place = value + size


def _offsets(data: bytes, layout: _Layout) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Return the offset tables of all parts: they end where the first chunk begins, which is where one of them says."""
    count = (len(data) - layout.tables) // 8
    if count < 1:
        raise FormatError("it is cut off")
    entries = np.frombuffer(data, "<u8", count, layout.tables)
    first = int(entries[0])
    # The tables are read until the first chunk that any of their entries names.
    place = 0
    while layout.tables + 8 * place < first:
        if place >= min(count, _MAX_CHUNKS):
            raise FormatError("its offsets can't be read")
        first = min(first, int(entries[place]))
        place += 1
    if first <= layout.tables or (first - layout.tables) % 8 or first >= len(data):
        raise FormatError("its offsets can't be read")
    return entries[:place]
