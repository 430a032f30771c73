# SPDX-License-Identifier: GPL-3.0-or-later
"""A few results as the cache keeps them, and how a spoilt record is made to pass its checksums."""

import struct
import zlib

import numpy as np
from understudy.core.cache.base.key import Key, stage_key
from understudy.core.cache.base.store import Arrays
from understudy.core.cache.packs.checksum import checksum
from understudy.core.cache.packs.record import HEADER_BYTES, MAGIC

COUNT = 10


def key(number: int) -> Key:
    """Return the key of a result."""
    return stage_key("detect", 1, {"frame": f"{number:064x}", "score": 0.5})


def arrays(number: int) -> dict[str, np.ndarray]:
    """Return a result: small, of several types."""
    return {
        "box": np.arange(number, number + 4, dtype=np.float32),
        "crop": np.full((2, 3, 3), number, np.uint8),
        "known": np.array([True, False]),
    }


def is_right(result: Arrays, number: int) -> bool:
    """Tell whether what was read is a result as it was put."""
    wanted = arrays(number)
    return result.keys() == wanted.keys() and all(
        (result[name].dtype, result[name].shape, result[name].tobytes())
        == (array.dtype, array.shape, array.tobytes())
        for name, array in wanted.items()
    )


def repair_checksums(data: bytes) -> bytes:
    """Make the checksums of every record in some bytes right, as whoever can write the bytes can."""
    raw = bytearray(data)
    at = raw.find(MAGIC)
    while 0 <= at <= len(raw) - HEADER_BYTES:
        text, payload = struct.unpack_from("<II", raw, at + 48)
        end = at + HEADER_BYTES + text + -text % 16 + payload
        # One that ends beyond the bytes, or before the next one begins, keeps its wrong length.
        following = raw.find(MAGIC, at + 1)
        stop = min(end, following if following > 0 else len(raw), len(raw))
        struct.pack_into(
            "<I", raw, at + 56, checksum(bytes(raw[at:stop]), HEADER_BYTES) if stop > at + HEADER_BYTES else 0
        )
        struct.pack_into("<I", raw, at + 60, zlib.crc32(raw[at : at + 60]))
        at = following
    return bytes(raw)
