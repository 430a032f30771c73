# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenEXR files of any channels of one type, in one part of rows with ZIP compression.

The format is that of https://openexr.com/en/latest/OpenEXRFileLayout.html.
"""

import struct
import zlib
from collections.abc import Mapping
from fractions import Fraction
from typing import TypeAlias, cast

import numpy as np
import numpy.typing as npt

from ..media.exr import SIGNATURE

Plane: TypeAlias = npt.NDArray[np.float16] | npt.NDArray[np.float32]
"""(h, w), little-endian."""

_HALF, _FLOAT, _ZIP, _ROWS_OF_A_BLOCK = 1, 2, 3, 16
_HALF_BYTES = 2
_ZIP_LEVEL = 4
"""What OpenEXR's library takes: more makes files hardly smaller."""


def encode_exr_channels(
    size: tuple[int, int],
    planes: Mapping[str, Plane],
    corner: tuple[int, int] = (0, 0),
    *,
    chromaticities: tuple[float, ...] | None = None,
    pixel_aspect: Fraction | None = None,
    comment: str = "",
) -> bytes:
    """Return an image as an OpenEXR file.

    Parameters
    ----------
    size : tuple of int
        Width and height of the image in pixels.
    planes : mapping of str to ndarray, shape (h, w), float16 or float32
        The channels by their names, all of one shape and type; around them the image is 0.
    corner : tuple of int
        Where the left upper pixel of the planes is in the image: (left, top).
    chromaticities : tuple of float, optional
        Red, green, blue and white as x and y.
    pixel_aspect : fractions.Fraction, optional
        Width of a pixel by its height.
    comment : str
        Kept in the file's metadata.

    Returns
    -------
    bytes
        The file.
    """
    names = sorted(planes)
    width, height = size
    header = _header(size, names, planes[names[0]].dtype, chromaticities, pixel_aspect, comment)
    blocks = []
    empty: dict[int, bytes] = {}
    for row in range(0, height, _ROWS_OF_A_BLOCK):
        count = min(_ROWS_OF_A_BLOCK, height - row)
        data = _block_rows(width, [planes[name] for name in names], corner, range(row, row + count))
        if data is None:
            if count not in empty:
                empty[count] = _compress(_zeros((count, len(names), width), planes[names[0]]))
            packed = empty[count]
        else:
            packed = _compress(data)
        blocks.append(struct.pack("<ii", row, len(packed)) + packed)
    first = len(header) + 8 * len(blocks)
    starts = first + np.cumsum([0, *map(len, blocks[:-1])])
    return b"".join((header, starts.astype("<u8").tobytes(), *blocks))


def _header(
    size: tuple[int, int],
    names: list[str],
    dtype: np.dtype[np.float16] | np.dtype[np.float32],
    chromaticities: tuple[float, ...] | None,
    pixel_aspect: Fraction | None,
    comment: str,
) -> bytes:
    kind = _HALF if dtype.itemsize == _HALF_BYTES else _FLOAT
    window = struct.pack("<4i", 0, 0, size[0] - 1, size[1] - 1)
    listed = b"".join(name.encode() + b"\0" + struct.pack("<iIii", kind, 0, 1, 1) for name in names)
    header = SIGNATURE + struct.pack("<I", 2)
    header += _attribute("channels", "chlist", listed + b"\0")
    if chromaticities is not None:
        header += _attribute("chromaticities", "chromaticities", struct.pack("<8f", *chromaticities))
    if comment:
        header += _attribute("comments", "string", comment.encode())
    header += _attribute("compression", "compression", bytes([_ZIP]))
    header += _attribute("dataWindow", "box2i", window) + _attribute("displayWindow", "box2i", window)
    header += _attribute("lineOrder", "lineOrder", b"\0")
    header += _attribute("pixelAspectRatio", "float", struct.pack("<f", pixel_aspect or 1))
    header += _attribute("screenWindowCenter", "v2f", struct.pack("<2f", 0, 0))
    return header + _attribute("screenWindowWidth", "float", struct.pack("<f", 1)) + b"\0"


def _attribute(name: str, kind: str, value: bytes) -> bytes:
    return f"{name}\0{kind}\0".encode() + struct.pack("<i", len(value)) + value


def _block_rows(width: int, planes: list[Plane], corner: tuple[int, int], rows: range) -> Plane | None:
    """Return some rows of the image, (h, channels, width); None where all of them are 0."""
    (left, top), (part_height, part_width) = corner, planes[0].shape
    first, last = max(rows.start, top), min(rows.stop, top + part_height)
    if first >= last or not part_width:
        return None
    data = _zeros((len(rows), len(planes), width), planes[0])
    for place, plane in enumerate(planes):
        part = plane[first - top : last - top]
        data[first - rows.start : last - rows.start, place, left : left + part_width] = part
    return data


def _zeros(shape: tuple[int, ...], like: Plane) -> Plane:
    """Return an array of a shape that has the type of another."""
    return cast("Plane", np.zeros(shape, like.dtype))


def _compress(data: Plane) -> bytes:
    """Return rows as a file has them: by channels, low and high bytes apart, as differences."""
    pairs = np.ascontiguousarray(data).view(np.uint8).reshape(-1, 2)
    bytes_apart = np.ascontiguousarray(pairs.T).ravel()
    differences = bytes_apart.copy()
    differences[1:] = bytes_apart[1:] - bytes_apart[:-1] + np.uint8(128)
    packed = zlib.compress(differences.tobytes(), _ZIP_LEVEL)
    return packed if len(packed) < pairs.size else data.tobytes()
