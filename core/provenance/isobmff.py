# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks in an MP4 or MOV file: boxes of their own. The packet's is the last, so that nothing else moves."""

import hashlib
import struct
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from .scan import FormatError, MarkScan, limit_parts

_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_MANIFEST = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_MAX_PACKET_BYTES = 1 << 20
_MAX_INDEX_BYTES = 1 << 28
_PIECE_BYTES = 1 << 20
_CONTAINERS = {b"moov": b"trak", b"trak": b"mdia", b"mdia": b"minf", b"minf": b"stbl"}
"""Boxes on the way to where chunks lie, and what is looked for in them."""
_CHUNK_PLACES = {b"stco": ">u4", b"co64": ">u8"}

_Box = tuple[bytes, int, int, int]
"""Kind (of a box of a user's kind its 16 bytes), start, where its content begins, and end."""


def scan_movie(file: BinaryIO) -> MarkScan:
    """Return the marks of a movie. FormatError where it is none, OSError where it can't be read.

    A manifest before the images moves them: where they lie counts as if it were not there.
    """
    boxes = list(limit_parts(_boxes(file)))
    marks = [(start, end) for kind, start, _, end in boxes if kind in (_XMP, _MANIFEST)]
    digest, packet = hashlib.sha256(), b""
    for kind, start, body, end in boxes:
        if kind == _XMP:
            packet = packet or _read_packet(file, body, end)
        elif kind == b"moov":
            if end - start > _MAX_INDEX_BYTES:
                raise FormatError("its index is larger than 256 MB")
            index = bytearray(_read(file, start, end - start))
            _move_chunk_places(index, marks)
            digest.update(index)
        elif kind != _MANIFEST:
            for place in range(start, end, _PIECE_BYTES):
                digest.update(_read(file, place, min(_PIECE_BYTES, end - place)))
    return MarkScan(packet, any(kind == _MANIFEST for kind, *_ in boxes), digest.hexdigest())


def peek_movie(file: BinaryIO) -> MarkScan:
    """Return the marks of a movie by its boxes alone, without its content, which is not read. Errors as `scan_movie`.

    Of a movie that is cut off after a mark what is there counts.
    """
    packet, has_manifest = b"", False
    try:
        for kind, _, body, end in limit_parts(_boxes(file)):
            has_manifest |= kind == _MANIFEST
            if kind == _XMP and not packet:
                packet = _read_packet(file, body, end)
    except FormatError:
        if not packet and not has_manifest:
            raise
    return MarkScan(packet, has_manifest, content="")


def append_movie_packet(file: BinaryIO, packet: bytes) -> None:
    """Write a packet at the end of a movie that has none. FormatError where its last box has no end of its own."""
    kind, start, body, end = list(limit_parts(_boxes(file)))[-1]
    head = _read(file, start, 8)
    if head[:4] == b"\0\0\0\0":
        raise FormatError(f"its last box ({kind.decode('latin-1')}, {end - body} bytes) is open")
    file.seek(end)
    file.write(struct.pack(">I", 24 + len(packet)) + b"uuid" + _XMP + packet)
    file.flush()


def _boxes(file: BinaryIO) -> Iterator[_Box]:
    """Yield the boxes of a file; there is one at least."""
    file_end = file.seek(0, 2)
    if file_end < 16 or _read(file, 4, 4) not in (b"ftyp", b"wide", b"mdat", b"moov", b"free", b"skip"):
        raise FormatError("it is no MP4 or MOV file")
    place = 0
    while place < file_end:
        if place + 8 > file_end:
            raise FormatError("it is cut off")
        head = _read(file, place, min(32, file_end - place))
        size, kind = struct.unpack(">I4s", head[:8])
        body = place + 8
        if size == 1 and len(head) >= 16:
            (size,) = struct.unpack(">Q", head[8:16])
            body += 8
        elif size == 0:
            size = file_end - place
        if kind == b"uuid" and size >= body - place + 16:
            kind = head[body - place : body - place + 16]
            body += 16
        if size < body - place or place + size > file_end:
            raise FormatError("it is cut off")
        yield kind, place, body, place + size
        place += size


def _move_chunk_places(index: bytearray, marks: list[tuple[int, int]]) -> None:
    """Let the places of chunks in an index be what they are without marks before them."""
    areas = [(0, len(index), b"moov")]
    while areas:
        start, end, wanted = areas.pop()
        for kind, place, size in limit_parts(_inner_boxes(index, start, end)):
            if kind == wanted and kind in _CONTAINERS:
                areas.append((place + 8, place + size, _CONTAINERS[kind]))
            elif kind == wanted == b"stbl":
                areas.append((place + 8, place + size, b""))
            elif not wanted and kind in _CHUNK_PLACES and size >= 16:
                code = np.dtype(_CHUNK_PLACES[kind])
                count = min(int.from_bytes(index[place + 12 : place + 16]), (size - 16) // code.itemsize)
                places = np.frombuffer(index, code, count, place + 16)
                shift = np.zeros(count, np.int64)
                for first, last in marks:
                    shift += np.where(places >= last, last - first, 0)
                places -= shift.astype(code)


def _inner_boxes(index: bytearray, place: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, start and size of the boxes in a part of an index."""
    while place + 8 <= end:
        size, kind = struct.unpack_from(">I4s", index, place)
        if size < 8 or place + size > end:
            return
        yield kind, place, size
        place += size


def _read_packet(file: BinaryIO, body: int, end: int) -> bytes:
    return _read(file, body, min(end - body, _MAX_PACKET_BYTES))


def _read(file: BinaryIO, place: int, size: int) -> bytes:
    file.seek(place)
    data = file.read(size)
    if len(data) < size:
        raise FormatError("it is cut off")
    return data
