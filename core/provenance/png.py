# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks in a PNG file: chunks of their own."""

import hashlib
import struct
import zlib
from collections.abc import Iterator

from .scan import FormatError, MarkScan, limit_parts

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_XMP_HEAD = b"XML:com.adobe.xmp\0\0\0\0\0"
"""An iTXt chunk's keyword, neither compressed nor translated."""
_XMP_KEYWORD = b"XML:com.adobe.xmp\0"
_MANIFEST = b"caBX"


def scan_png(data: bytes) -> MarkScan:
    """Return the marks of a PNG file. FormatError where it is none."""
    digest, packet, has_manifest = hashlib.sha256(), b"", False
    for kind, start, end in limit_parts(_chunks(data)):
        body = data[start + 8 : end - 4]
        if kind == b"iTXt" and body.startswith(_XMP_KEYWORD):
            if zlib.crc32(data[start + 4 : end - 4]) != int.from_bytes(data[end - 4 : end]):
                raise FormatError("its XMP is damaged")
            packet = body[len(_XMP_HEAD) :]
        elif kind == _MANIFEST:
            has_manifest = True
        else:
            digest.update(data[start:end])
    return MarkScan(packet, has_manifest, digest.hexdigest())


def with_png_packet(data: bytes, packet: bytes) -> bytes:
    """Return a PNG file with a packet in place of the one it had. FormatError where it is none."""
    parts = [SIGNATURE]
    for kind, start, end in limit_parts(_chunks(data)):
        if kind == b"iTXt" and data[start + 8 : end].startswith(_XMP_KEYWORD):
            continue
        parts.append(data[start:end])
        if kind == b"IHDR":
            body = b"iTXt" + _XMP_HEAD + packet
            parts.append(struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body)))
    return b"".join(parts)


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind, start and end of each chunk, and what comes after the last as one of no kind."""
    if not data.startswith(SIGNATURE):
        raise FormatError("it is no PNG file")
    place = len(SIGNATURE)
    while place + 12 <= len(data):
        (size,) = struct.unpack_from(">I", data, place)
        end = place + 12 + size
        if end > len(data):
            raise FormatError("it is cut off")
        kind = data[place + 4 : place + 8]
        yield kind, place, end
        place = end
        if kind == b"IEND":
            break
    else:
        raise FormatError("it is cut off")
    if place < len(data):
        yield b"", place, len(data)
