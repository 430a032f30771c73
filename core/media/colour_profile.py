# SPDX-License-Identifier: GPL-3.0-or-later
"""ICC profiles of images: what their numbers look like, in sRGB. LittleCMS does it, which Pillow carries."""

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ClipError
from .clip import FramePixels
from .pillow_image import open_with_pillow

if TYPE_CHECKING:
    from PIL import ImageCms

_PROFILE_MARKS = (b"ICC_PROFILE", b"iCCP", b"ICCP")
_MAX_PROFILE_BYTES = 1 << 24
_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
_BAND_BYTES = 1 << 22
_SAME_LEVELS = 1
"""A profile that moves no colour by more is taken for sRGB's own, of which there are many: nothing is converted."""


def read_profile(data: bytes) -> bytes:
    """Return the ICC profile in an image file's bytes; empty where it has none but sRGB's."""
    if not data.startswith((b"II", b"MM")) and not any(mark in data for mark in _PROFILE_MARKS):
        return b""
    try:
        with open_with_pillow(data, "JPEG", "PNG", "WEBP", "TIFF") as image:
            profile, mode = image.info.get("icc_profile") or b"", image.mode
    except ValueError:
        return b""
    if not isinstance(profile, bytes) or len(profile) > _MAX_PROFILE_BYTES:
        return b""
    return profile if _changes_colours(profile, mode) else b""


def convert_to_srgb(pixels: FramePixels, profile: bytes) -> FramePixels:
    """Convert the pixels of a colour profile to sRGB.

    Parameters
    ----------
    pixels : ndarray, shape (H, W, 3), uint8 or uint16
        RGB as the profile means it; those of a grey profile have three equal channels.
    profile : bytes
        The ICC profile.

    Returns
    -------
    ndarray, shape (H, W, 3), uint8
        The pixels in sRGB.
    """
    from PIL import Image

    transform = _transform(profile)
    grey = transform.input_mode == "L"
    result = np.empty(pixels.shape, np.uint8)
    rows = max(1, _BAND_BYTES // pixels[0].nbytes)
    for row in range(0, len(pixels), rows):
        band = _to_eight_bit(pixels[row : row + rows])
        image = Image.fromarray(np.ascontiguousarray(band[..., 0] if grey else band))
        result[row : row + rows] = np.asarray(transform.apply(image))
    return result


def decode_cmyk(data: bytes, profile: bytes) -> FramePixels | None:
    """Decode an image file of four inks.

    Parameters
    ----------
    data : bytes
        The file's bytes.
    profile : bytes
        Its ICC profile.

    Returns
    -------
    ndarray, shape (H, W, 3), uint8, or None
        The image in sRGB; None if it is of another kind.

    Raises
    ------
    ClipError
        It can't be read.
    """
    transform = _transform(profile)
    if transform.input_mode != "CMYK":
        return None
    try:
        with open_with_pillow(data, "JPEG", "TIFF") as image:
            return np.array(transform.apply(image)) if image.mode == "CMYK" else None
    except ValueError as fault:
        raise ClipError("it can't be read as a CMYK image; save it again as PNG") from fault


def profile_reading() -> str:
    """Return what a key names where a profile counts: another release of LittleCMS may give other pixels."""
    from PIL import features

    return f"profile lcms {features.version('littlecms2')}"


def _changes_colours(profile: bytes, mode: str) -> bool:
    from PIL import Image, ImageCms

    try:
        transform = _transform(profile)
        if transform.input_mode == "CMYK":
            return mode == "CMYK"
        if transform.input_mode == "L" and not mode.startswith(("L", "I", "1")):
            return False
        steps = np.linspace(0, 255, 16 if transform.input_mode == "RGB" else 256).astype(np.uint8)
        colours = steps[None, :]
        if transform.input_mode == "RGB":
            colours = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(1, -1, 3)
        shown = np.asarray(transform.apply(Image.fromarray(colours))).astype(int)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return False  # damaged, or of a kind that says nothing of these numbers
    stored = colours.astype(int).reshape(*colours.shape[:2], -1)
    return bool(np.abs(shown - stored).max() > _SAME_LEVELS)


def _transform(profile: bytes) -> "ImageCms.ImageCmsTransform":
    """Return what converts a profile's numbers to sRGB as browsers do. Raises PyCMSError, OSError or ValueError."""
    from PIL import ImageCms

    source = ImageCms.ImageCmsProfile(BytesIO(profile))
    mode = _MODES.get(str(source.profile.xcolor_space).strip())
    if mode is None:
        raise ValueError("a profile of other channels")
    return ImageCms.ImageCmsTransform(
        source,
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
        mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )


def _to_eight_bit(pixels: FramePixels) -> FramePixels:
    if pixels.dtype == np.uint8:
        return pixels
    return ((pixels.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
