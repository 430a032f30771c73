# SPDX-License-Identifier: GPL-3.0-or-later
"""Image files to pixels: with what their alpha hides, and as Blender's sequencer shows them."""

from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np

from ..errors import ClipError
from ..face.types import Floats
from ..filesystem import read_input
from .alpha import alpha_kind, lay_over_black, lay_premultiplied_over_black
from .animation import is_animated_webp
from .bounds import MAX_IMAGE_FILE_BYTES, require_image_size
from .clip import EIGHT_BITS, FramePixels
from .dpx import SIGNATURES as DPX_SIGNATURES
from .dpx import decode_dpx
from .exr import SIGNATURE as EXR_SIGNATURE
from .exr import decode_exr
from .file_status import require_file
from .float_tiff import decode_float_tiff
from .image_header import ImageHeader, read_image_header, strip_ancillary_chunks

# Blender shows an image as it is stored, whatever turn its EXIF data asks for.
_DECODE_FLAGS = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION

_BAND_BYTES = 1 << 22
"""How much of an image is turned from BGR to RGB at once: all of it would take its memory again."""


def decode_image(path: Path) -> FramePixels:
    """Decode a PNG, JPEG, TIFF, BMP, WebP, DPX or EXR file, without its alpha.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    ndarray, shape (H, W, 3), uint8 or uint16
        The image as it is stored, RGB. Floats are cut off to what is between 0 and 1, light is coded as sRGB.

    Raises
    ------
    ClipError
        It is missing, damaged, of another kind, or would take more memory than `bounds` allows: that is told from its
        header, before anything is allocated.
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
        if stored.startswith(DPX_SIGNATURES):
            codes = decode_dpx(path, stored)
            return _codes(lay_premultiplied_over_black(codes) if over_black else codes[..., :3])
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
        raise ClipError(
            f"{path} can't be read as an image of 8 or 16 bits or floats; save it again as PNG or TIFF"
        )
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
    _require_size(path, header, len(stored), has_alpha=alpha is not None)
    del stored
    pixels = _decode_stored(path, plain, header, keeps_alpha=alpha == "channel")
    if pixels is None or pixels.dtype not in (np.uint8, np.uint16) or pixels.ndim != 3:
        return None
    if alpha is not None:
        lay_over_black(pixels, header, plain)
    result = pixels if pixels.shape[2] == 3 else np.empty((*pixels.shape[:2], 3), pixels.dtype)
    rows = max(1, _BAND_BYTES // pixels[0].nbytes)
    for row in range(0, len(pixels), rows):
        result[row : row + rows] = pixels[row : row + rows, :, 2::-1].copy()
    return cast("FramePixels", result)


def decode_float_image(path: Path, stored: bytes) -> Floats:
    """Decode a TIFF file of floating point numbers.

    Parameters
    ----------
    path : pathlib.Path
        The file, for messages.
    stored : bytes
        Its bytes.

    Returns
    -------
    ndarray, shape (H, W, 3 or 4), float32
        BGR or BGRA as stored.

    Raises
    ------
    ClipError
        It is of another kind, damaged, or would take more memory than is allowed.
    """
    header = read_image_header(stored)
    if header is None or not header.has_floats:
        raise ClipError(f"{path} holds no floats, and its color space is one of light: choose another for it")
    _require_size(path, header, len(stored), has_alpha=True)
    pixels = _decode_floats(path, stored, header)
    if pixels is None:
        raise ClipError(f"{path} can't be read as an image of floats; save it again with 32 bits")
    return pixels


def _require_size(path: Path, header: ImageHeader, file_bytes: int, *, has_alpha: bool) -> None:
    """Raise ClipError where decoding an image would take more memory than is allowed."""
    working = header.working_bytes + (header.decoded_bytes * 4 // 3 if has_alpha else 0)
    if header.has_floats:
        working += header.decoded_bytes  # they become codes, or light
    require_image_size(path, header.width, header.height, header.decoded_bytes, working, file_bytes)


def _decode_stored(path: Path, plain: bytes, header: ImageHeader, *, keeps_alpha: bool) -> FramePixels | None:
    """Return an image as OpenCV gives it, BGR or BGRA, floats as codes of 16 bits; None where it can't be read."""
    if header.has_floats:
        floats = _decode_floats(path, plain, header)
        return None if floats is None else _codes(floats)
    _require_interleaved(path, header)
    _silence_opencv()
    # Not IMREAD_COLOR_RGB: with it OpenCV 4.11 scrambles 16-bit TIFF.
    flags = cv2.IMREAD_UNCHANGED if keeps_alpha else _DECODE_FLAGS
    return cast("FramePixels | None", cv2.imdecode(np.frombuffer(plain, np.uint8), flags))


def _decode_floats(path: Path, stored: bytes, header: ImageHeader) -> Floats | None:
    _require_interleaved(path, header)
    _silence_opencv()
    try:
        return decode_float_tiff(stored, header.bits)
    except cv2.error as fault:
        raise ClipError(f"{path} can't be read as an image; save it again as OpenEXR or TIFF") from fault


def _require_interleaved(path: Path, header: ImageHeader) -> None:
    """Raise ClipError for planes of more than 8 bits: OpenCV 4.11 scrambles them."""
    if header.has_planes and header.channels > 1 and header.bits > EIGHT_BITS:
        raise ClipError(f"{path} is a TIFF image with its channels apart; save it with interleaved channels")


def _codes(pixels: FramePixels) -> FramePixels:
    """Return floats as codes of 16 bits, cut off to what is between 0 and 1; whole numbers as they are."""
    if pixels.dtype != np.float32:
        return pixels
    result = np.empty(pixels.shape, np.uint16)
    rows = max(1, _BAND_BYTES // pixels[0].nbytes)
    for row in range(0, len(pixels), rows):
        shares = np.clip(np.nan_to_num(pixels[row : row + rows], nan=0.0, posinf=1.0, neginf=0.0), 0, 1)
        result[row : row + rows] = np.round(shares * np.float32(65535))
    return result
