# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a movie file was cut off: what it says of the sizes of its parts is compared with its own size.

FFmpeg reads such files up to where they end. A file that was not closed, as of a program that crashed, states no sizes.
"""

import os
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from ..filesystem import open_input
from .movie_boxes import FIRST_BOXES, iterate_boxes

_EBML_ID, _SEGMENT_ID = 0x1A45DFA3, 0x18538067
_ID_BYTES_MOST, _SIZE_BYTES_MOST = 4, 8
_RIFF_HEAD_BYTES = 8
_RIFF_TOLERANCE_BYTES = 8
"""Some programs count a head to a RIFF chunk, or forget a byte of padding."""
_UNKNOWN_RIFF_SIZES = (0, 0xFFFFFFFF)
_IMAGE_BOXES = (b"moof", b"mdat")
_TS_SYNC, _TS_PROBED_PACKETS = 0x47, 5
_TS_LAYOUTS = ((188, 0), (192, 4), (204, 0))
"""How long a packet of a transport stream is, and where in it the byte stands that all have."""
_HEAD_BYTES = _TS_PROBED_PACKETS * 204


def is_cut_off(path: Path) -> bool:
    """Tell whether a movie ends before its parts do, as far as its format says: Matroska, WebM, AVI, MP4, MOV or TS.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    bool
        False where that can't be known.

    Raises
    ------
    OSError
        It can't be read.
    """
    with open_input(path) as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(_HEAD_BYTES) or b""
        if head.startswith(_EBML_ID.to_bytes(4)):
            ends = _segment_ends(file, size)
        elif head.startswith(b"RIFF") and head[8:12] == b"AVI ":
            ends = _riff_ends(file, size)
        elif head[4:8] in FIRST_BOXES:
            ends = (box.end for box in iterate_boxes(file, size) if box.kind in _IMAGE_BOXES)
        else:
            ends = _packet_ends(head, size)
        return any(end > size for end in ends)


def cut_off_text(name: str) -> str:
    """Say of a file with this name that it was cut off."""
    return f"{name} was cut off: the file ends early, and its last images may be missing; copy it again"


def _segment_ends(file: FileIO, size: int) -> Iterator[int]:
    """Yield where the segments of a Matroska file are to end."""
    position = 0
    while position < size:
        head = _read_at(file, position, _ID_BYTES_MOST + _SIZE_BYTES_MOST)
        id_length = _number_length(head)
        size_length = _number_length(head[id_length:])
        if not id_length or not size_length or len(head) < id_length + size_length:
            return
        mask = (1 << 7 * size_length) - 1
        value = int.from_bytes(head[id_length : id_length + size_length]) & mask
        if value == mask:  # the size is unknown, as in a live stream
            return
        position += id_length + size_length + value
        if int.from_bytes(head[:id_length]) == _SEGMENT_ID:
            yield position


def _number_length(data: bytes) -> int:
    """Return how many bytes a number of Matroska has: its first bits say it. 0 if it is none."""
    return 9 - data[0].bit_length() if data and data[0] else 0


def _riff_ends(file: FileIO, size: int) -> Iterator[int]:
    """Yield where the chunks of an AVI file are to end; a large one has several."""
    position = 0
    while position < size:
        head = _read_at(file, position, _RIFF_HEAD_BYTES)
        value = int.from_bytes(head[4:8], "little")
        if len(head) < _RIFF_HEAD_BYTES or head[:4] != b"RIFF" or value in _UNKNOWN_RIFF_SIZES:
            return
        position += _RIFF_HEAD_BYTES + value
        yield position - _RIFF_TOLERANCE_BYTES
        position += value % 2


def _packet_ends(head: bytes, size: int) -> Iterator[int]:
    """Yield where the last packet of a transport stream is to end. The file does not say how many there were."""
    for length, place in _TS_LAYOUTS:
        marks = head[place : _TS_PROBED_PACKETS * length : length]
        if marks == bytes([_TS_SYNC]) * _TS_PROBED_PACKETS:
            yield -(-size // length) * length
            return


def _read_at(file: FileIO, position: int, size: int) -> bytes:
    file.seek(position)
    return file.read(size) or b""
