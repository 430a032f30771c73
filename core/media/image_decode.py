# SPDX-License-Identifier: GPL-3.0-or-later
"""Image files to pixels: with what their alpha hides, and as Blender's sequencer shows them."""

from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np

from ..errors import ClipError
from ..filesystem import read_input
from .alpha import alpha_kind, lay_over_black
from .animation import is_animated_webp
from .bounds import MAX_IMAGE_FILE_BYTES, require_image_size
from .clip import FramePixels
from .exr import SIGNATURE as EXR_SIGNATURE
from .exr import decode_exr
from .file_status import require_file
from .image_header import read_image_header, strip_ancillary_chunks

# Blender shows an image as it is stored, whatever turn its EXIF data asks for.
_DECODE_FLAGS = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION

_BAND_BYTES = 1 << 22
"""How much of an image is turned from BGR to RGB at once: all of it would take its memory again."""


def decode_image(path: Path) -> FramePixels:
    """Decode a PNG, JPEG, TIFF, BMP, WebP or EXR file, without its alpha.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    ndarray, shape (H, W, 3), uint8 or uint16
        The image as it is stored, RGB.

    Raises
    ------
    ClipError
        It is missing, damaged, of another kind (floating point TIFF images among them), or would take more memory than
        `bounds` allows: that is told from its header, before anything is allocated.
    """
    return _decode(path, over_black=False)


def decode_over_black(path: Path) -> FramePixels:
    """Decode an image file with its alpha over black, as Blender's sequencer shows it.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    ndarray, shape (H, W, 3), uint8 or uint16
        The image as it is stored, RGB.

    Raises
    ------
    ClipError
        As for `decode_image`, and for an animated WebP file.
    """
    return _decode(path, over_black=True)


def hides_parts(path: Path) -> bool:
    """Whether an image's alpha hides something. Raises ClipError."""
    try:
        stored = read_input(path, MAX_IMAGE_FILE_BYTES)
    except OSError:
        return False  # said when it is decoded
    header = read_image_header(stored)
    if header is None or alpha_kind(header, stored) is None or is_animated_webp(stored):
        return False
    return not np.array_equal(decode_image(path), decode_over_black(path))


def _decode(path: Path, *, over_black: bool) -> FramePixels:
    require_file(path)
    try:
        stored = read_input(path, MAX_IMAGE_FILE_BYTES)
        if stored.startswith(EXR_SIGNATURE):
            return decode_exr(path, stored)
        if over_black and is_animated_webp(stored):
            raise ClipError(
                f"{path} is an animated WebP file, which Blender's sequencer shows as nothing: "
                "convert it to a movie or to PNG images"
            )
        pixels = _decode_rgb(path, stored, over_black=over_black)
    except (OSError, cv2.error) as fault:
        raise ClipError(f"{path} can't be read as an image; save it again as PNG or TIFF") from fault
    except MemoryError as fault:
        raise ClipError(f"there is not enough memory to decode {path}; make it smaller") from fault
    if pixels is None:
        raise ClipError(f"{path} can't be read as an 8 or 16-bit image; save it again as PNG or TIFF")
    return pixels


def _silence_opencv() -> None:
    """Keep OpenCV from printing: what it finds wrong is reported as an error. The level is the whole process's."""
    # OpenCV 4.11 has the function at the top, 4.14 in a module of its own.
    module: Any = cv2 if hasattr(cv2, "setLogLevel") else vars(cv2.utils)["logging"]
    module.setLogLevel(0)


def _decode_rgb(path: Path, stored: bytes, *, over_black: bool) -> FramePixels | None:
    """Return an image as RGB, or None. Raises OSError, cv2.error and ClipError."""
    header, plain = read_image_header(stored), strip_ancillary_chunks(stored)
    if header is None or plain is None:
        return None
    alpha = alpha_kind(header, plain) if over_black else None
    extra = 0 if alpha is None else header.decoded_bytes * 4 // 3
    require_image_size(
        path,
        header.width,
        header.height,
        header.decoded_bytes,
        header.working_bytes + extra,
        len(stored),
    )
    del stored
    _silence_opencv()
    # Not IMREAD_COLOR_RGB: with it OpenCV 4.11 scrambles 16-bit TIFF.
    flags = cv2.IMREAD_UNCHANGED if alpha == "channel" else _DECODE_FLAGS
    pixels = cast("FramePixels | None", cv2.imdecode(np.frombuffer(plain, np.uint8), flags))
    if pixels is None or pixels.dtype not in (np.uint8, np.uint16) or pixels.ndim != 3:
        return None
    if alpha is not None:
        lay_over_black(pixels, header, plain)
    result = pixels if pixels.shape[2] == 3 else np.empty((*pixels.shape[:2], 3), pixels.dtype)
    rows = max(1, _BAND_BYTES // pixels[0].nbytes)
    for row in range(0, len(pixels), rows):
        result[row : row + rows] = pixels[row : row + rows, :, 2::-1].copy()
    return cast("FramePixels", result)
