# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in for a layer image that was not made: one transparent pixel, or stripes where that is to be seen."""

import struct
import zlib
from functools import lru_cache

# A PNG whatever its file is called; no plan takes it for up to date.
PLACEHOLDER = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000a49444154081d6300010000050001"
    "8a6dbc200000000049454e44ae426082"
)
VISIBLE_BYTES = 8192
"""What a visible one takes whatever its size is: no layer, of which a tile takes twice as much, is as small."""
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MARK = b"Software\0Understudy placeholder"
_STRIPE_PIXELS = 32
_COLOURS = b"\xff\x00\xff\x00\x00\x00"
"""Magenta, as Blender shows what is missing, and black."""
_MAX_PIXELS = 1 << 15


@lru_cache(8)
def visible_placeholder(width: int, height: int) -> bytes:
    """Return a PNG of a clip's size, in pixels, that covers all of a frame with stripes of magenta and black.

    Empty where that can't be: for a size of no pixel, or one so large that it takes more than VISIBLE_BYTES.
    """
    if not (0 < width <= _MAX_PIXELS and 0 < height <= _MAX_PIXELS):
        return b""
    period = 2 * _STRIPE_PIXELS
    # A row's bits begin further left from row to row, so that the stripes are slanted.
    stripes = [
        int("".join(str((column + shift) % period // _STRIPE_PIXELS) for column in range(period)), 2)
        for shift in range(period)
    ]
    row_bytes, repeats = -(-width // 8), -(-width // period)
    rows = [b"\0" + (bits.to_bytes(period // 8, "big") * repeats)[:row_bytes] for bits in stripes]
    pixels = zlib.compress(b"".join(rows[number % period] for number in range(height)), 9)
    header = struct.pack(">IIBBBBB", width, height, 1, 3, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"tEXt", _MARK), (b"PLTE", _COLOURS), (b"IDAT", pixels)]
    image = _SIGNATURE + b"".join(_chunk(name, data) for name, data in chunks)
    end = _chunk(b"IEND", b"")
    rest = VISIBLE_BYTES - len(image) - len(end) - len(_chunk(b"tEXt", b""))
    return b"" if rest < 0 else image + _chunk(b"tEXt", b"Comment\0".ljust(rest, b" ")[:rest]) + end


def has_placeholder_size(byte_count: int) -> bool:
    """Tell whether a file is as long as a placeholder: no layer is."""
    return byte_count in (len(PLACEHOLDER), VISIBLE_BYTES)


def is_visible_placeholder(beginning: bytes) -> bool:
    """Tell whether a file is a visible placeholder by its first 100 bytes."""
    return beginning.startswith(_SIGNATURE) and _MARK in beginning[:100]


def _chunk(name: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)
