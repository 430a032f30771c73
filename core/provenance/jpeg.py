# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks in a JPEG file: segments before the image."""

import hashlib
import struct
from collections.abc import Iterator

from .scan import FormatError, MarkScan, limit_parts

_XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
_MAX_SEGMENT_BYTES = 65_533
_APP0, _APP1, _APP11, _SCAN = 0xE0, 0xE1, 0xEB, 0xDA
_ALONE = {0x01, *range(0xD0, 0xD9)}
"""Markers that no segment follows."""


def scan_jpeg(data: bytes) -> MarkScan:
    """Return the marks of a JPEG file. FormatError where it is none."""
    digest, packet, has_manifest = hashlib.sha256(), b"", False
    for kind, start, end in limit_parts(_segments(data)):
        body = data[start + 4 : end]
        if kind == _APP1 and body.startswith(_XMP_HEAD):
            packet = body[len(_XMP_HEAD) :]
        elif kind == _APP11 and body.startswith(b"JP"):
            has_manifest = True
        else:
            digest.update(data[start:end])
    return MarkScan(packet, has_manifest, digest.hexdigest())


def with_jpeg_packet(data: bytes, packet: bytes) -> bytes:
    """Return a JPEG file with a packet in place of the one it had. FormatError where it can't hold it."""
    if len(packet) + len(_XMP_HEAD) > _MAX_SEGMENT_BYTES:
        raise FormatError("a JPEG file holds 64 KB of XMP at most")
    body = _XMP_HEAD + packet
    segment = struct.pack(">BBH", 0xFF, _APP1, len(body) + 2) + body
    parts, is_placed = [data[:2]], False
    for kind, start, end in limit_parts(_segments(data)):
        body = data[start + 4 : end]
        if kind == _APP1 and body.startswith(_XMP_HEAD):
            continue
        # Readers expect JFIF's and EXIF's segments first.
        if not is_placed and kind != _APP0 and not (kind == _APP1 and body.startswith(b"Exif\0")):
            parts.append(segment)
            is_placed = True
        parts.append(data[start:end])
    return b"".join(parts)


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the kind, start and end of each segment; the last has the image and all after it."""
    if not data.startswith(b"\xff\xd8\xff"):
        raise FormatError("it is no JPEG file")
    place = 2
    while place + 4 <= len(data):
        if data[place] != 0xFF:
            raise FormatError("its segments can't be read")
        kind = data[place + 1]
        if kind == _SCAN:
            yield kind, place, len(data)
            return
        if kind == 0xFF or kind in _ALONE:
            end = place + (1 if kind == 0xFF else 2)
        else:
            end = place + 2 + int.from_bytes(data[place + 2 : place + 4])
            if end < place + 4 or end > len(data):
                raise FormatError("it is cut off")
        yield kind, place, end
        place = end
    raise FormatError("it is cut off")
