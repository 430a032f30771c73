# SPDX-License-Identifier: GPL-3.0-or-later
"""The checksum of a record's body: CRC-32, taken of long bodies by way of sums that NumPy makes quickly.

A body of less than 16 KiB has its CRC-32. A longer one is cut into rows of 171 little-endian words of 8
bytes; each row gives one sum, of its words times fixed weights, modulo 2^64; the checksum is the CRC-32 of
these sums and of what is left over after the last row. That is two to four times as fast as CRC-32 itself,
which would take longer than reading the record does.

What it notices: every weight is odd, so a row with one changed word has another sum, whatever the change;
the weights differ, so words that changed places within a row count differently; the CRC takes the rows in
order, so rows that changed places do too. A row with several changed words keeps its sum once in 2^(64 - k),
k being the lowest bit that is changed in any of them: for cut, shifted, swapped, zeroed or overwritten
stretches that is never, and for two flips of the same bit of two words only where it is one of their upper
16. The final CRC-32 misses what the sums noticed once in 2^32. What it does not notice is an even number of
flips of the words' topmost bits in one and the same row (1368 bytes) with no other bit of that row changed,
as long as that is all the damage there is. A row is a third of 512 words, and not half,
so that a line of memory which fails every 2^n bytes hits some row in three an odd number of times.
"""

import hashlib
import zlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

ROW_SUMS_MIN_BYTES = 1 << 14
"""Where the sums begin to be quicker than plain CRC-32."""
ROW_WORDS = 171
_WORD = np.dtype("<u8")
ROW_BYTES = ROW_WORDS * _WORD.itemsize
# Fixed for ever, and without any pattern: the format of long records rests on them.
_WEIGHTS = np.frombuffer(hashlib.shake_128(b"weights of the words").digest(ROW_BYTES), _WORD) | np.uint64(1)


def checksum(raw: bytes | memoryview, start: int) -> int:
    """Return the 32-bit checksum of `raw` from `start`, a multiple of 8, to its end."""
    if len(raw) - start < ROW_SUMS_MIN_BYTES:
        return zlib.crc32(raw[start:])  # a copy so short takes less time than making a view does
    return _extend_checksum(raw, start, 0)


def checksum_of_parts(parts: Iterable[memoryview], size: int) -> int:
    """Return the `checksum` of `size` bytes that come in parts; all but the last are multiples of ROW_BYTES long."""
    summed = 0
    for part in parts:
        summed = zlib.crc32(part, summed) if size < ROW_SUMS_MIN_BYTES else _extend_checksum(part, 0, summed)
    return summed


def _extend_checksum(raw: bytes | memoryview, start: int, crc: int) -> int:
    rows = (len(raw) - start) // ROW_BYTES
    words: npt.NDArray[np.uint64] = np.ndarray((rows, ROW_WORDS), _WORD, raw, start)
    sums = np.einsum("rw,w->r", words, _WEIGHTS)
    return zlib.crc32(raw[start + rows * ROW_BYTES :], zlib.crc32(sums, crc))
