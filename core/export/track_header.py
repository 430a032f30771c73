# SPDX-License-Identifier: GPL-3.0-or-later
"""What PyAV does not say of a video track: it is read from the header of a Matroska file that gets such a track.

Elements are those of RFC 9559: an ID, a length and data; a few hold others.
"""

import io
from collections.abc import Iterator

import av
from av.video.stream import VideoStream

CHROMA_HORIZONTAL, CHROMA_VERTICAL = 0x55B7, 0x55B8
FLAG_INTERLACED, FIELD_ORDER = 0x9A, 0x9D

_PARENTS = frozenset((0x18538067, 0x1654AE6B, 0xAE, 0xE0, 0x55B0))
"""Segment, Tracks, TrackEntry, Video and Colour."""
_MAX_NUMBER_BYTES = 8


def track_numbers(stream: VideoStream) -> dict[int, int]:
    """Return the numbers that the header says of a track, by their elements; empty if it can't be made."""
    file = io.BytesIO()
    try:
        with av.open(file, "w", format="matroska") as container:
            container.add_stream_from_template(stream, opaque=True)
            container.start_encoding()
            header = file.getvalue()
    except (av.FFmpegError, ValueError):
        return {}
    return dict(_elements(header, 0, len(header)))


def _elements(data: bytes, position: int, end: int) -> Iterator[tuple[int, int]]:
    """Walk through elements, into those that hold others; stop where what is said can't be."""
    while position + 1 < end:
        marker = _marker_bytes(data[position])
        number, position = int.from_bytes(data[position : position + marker]), position + marker
        if position >= end:
            return
        length_bytes = _marker_bytes(data[position])
        all_ones = (1 << 7 * length_bytes) - 1
        length = int.from_bytes(data[position : position + length_bytes]) & all_ones
        position += length_bytes
        stop = end if length == all_ones else min(position + length, end)  # all ones: up to the end
        if number in _PARENTS:
            yield from _elements(data, position, stop)
        elif stop - position <= _MAX_NUMBER_BYTES:
            yield number, int.from_bytes(data[position:stop])
        position = stop


def _marker_bytes(first: int) -> int:
    """Return how many bytes an ID or a length has, by its first."""
    return 9 - first.bit_length() if first else 9
