# SPDX-License-Identifier: GPL-3.0-or-later
"""What networks and people see of a frame: 8 bits, coded for a display."""

from typing import TYPE_CHECKING, cast

import numpy as np

from ..errors import ClipError
from ..face.types import Pixels
from ..media.clip import Clip, FramePixels
from ..media.light import exposure_stops, view_pixels
from ..media.light_space import LightSpace, light_space

if TYPE_CHECKING:
    import numpy.typing as npt

_BAND_SAMPLES = 1 << 20


def display_pixels(clip: Clip, pixels: FramePixels) -> Pixels:
    """Return what networks and people see of a frame of a clip.

    Parameters
    ----------
    clip : Clip
        The clip.
    pixels : ndarray, shape (H, W, 3), uint8, uint16 or float32
        What it reads.

    Returns
    -------
    ndarray, shape (H, W, 3), uint8
        RGB: 16 bits rounded to 8, what stands for light at the exposure of its view and through the curve of sRGB.
    """
    space = light_space(clip.source.reading)
    if space is None:
        return to_eight_bit(cast("npt.NDArray[np.uint8] | npt.NDArray[np.uint16]", pixels))
    light = space.to_light(pixels)
    return view_pixels(light, exposure_stops(light))


def require_light(clip: Clip) -> LightSpace:
    """Return the space of a clip whose numbers stand for light. Raises ClipError for any other clip."""
    space = light_space(clip.source.reading)
    if space is None:
        raise ClipError(f"{clip.info.path} does not hold light: it is coded for a display")
    return space


def to_eight_bit(pixels: "npt.NDArray[np.uint8] | npt.NDArray[np.uint16]") -> Pixels:
    """Reduce 16-bit pixels to 8 bits by rounding.

    Parameters
    ----------
    pixels : ndarray, any shape, uint8 or uint16
        The pixels; 65535 becomes 255.

    Returns
    -------
    ndarray, the same shape, uint8
        The pixels; those that are uint8 already as they are.
    """
    if pixels.dtype == np.uint8:
        return np.asarray(pixels, np.uint8)
    result = np.empty(pixels.shape, np.uint8)
    # A few rows at a time: the sums of a large image take four times its memory.
    rows = max(1, _BAND_SAMPLES // max(1, pixels[:1].size))
    for row in range(0, len(pixels), rows):
        result[row : row + rows] = (pixels[row : row + rows].astype(np.uint32) * 255 + 32767) // 65535
    return result
