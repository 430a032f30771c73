# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks in a WebP file: chunks of their own, which the extended header announces."""

import hashlib
import struct
from collections.abc import Iterator

from .scan import FormatError, MarkScan, limit_parts

_XMP, _MANIFEST, _HEADER = b"XMP ", b"C2PA", b"VP8X"
_HAS_XMP, _HAS_ALPHA = 0x04, 0x10


def scan_webp(data: bytes) -> MarkScan:
    """Return the marks of a WebP file. FormatError where it is none."""
    digest, packet, has_manifest = hashlib.sha256(), b"", False
    chunks = list(limit_parts(_chunks(data)))
    if chunks[0][0] != _HEADER:
        digest.update(_new_header(data, chunks, 0))
    for kind, start, end in chunks:
        if kind == _XMP:
            packet = _body(data, start)
            if any(data[start + 8 + len(packet) : end]):
                raise FormatError("its XMP is damaged")
        elif kind == _MANIFEST:
            has_manifest = True
        elif kind == _HEADER:
            digest.update(_with_flags(data[start:end], clear=_HAS_XMP))
        else:
            digest.update(data[start:end])
    if chunks[0][0] == _HEADER and bool(data[chunks[0][1] + 8] & _HAS_XMP) != bool(packet):
        raise FormatError("its header does not say whether it has XMP")
    return MarkScan(packet, has_manifest, digest.hexdigest())


def with_webp_packet(data: bytes, packet: bytes) -> bytes:
    """Return a WebP file with a packet in place of the one it had. FormatError where it is none."""
    chunks = list(limit_parts(_chunks(data)))
    parts = [_new_header(data, chunks, _HAS_XMP)] if chunks[0][0] != _HEADER else []
    for kind, start, end in chunks:
        if kind == _HEADER:
            parts.append(_with_flags(data[start:end], add=_HAS_XMP))
        elif kind != _XMP:
            parts.append(data[start:end])
    parts.append(_XMP + struct.pack("<I", len(packet)) + packet + b"\0" * (len(packet) % 2))
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _new_header(data: bytes, chunks: list[tuple[bytes, int, int]], flags: int) -> bytes:
    """Return the extended header of an image that has none."""
    kind, start, _ = chunks[0]
    body = _body(data, start)
    if kind == b"VP8 " and len(body) >= 10 and body[3:6] == b"\x9d\x01\x2a":
        width, height = (size & 0x3FFF for size in struct.unpack_from("<HH", body, 6))
    elif kind == b"VP8L" and len(body) >= 5 and body[0] == 0x2F:
        (bits,) = struct.unpack_from("<I", body, 1)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        flags |= _HAS_ALPHA if bits >> 28 & 1 else 0
    else:
        raise FormatError("its image can't be read")
    sizes = int(width - 1).to_bytes(3, "little") + int(height - 1).to_bytes(3, "little")
    return _HEADER + struct.pack("<II", 10, flags) + sizes


def _with_flags(chunk: bytes, *, add: int = 0, clear: int = 0) -> bytes:
    return chunk[:8] + bytes([(chunk[8] | add) & ~clear]) + chunk[9:]


def _body(data: bytes, start: int) -> bytes:
    size = int.from_bytes(data[start + 4 : start + 8], "little")
    return data[start + 8 : start + 8 + size]


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind, start and end of each chunk, its padding included; there is one at least."""
    if len(data) < 30 or not data.startswith(b"RIFF") or data[8:12] != b"WEBP":
        raise FormatError("it is no WebP file")
    end_of_file = 8 + int(struct.unpack_from("<I", data, 4)[0])
    if end_of_file > len(data):
        raise FormatError("it is cut off")
    place = 12
    while place + 8 <= end_of_file:
        (size,) = struct.unpack_from("<I", data, place + 4)
        end = place + 8 + size + size % 2
        if end > end_of_file + size % 2 or (data[place : place + 4] == _HEADER and size < 10):
            raise FormatError("it is cut off")
        yield data[place : place + 4], place, min(end, len(data))
        place = end
    if end_of_file < len(data):
        yield b"", end_of_file, len(data)
