# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way up an image is meant, as its EXIF data says, and turning it so.

Blender shows an image as it is stored. Images of people, and clips of the command line, are shown upright.
"""

from pathlib import Path
from typing import Any, cast

import numpy as np

from ..filesystem import open_input, read_input
from .bounds import MAX_IMAGE_FILE_BYTES
from .clip import FramePixels
from .pillow_image import open_with_pillow

UPRIGHT = 1
_ORIENTATION_TAG = 0x112
_EXIF_MARKS = (b"Exif\0\0", b"eXIf", b"EXIF")
_HEAD_BYTES = 1 << 17
"""The EXIF data of a JPEG file is at its beginning, and so is that of nearly every PNG file."""
_WEBP_FLAGS_AT, _WEBP_EXIF_FLAG = 20, 8


def read_orientation(data: bytes) -> int:
    """Return the EXIF orientation of a JPEG, PNG or WebP file's bytes, 1 to 8; 1 where it has none.

    That of a TIFF file is none of these: OpenCV's decoder turns its images itself, as Blender does not.
    """
    if data.startswith((b"II", b"MM")) or not any(mark in data for mark in _EXIF_MARKS):
        return UPRIGHT
    try:
        with open_with_pillow(data, "JPEG", "PNG", "WEBP") as image:
            value = image.getexif().get(_ORIENTATION_TAG, UPRIGHT)
    except ValueError:
        return UPRIGHT
    return value if value in range(1, 9) else UPRIGHT


def read_file_orientation(path: Path) -> int:
    """Return the EXIF orientation of an image file, as `read_orientation`; its pixels are not read. Raises OSError."""
    with open_input(path) as file:
        head = file.read(_HEAD_BYTES) or b""
    if head.startswith(b"RIFF") and head[12:16] == b"VP8X" and head[_WEBP_FLAGS_AT] & _WEBP_EXIF_FLAG:
        head = read_input(path, MAX_IMAGE_FILE_BYTES)
    return read_orientation(head)


def turn_upright(pixels: FramePixels, orientation: int) -> FramePixels:
    """Turn an image as it is meant.

    Parameters
    ----------
    pixels : ndarray, shape (H, W, 3), uint8 or uint16
        The image as it is stored.
    orientation : int
        Its EXIF orientation, 1 to 8; from 5 on width and height change places.

    Returns
    -------
    ndarray, shape (H, W, 3) or (W, H, 3), the same dtype
        The image upright, in C order.
    """
    turned: np.ndarray[Any, Any] = pixels.transpose(1, 0, 2) if orientation >= 5 else pixels
    if orientation in (2, 3, 6, 7):
        turned = turned[:, ::-1]
    if orientation in (3, 4, 7, 8):
        turned = turned[::-1]
    return cast("FramePixels", np.ascontiguousarray(turned))
