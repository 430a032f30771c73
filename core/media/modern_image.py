# SPDX-License-Identifier: GPL-3.0-or-later
"""AVIF and HEIC images of people: what phones and browsers save. Blender's sequencer shows neither as an image."""

from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import numpy as np

from ..errors import ClipError
from ..filesystem import open_input, read_input
from .bounds import MAX_IMAGE_FILE_BYTES, require_image_size
from .clip import FramePixels
from .pillow_image import open_with_pillow

_AVIF_BRANDS = (b"avif", b"avis")
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")


def is_heif(path: Path) -> bool:
    """Whether the file's first bytes are those of an AVIF or HEIC image."""
    return bool(_brand(path))


def readable_heif_kinds() -> list[str]:
    """Return which of AVIF and HEIC what is installed can read."""
    from PIL import features

    has_heic = find_spec("pillow_heif") is not None
    return [kind for kind, is_read in (("AVIF", features.check("avif")), ("HEIC", has_heic)) if is_read]


def heif_reading(path: Path) -> str:
    """Return what keys name of how such an image is read: another release of its decoder may give other pixels."""
    from PIL import features

    if _brand(path) in _HEIC_BRANDS:
        return "heic"
    return f"avif {features.version('avif')}"


def decode_heif(path: Path) -> FramePixels:
    """Decode an AVIF or HEIC file.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    ndarray, shape (H, W, 3), uint8
        The image in sRGB, upright.

    Raises
    ------
    ClipError
        It can't be read, or not by what is installed.
    """
    from PIL import ImageCms, ImageOps, features

    if _brand(path) in _HEIC_BRANDS:
        _register_heic(path)
        kind = "HEIF"
    elif features.check("avif"):
        kind = "AVIF"
    else:
        raise ClipError(f"{path} is an AVIF image, which this Pillow can't read: save it as PNG or JPEG")
    try:
        data = read_input(path, MAX_IMAGE_FILE_BYTES)
        with open_with_pillow(data, kind) as image:
            width, height = image.size
            require_image_size(path, width, height, 3 * width * height, 10 * width * height, len(data))
            upright = ImageOps.exif_transpose(image)
            profile = image.info.get("icc_profile")
        shown = upright.convert("RGB")
        if profile:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            flags, intent = ImageCms.Flags.BLACKPOINTCOMPENSATION, ImageCms.Intent.RELATIVE_COLORIMETRIC
            srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
            shown = ImageCms.ImageCmsTransform(source, srgb, "RGB", "RGB", intent, flags=flags).apply(shown)
        return np.array(shown)
    except (OSError, ValueError) as fault:
        raise ClipError(f"{path} can't be read as an image; save it again as PNG or JPEG") from fault


def _register_heic(path: Path) -> None:
    try:
        import_module("pillow_heif").register_heif_opener()
    except ImportError as fault:
        raise ClipError(
            f"{path} is a HEIC image, which takes the library pillow-heif to read: save it as JPEG or PNG, "
            "or `pip install pillow-heif` beside the command line"
        ) from fault


def _brand(path: Path) -> bytes:
    """Return which of the two formats a file is of, by its brand; empty if it is of neither."""
    try:
        with open_input(path) as file:
            head = file.read(64) or b""
    except OSError:
        return b""
    if head[4:8] != b"ftyp":
        return b""
    brands = [
        head[8:12],
        *(head[at : at + 4] for at in range(16, min(int.from_bytes(head[:4], "big"), 64), 4)),
    ]
    for known in (_AVIF_BRANDS, _HEIC_BRANDS[:6], _HEIC_BRANDS):
        for brand in brands:
            if brand in known:
                return brand
    return b""
