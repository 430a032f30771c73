# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenEXR files of frames: linear light in half floats, without loss beyond these.

The values of a frame are taken as coded by the sRGB curve, as they are where OpenEXR is read: what is written here is
read as the same frame again. Their primaries stay the clip's, and the file names them.
"""

from fractions import Fraction
from functools import cache

import numpy as np
import numpy.typing as npt

from ..face.types import Floats
from ..media.clip import FramePixels
from ..media.exr import decode_srgb
from .exr_channels import encode_exr_channels

# Red, green, blue and white as x and y, by the numbers of ISO/IEC 23091-2; what is not here is BT.709 in Blender too.
_D65 = (0.3127, 0.3290)
_BT709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, *_D65)
_CHROMATICITIES = {
    4: (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, 0.310, 0.316),
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *_D65),
    6: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    7: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65),
    11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *_D65),
}
_ACES_WHITE = (0.32168, 0.33767)
# Of colour spaces of Blender's, as SMPTE ST 2065-1 and S-2014-004 give those of ACES.
_SPACE_CHROMATICITIES = {
    "Linear Rec.709": _BT709,
    "Linear Rec.2020": _CHROMATICITIES[9],
    "Linear DCI-P3 D65": (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *_D65),
    "ACEScg": (0.713, 0.293, 0.165, 0.830, 0.128, 0.044, *_ACES_WHITE),
    "ACES2065-1": (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.0770, *_ACES_WHITE),
}


def encode_exr(
    pixels: FramePixels, *, primaries: int, pixel_aspect: Fraction | None = None, comment: str = ""
) -> bytes:
    """Return a frame as an OpenEXR file.

    Parameters
    ----------
    pixels : numpy.ndarray
        (H, W, 3) RGB of uint8 or uint16, display-coded.
    primaries : int
        Their number in ISO/IEC 23091-2.
    pixel_aspect : fractions.Fraction, optional
        Width of a pixel by its height.
    comment : str
        Kept in the file's metadata.
    """
    light = _half_table(pixels.dtype.name)
    colours = _CHROMATICITIES.get(primaries, _BT709)
    return _encode(light[np.asarray(pixels)], colours, pixel_aspect, comment)


def encode_light_exr(pixels: Floats, *, half: bool, space: str, comment: str = "") -> bytes:
    """Return a frame of light as an OpenEXR file.

    Parameters
    ----------
    pixels : ndarray, shape (H, W, 3), float32
        RGB as they are to be stored.
    half : bool
        Whether as half floats; see `is_half`.
    space : str
        The name of their colour space, for what the file says of their primaries.
    comment : str
        Kept in the file's metadata.

    Returns
    -------
    bytes
        The file.
    """
    if half:
        with np.errstate(over="ignore"):
            return _encode(pixels.astype("<f2"), _SPACE_CHROMATICITIES.get(space), None, comment)
    return _encode(pixels.astype("<f4"), _SPACE_CHROMATICITIES.get(space), None, comment)


def space_chromaticities(space: str) -> tuple[float, ...] | None:
    """Return red, green, blue and white as x and y of one of Blender's colour spaces; None where they are not known."""
    return _SPACE_CHROMATICITIES.get(space)


def is_half(pixels: Floats) -> bool:
    """Tell whether half floats hold all numbers of a frame exactly."""
    with np.errstate(over="ignore"):
        return bool(np.array_equal(pixels.astype(np.float16).astype(np.float32), pixels, equal_nan=True))


def _encode(
    light: "npt.NDArray[np.float16] | npt.NDArray[np.float32]",
    chromaticities: tuple[float, ...] | None,
    pixel_aspect: Fraction | None,
    comment: str,
) -> bytes:
    height, width = light.shape[:2]
    planes = {name: light[..., place] for place, name in enumerate("RGB")}
    return encode_exr_channels(
        (width, height), planes, chromaticities=chromaticities, pixel_aspect=pixel_aspect, comment=comment
    )


@cache
def _half_table(dtype: str) -> npt.NDArray[np.float16]:
    """Return the linear light of each value that a sample can have."""
    most = np.iinfo(np.dtype(dtype)).max
    return decode_srgb(np.arange(most + 1, dtype=np.float32) / np.float32(most)).astype("<f2")
