# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of people: read as every image viewer shows them, upright and in sRGB.

An image that says nothing of its orientation or colours is read as it would be for a clip, and kept under the same
keys.
"""

from pathlib import Path

from ..errors import ClipError
from .clip import Clip, FramePixels
from .colour_profile import convert_to_srgb, decode_cmyk, profile_reading, read_profile
from .file_status import read_image_file, require_file
from .image_clip import ImageClip, is_image
from .image_decode import decode_image
from .modern_image import decode_heif, heif_reading, is_heif
from .open import open_clip
from .orientation import UPRIGHT, read_orientation, turn_upright
from .source import ClipSource

UPRIGHT_READING = "upright"


def is_source_image(path: Path) -> bool:
    """Whether the file's first bytes are those of an image format that is read for people."""
    return is_image(path) or is_heif(path)


def foreign_file_text(path: Path) -> str:
    """Say of a file that `is_source_image` does not know what to use instead."""
    return f"{path} is not an image: use a PNG, JPEG, TIFF, BMP, WebP, OpenEXR, DPX or AVIF file"


def unusable_image_text(path: Path, error: ClipError) -> str:
    """Say why an image can't be used, with its name once."""
    reason = str(error)
    if reason.startswith(f"{path} "):
        reason = f"it{reason[len(str(path)) :]}"
    return f"can't use the image {path.name}: {reason}"


def source_image(path: Path) -> ClipSource:
    """Return an image file and how it is read, see `ClipSource`. Raises ClipError."""
    if is_heif(path):
        return ClipSource(True, (path,), heif_reading(path))
    if not is_image(path):
        return ClipSource(True, (path,))
    data = read_image_file(path)
    words = [UPRIGHT_READING] if read_orientation(data) != UPRIGHT else []
    if read_profile(data):
        words.append(profile_reading())
    return ClipSource(True, (path,), " ".join(words))


def open_source_image(source: ClipSource) -> Clip:
    """Open an image as `source_image` returned it. Raises ClipError."""
    path = source.paths[0]
    if is_heif(path):
        return ImageClip([path], "picture", source.reading, decode_heif)
    if source.reading:
        return ImageClip([path], "picture", source.reading, _decode)
    if is_image(path):
        return ImageClip([path], "picture", "", decode_image)
    require_file(path)
    try:
        return open_clip(path)  # as a movie, of which the first frame counts
    except ClipError as error:
        if isinstance(error.__cause__, OSError | MemoryError):
            raise
        raise ClipError(foreign_file_text(path)) from error


def _decode(path: Path) -> FramePixels:
    """Decode an image file to (H, W, 3) sRGB as it is meant. Raises ClipError."""
    data = read_image_file(path)
    profile = read_profile(data)
    pixels = decode_image(path)
    if profile:
        inks = decode_cmyk(data, profile)
        pixels = convert_to_srgb(pixels, profile) if inks is None else inks
    return turn_upright(pixels, read_orientation(data))
