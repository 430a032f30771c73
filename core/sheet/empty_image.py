# SPDX-License-Identifier: GPL-3.0-or-later
"""The image of a sheet that has no cell yet."""

import struct
import zlib

_GROUND = 24


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


EMPTY_IMAGE = (
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    + _chunk(b"IDAT", zlib.compress(bytes((0, _GROUND))))
    + _chunk(b"IEND", b"")
)
"""A PNG file of one gray pixel."""
