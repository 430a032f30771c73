# SPDX-License-Identifier: GPL-3.0-or-later
"""The layer image: as large as the clip's frame, but on disk only as large as the faces.

It is an uncompressed tiled TIFF (TIFF 6.0, sections 15 and 18) in which every tile without a face is one and
the same transparent tile, so a 1080p layer with one face takes about a megabyte, is written and read in a few
milliseconds, and lies exactly on the clip's pixels whatever transform the strip has. Any program that reads
TIFF reads it. The ImageDescription tag carries the key of what was fused and a checksum of the whole.
"""

import struct

import numpy as np

from ..errors import ClipError
from .label import (
    HEAD_BYTES,
    LABEL_BYTES,
    MAX_LAYER_BYTES,
    RequestSummary,
    body_offset,
    label_text,
    layer_checksum,
)
from .samples import LayerPatch
from .tile_layout import CHANNELS, TILE_PIXELS, LayerPixels, TileLayout, read_tile_layout

MAX_SIDE_PIXELS = 65535
"""Of a frame's side."""
_IMAGE_DESCRIPTION_TAG = 270
_FILE_HEADER = struct.pack("<2sHI", b"II", 42, 8)


def layer_pieces(
    key: str, patch: LayerPatch | None, size: tuple[int, int], summary: RequestSummary | None = None
) -> tuple[bytes | memoryview, ...]:
    """Return the layer image of a frame.

    Parameters
    ----------
    key : str
        The hex key of what was fused.
    patch : LayerPatch or None
        The new faces, see `samples.layer_samples`; None for a layer that shows nothing.
    size : tuple of int
        Width and height of the frame in pixels.
    summary : RequestSummary, optional
        What was asked for, for the label.

    Returns
    -------
    tuple of bytes-like
        The file, in pieces that follow each other.

    Raises
    ------
    ClipError
        The frame is too large for a layer.
    """
    layout = TileLayout() if patch is None else TileLayout(patch.pixels.dtype.name)
    covered = (
        0
        if patch is None
        else (patch.pixels.shape[0] + 2 * TILE_PIXELS)
        * (patch.pixels.shape[1] + 2 * TILE_PIXELS)
        * (CHANNELS * layout.bits // 8)
    )
    if (
        not 0 < min(size) <= max(size) <= MAX_SIDE_PIXELS
        or covered > MAX_LAYER_BYTES - HEAD_BYTES - layout.tile_bytes
    ):
        raise _too_large_error(size)
    tiles, numbers = _cut_tiles(patch, size)
    head, clear = _build_head(numbers, size, layout), bytes(layout.tile_bytes)
    body = tiles.reshape(-1).view(np.uint8).data
    if len(head) + LABEL_BYTES > HEAD_BYTES:
        raise _too_large_error(size)
    label = label_text(key, layer_checksum(head, clear, body), summary)
    gap = bytes(body_offset(len(head) + len(label)) - len(head) - len(label))
    # In pieces: to join them costs more than to write them.
    return head, label, gap, clear, body


def _too_large_error(size: tuple[int, int]) -> ClipError:
    return ClipError(
        f"a frame of {size[0]} x {size[1]} pixels can't have a layer, a file of {MAX_LAYER_BYTES >> 30} GiB at most: "
        "use a smaller clip"
    )


def _cut_tiles(
    patch: LayerPatch | None, size: tuple[int, int]
) -> "tuple[LayerPixels, np.ndarray[tuple[int, int], np.dtype[np.uint32]]]":
    """Cut a patch into tiles (n, 64, 64, 4), and number the frame's tiles: 0 is the transparent one."""
    across, down = -(-size[0] // TILE_PIXELS), -(-size[1] // TILE_PIXELS)
    numbers = np.zeros((down, across), np.uint32)
    if patch is None:
        return np.zeros((0, TILE_PIXELS, TILE_PIXELS, 4), np.uint8), numbers
    height, width = patch.pixels.shape[:2]
    left, top = patch.left // TILE_PIXELS, patch.top // TILE_PIXELS
    right, bottom = -(-(patch.left + width) // TILE_PIXELS), -(-(patch.top + height) // TILE_PIXELS)
    canvas = np.zeros(((bottom - top) * TILE_PIXELS, (right - left) * TILE_PIXELS, 4), patch.pixels.dtype)
    row, column = patch.top - top * TILE_PIXELS, patch.left - left * TILE_PIXELS
    canvas[row : row + height, column : column + width] = patch.pixels
    grid = canvas.reshape(bottom - top, TILE_PIXELS, right - left, TILE_PIXELS, 4)
    alpha = grid[..., 3]
    if alpha.dtype == np.float16:
        # By its bits but for the sign: NumPy compares half floats in three times the time.
        alpha = np.asarray(alpha.view(np.uint16) << 1, np.uint16)
    used = (alpha != 0).any(1).any(2)
    numbers[top:bottom, left:right][used] = np.arange(1, int(used.sum()) + 1)
    return np.ascontiguousarray(grid.swapaxes(1, 2)[used]), numbers


def _build_head(
    numbers: "np.ndarray[tuple[int, int], np.dtype[np.uint32]]", size: tuple[int, int], layout: TileLayout
) -> bytes:
    """Build everything before the label: header, directory, offsets and lengths."""
    count = numbers.size
    short, long, text = 3, 4, 2
    samples_at = layout.sample_bits_position
    offsets_at = layout.offsets_position
    counts_at = offsets_at + 4 * count
    label_at = counts_at + 4 * count
    body_at = body_offset(label_at + LABEL_BYTES)
    offsets = (body_at + numbers.astype(np.uint32) * layout.tile_bytes).astype("<u4")
    directory = [
        (256, long, 1, size[0]),
        (257, long, 1, size[1]),
        (258, short, 4, samples_at),
        (259, short, 1, 1),
        (262, short, 1, 2),
        (_IMAGE_DESCRIPTION_TAG, text, LABEL_BYTES + 1, label_at),
        (277, short, 1, 4),
        (284, short, 1, 1),
        (322, long, 1, TILE_PIXELS),
        (323, long, 1, TILE_PIXELS),
        (324, long, count, offsets_at if count > 1 else int(offsets.flat[0])),
        (325, long, count, counts_at if count > 1 else layout.tile_bytes),
        (338, short, 1, 2),
    ]
    if layout.has_format_tag:
        directory.append((339, short, CHANNELS, samples_at + 8))
    head = bytearray(struct.pack("<2sHIH", b"II", 42, 8, len(directory)))
    for tag, kind, length, value in directory:
        head += struct.pack("<HHII", tag, kind, length, value)
    head += struct.pack("<I4H", 0, *[layout.bits] * CHANNELS)
    if layout.has_format_tag:
        head += struct.pack("<4H", *[layout.sample_format] * CHANNELS)
    return bytes(head) + offsets.tobytes() + np.full(count, layout.tile_bytes, "<u4").tobytes()


def read_patch(data: bytes, size: tuple[int, int]) -> LayerPatch | None:
    """Return the new faces of a layer image that `layer_pieces` made, exactly as they were.

    Parameters
    ----------
    data : bytes
        The file.
    size : tuple of int
        Width and height of the frame in pixels.

    Returns
    -------
    LayerPatch or None
        All tiles that show something, within the frame; None where none does, and where the file is no layer of a
        frame of this size.
    """
    across, down = -(-size[0] // TILE_PIXELS), -(-size[1] // TILE_PIXELS)
    count, layout = across * down, read_tile_layout(data)
    if len(data) < layout.offsets_position + 4 * count or data[:8] != _FILE_HEADER:
        return None
    # Its first two entries are the width and the height: tag, kind, length, value.
    if struct.unpack_from("<8xI8xI", data, len(_FILE_HEADER) + 2) != size:
        return None
    offsets = np.frombuffer(data, "<u4", count, layout.offsets_position).reshape(down, across)
    used = offsets > body_offset(
        layout.offsets_position + 8 * count + LABEL_BYTES
    )  # where the transparent tile is
    if not used.any() or int(offsets.max()) + layout.tile_bytes > len(data):
        return None
    rows, columns = np.flatnonzero(used.any(1)), np.flatnonzero(used.any(0))
    first_row, first_column = int(rows[0]), int(columns[0])
    shape = int(rows[-1]) + 1 - first_row, int(columns[-1]) + 1 - first_column
    canvas = np.zeros((shape[0] * TILE_PIXELS, shape[1] * TILE_PIXELS, 4), layout.dtype)
    for row, column in np.argwhere(used):
        tile = np.frombuffer(data, np.uint8, layout.tile_bytes, int(offsets[row, column])).view(layout.dtype)
        top, left = (row - first_row) * TILE_PIXELS, (column - first_column) * TILE_PIXELS
        canvas[top : top + TILE_PIXELS, left : left + TILE_PIXELS] = tile.reshape(TILE_PIXELS, TILE_PIXELS, 4)
    left, top = first_column * TILE_PIXELS, first_row * TILE_PIXELS
    return LayerPatch(left, top, canvas[: size[1] - top, : size[0] - left])
