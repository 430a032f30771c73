# SPDX-License-Identifier: GPL-3.0-or-later
"""One part of an OpenEXR file as a file of its own, as large as its data window.

Blender shows that window (tried in 4.5, 5.0 and 5.2). FFmpeg reads the first part alone, gives an image as large as the
display window, and takes both windows to begin at 0.
"""

import struct
from collections.abc import Iterator, Sequence

from .exr_header import MULTIPART_FLAG, TILED_FLAG, VERSION_AT, ExrPart

_KEPT = (
    "channels",
    "compression",
    "lineOrder",
    "pixelAspectRatio",
    "screenWindowCenter",
    "screenWindowWidth",
    "tiles",
)
_WINDOWS = ("dataWindow", "displayWindow")
_DEEP_FLAG = 0x800
_PART_BYTES, _OFFSET_BYTES = 4, 8
_CHUNK_LINES = (1, 1, 1, 16, 32, 16, 32, 32, 32, 256)
"""By the number of the compression."""


def single_part(data: bytes, parts: Sequence[ExrPart], header_end: int, number: int) -> bytes:
    """Return a part of a file as a file with one part, whose windows are both its data window, moved to 0.

    Parameters
    ----------
    data : bytes
        The file's bytes.
    parts : sequence of ExrPart
        Its parts.
    header_end : int
        Where its headers end.
    number : int
        The part.

    Returns
    -------
    bytes
        About as long as the part; `data` itself where it is such a file.

    Raises
    ------
    ValueError, struct.error
        It is damaged or cut off, or the part holds deep data.
    """
    part = parts[number]
    (flags,) = struct.unpack_from("<I", data, VERSION_AT)
    if flags & _DEEP_FLAG or part.text("type").startswith("deep"):
        raise ValueError("it holds deep data, which has to be flattened")
    width, height = part.window(_WINDOWS[0])
    # Of such files Blender 4.5 and 5.0 crash, or show a part.
    if (width, height) != parts[0].window(_WINDOWS[0]):
        raise ValueError("its parts differ in size")
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    is_multipart, is_tiled = bool(flags & MULTIPART_FLAG), part.is_tiled
    places = [part.value_place(name) for name in _WINDOWS]
    # Of what is not there FFmpeg makes black, without a word.
    chunks = list(
        _chunks(
            data,
            header_end,
            [_chunk_count(part) for part in parts[: number + 1]],
            _PART_BYTES if is_multipart else 0,
            part.chunk_head_bytes,
        )
    )
    if not is_multipart and all(data[at : at + len(window)] == window for at in places):
        return data
    if not is_multipart and is_tiled:  # tiles are counted from the corner of the data window
        whole = bytearray(data)
        for at in places:
            whole[at : at + len(window)] = window
        return bytes(whole)
    head = [
        data[:VERSION_AT],
        struct.pack("<I", flags & ~MULTIPART_FLAG | (TILED_FLAG if is_tiled else 0)),
        *(
            data[part.attributes[name].start : part.attributes[name].end]
            for name in _KEPT
            if name in part.attributes
        ),
        *(name.encode() + b"\0box2i\0" + struct.pack("<i", len(window)) + window for name in _WINDOWS),
        b"\0",
    ]
    (top,) = struct.unpack_from("<i", data, places[0] + 4)
    moved = [data[chunk] if is_tiled else _move_line(data[chunk], top) for chunk in chunks]
    offsets, at = [], sum(map(len, head)) + _OFFSET_BYTES * len(moved)
    for chunk in moved:
        offsets.append(at)
        at += len(chunk)
    return b"".join((*head, struct.pack(f"<{len(offsets)}Q", *offsets), *moved))


def chunk_bytes(part: ExrPart) -> int:
    """Return how much the channels of one chunk take, as 32-bit floats. Raises ValueError and struct.error."""
    width, _ = part.window(_WINDOWS[0])
    if "tiles" in part.attributes:
        width, lines = struct.unpack_from("<2I", part.data, part.value_place("tiles"))
    else:
        lines = chunk_lines(part)
    return 4 * int(width) * int(lines) * len(part.channels)


def chunk_lines(part: ExrPart) -> int:
    """Return how many lines a chunk of lines has, but for the last."""
    return _CHUNK_LINES[min(part.data[part.value_place("compression")], len(_CHUNK_LINES) - 1)]


def file_chunks(data: bytes, part: ExrPart, header_end: int) -> Iterator[slice]:
    """Yield where the chunks are of a file with one part. Raises ValueError and struct.error."""
    return _chunks(data, header_end, [_chunk_count(part)], 0, part.chunk_head_bytes)


def _move_line(chunk: bytes, top: int) -> bytes:
    """Return a chunk of lines whose first is counted from another."""
    (line,) = struct.unpack_from("<i", chunk)
    return struct.pack("<i", line - top) + chunk[4:]


def _chunks(
    data: bytes, header_end: int, counts: Sequence[int], number_bytes: int, head_bytes: int
) -> Iterator[slice]:
    """Yield where the chunks of the last of some parts are, without its number before each.

    `counts` says how many chunks each part has. Raises ValueError and struct.error.
    """
    table, spare = header_end + _OFFSET_BYTES * sum(counts[:-1]), len(data)
    for offset in struct.unpack_from(f"<{counts[-1]}Q", data, table):
        at = offset + number_bytes
        end = at + head_bytes
        if offset < table or end > len(data):
            raise ValueError("it is cut off or damaged")
        (size,) = struct.unpack_from("<i", data, end - 4)
        spare -= head_bytes + size
        # What is longer than the file in all has chunks that are there twice.
        if size < 0 or end + size > len(data) or spare < 0:
            raise ValueError("it is cut off or damaged")
        yield slice(at, end + size)


def _chunk_count(part: ExrPart) -> int:
    """Return how many chunks a part has; of tiles in several sizes those of the largest, which come first."""
    width, height = part.window(_WINDOWS[0])
    if "chunkCount" in part.attributes:
        (count,) = struct.unpack_from("<i", part.data, part.value_place("chunkCount"))
    elif part.is_tiled:
        across, down = struct.unpack_from("<2I", part.data, part.value_place("tiles"))
        count = -(-width // max(across, 1)) * -(-height // max(down, 1))
    else:
        count = -(-height // chunk_lines(part))
    if not 0 <= count <= len(part.data) // _OFFSET_BYTES:
        raise ValueError("its number of chunks is damaged")
    return int(count)
