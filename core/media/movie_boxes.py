# SPDX-License-Identifier: GPL-3.0-or-later
"""The outermost boxes of MP4 and MOV files (ISO/IEC 14496-12)."""

from collections.abc import Iterator
from io import FileIO
from typing import NamedTuple

_HEAD_BYTES = 8
FIRST_BOXES = (b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"wide", b"free", b"skip")
"""With which such a file may begin."""


class Box(NamedTuple):
    """A box: its kind, where its head starts, and where it is to end."""

    kind: bytes
    start: int
    end: int


def iterate_boxes(file: FileIO, size: int) -> Iterator[Box]:
    """Yield the outermost boxes of an open file of `size` bytes; of another kind of file none. Raises OSError.

    A box that goes on to the end of the file, whatever that is, is left out.
    """
    position = 0
    while position < size:
        file.seek(position)
        head = file.read(2 * _HEAD_BYTES) or b""
        kind, length = head[4:8], int.from_bytes(head[:4])
        if length == 1:
            length = int.from_bytes(head[_HEAD_BYTES:])
        if length < _HEAD_BYTES or (position == 0 and kind not in FIRST_BOXES):
            return
        yield Box(kind, position, position + length)
        position += length
