# SPDX-License-Identifier: GPL-3.0-or-later
"""Chunks of OpenEXR that FFmpeg could not decompress: it leaves them black, and says nothing.

Of the compressions those with ZIP have a checksum in each chunk. Only what came out black is looked at, so that other
images cost next to nothing.
"""

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ClipError
from .exr_header import HALF, ExrPart, read_exr_parts
from .exr_part import chunk_lines, file_chunks

_WITH_ZIP = (2, 3, 5)  # ZIPS, ZIP and PXR24


def require_decompressed(path: Path, data: bytes, planes: Sequence[npt.NDArray[np.floating[Any]]]) -> None:
    """Make sure that what is black in a decoded image is black in its file.

    Parameters
    ----------
    path : pathlib.Path
        The file, for the message.
    data : bytes
        It, or what was made of it: with one part whose windows begin at 0.
    planes : sequence of ndarray, each (H, W), floats
        What FFmpeg decoded of it.

    Raises
    ------
    ClipError
        A chunk can't be decompressed.
    """
    (part,), header_end = read_exr_parts(data)
    if part.data[part.value_place("compression")] not in _WITH_ZIP:
        return
    pixel_bytes = sum(2 if channel.type_number == HALF else 4 for channel in part.channel_entries)
    for chunk in file_chunks(data, part, header_end):
        rows, columns = _place(part, data, chunk.start)
        if any(plane[rows, columns].any() for plane in planes):
            continue
        content = data[chunk.start + part.chunk_head_bytes : chunk.stop]
        size = planes[0][rows, columns].size * pixel_bytes
        # What would not become smaller is stored as it is.
        if len(content) < size and not _is_whole(content, size):
            raise ClipError(f"{path} can't be read as an OpenEXR image: it is damaged; save it again")


def _is_whole(content: bytes, size: int) -> bool:
    """Tell whether what ZIP compressed can be decompressed; to more than `size` bytes it is not."""
    stream = zlib.decompressobj()
    try:
        stream.decompress(content, size + 1)
    except zlib.error:
        return False
    return stream.eof


def _place(part: ExrPart, data: bytes, at: int) -> tuple[slice, slice]:
    """Return the rows and columns of a chunk."""
    if not part.is_tiled:
        (line,) = struct.unpack_from("<i", data, at)
        return slice(max(line, 0), line + chunk_lines(part)), slice(None)
    across, down = struct.unpack_from("<2i", data, at)
    width, height = struct.unpack_from("<2I", data, part.value_place("tiles"))
    return slice(down * height, (down + 1) * height), slice(across * width, (across + 1) * width)
