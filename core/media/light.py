# SPDX-License-Identifier: GPL-3.0-or-later
"""Scene-linear footage: what its numbers mean, and the view of it that networks see.

The numbers of an OpenEXR strip mean what the strip's colour space says. They are brought to linear light with Rec.709
primaries, to the exposure that the frame asks for, and through the curve of sRGB: what is then between 0 and 1 is the
view. What lies beyond is cut off in the view alone, and given back to whatever is made of it.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from ..errors import ClipError
from ..face.types import Floats, Pixels
from .exr import decode_srgb, encode_srgb
from .source import LIGHT_READING

VERSION = 1
"""Of the view: a part of what frames are known by."""
GREY = 0.18
"""The light that a frame's middle brightness is brought near to, as a light meter does."""
_STEP_STOPS = 3
"""Exposure has whole steps, so that it does not change from frame to frame: normal footage stays as it is."""
_MAX_STOPS = 30
_SHADOW_SHARE = 1 / 64
_HIGHLIGHT_PERCENT = 99
_SAMPLE_STEP = 4
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
_MAX_HALF = 65504.0
_STEPS = 257
"""Of 16 bits in one level of 255."""
# To linear Rec.709, as the configuration of Blender 5.0 has it (datafiles/colormanagement/config.ocio).
_MATRICES = {
    "Linear Rec.709": None,
    "scene_linear": None,
    "ACEScg": (
        (1.7050509, -0.6217921, -0.0832589),
        (-0.1302564, 1.1408048, -0.0105483),
        (-0.0240034, -0.128969, 1.1529723),
    ),
    "ACES2065-1": (
        (2.5216861, -1.134131, -0.3875552),
        (-0.2764799, 1.372719, -0.0962391),
        (-0.0153781, -0.1529754, 1.1683534),
    ),
    "Linear Rec.2020": (
        (1.6604909, -0.5876412, -0.0728499),
        (-0.1245504, 1.1328999, -0.0083493),
        (-0.0181508, -0.1005789, 1.1187297),
    ),
    "Linear DCI-P3 D65": (
        (1.2249402, -0.2249402, 0.0),
        (-0.0420569, 1.0420569, 0.0),
        (-0.0196376, -0.0786361, 1.0982736),
    ),
    "Linear CIE-XYZ D65": (
        (3.2409699, -1.5373832, -0.4986108),
        (-0.9692436, 1.8759675, 0.0415551),
        (0.0556301, -0.203977, 1.0569715),
    ),
    "Linear CIE-XYZ E": (
        (3.1467516, -1.6663892, -0.4802036),
        (-0.9955119, 1.9557183, 0.0397707),
        (0.0635826, -0.2145451, 1.1507225),
    ),
    "Linear FilmLight E-Gamut": (
        (1.9072481, -0.6929666, -0.2142817),
        (-0.1624979, 1.3766553, -0.2141574),
        (-0.127593, -0.2352385, 1.3628315),
    ),
}


@dataclass(frozen=True)
class LightSpace:
    """A scene-linear colour space.

    Attributes
    ----------
    name : str
        As Blender calls it.
    """

    name: str

    def to_light(self, pixels: Floats) -> Floats:
        """Return linear light with Rec.709 primaries.

        Parameters
        ----------
        pixels : ndarray, shape (h, w, 3), float32
            As stored.

        Returns
        -------
        ndarray, shape (h, w, 3), float32
            What is no number is 0, what is infinite the largest half float. It may be `pixels` itself.
        """
        # To look for them first takes a thirtieth of the time.
        if not np.isfinite(pixels).all():
            pixels = np.nan_to_num(pixels, nan=0.0, posinf=_MAX_HALF, neginf=-_MAX_HALF)
        return self._transform(pixels, inverse=False)

    def from_light(self, light: Floats) -> Floats:
        """Undo `to_light`."""
        return self._transform(light, inverse=True)

    def _transform(self, pixels: Floats, *, inverse: bool) -> Floats:
        matrix = _matrix(self.name, inverse=inverse)
        if matrix is None or not pixels.size:
            return pixels
        return np.asarray(cv2.transform(np.ascontiguousarray(pixels), matrix), np.float32)


@lru_cache
def _matrix(name: str, *, inverse: bool) -> Floats | None:
    """Return the (3, 3) matrix of a space to linear Rec.709, or back; None where there is nothing to do."""
    rows = _MATRICES[name]
    if rows is None:
        return None
    matrix = np.array(rows, np.float64)
    return np.asarray(np.linalg.inv(matrix) if inverse else matrix, np.float32)


def light_space(reading: str) -> LightSpace | None:
    """Return the space of a clip by its `ClipSource.reading`; None for clips that are coded for a display.

    Raises ClipError for a space that is not known.
    """
    kind, _, name = reading.partition(" ")
    if kind != LIGHT_READING:
        return None
    if name not in _MATRICES:
        raise ClipError(
            f"OpenEXR images in the color space {name} can't be read: choose a linear one for the strip, "
            "such as Linear Rec.709 or ACEScg"
        )
    return LightSpace(name)


def mean_stops(light: Floats) -> float:
    """Return by how many stops light is to be brightened so that its middle brightness is grey.

    Parameters
    ----------
    light : ndarray, shape (H, W, 3), float32
        Linear light with Rec.709 primaries.

    Returns
    -------
    float
        In stops; 0 for a frame without light.
    """
    luminance = light[::_SAMPLE_STEP, ::_SAMPLE_STEP] @ _LUMINANCE
    luminance = luminance[luminance > 0]
    if not luminance.size:
        return 0.0
    # Neither letter boxes nor the dark around a stage are what the frame is about.
    bright = luminance > np.percentile(luminance, _HIGHLIGHT_PERCENT) * _SHADOW_SHARE
    return float(np.clip(np.log2(GREY / float(np.median(luminance[bright]))), -_MAX_STOPS, _MAX_STOPS))


def exposure_stops(light: Floats) -> int:
    """Return the exposure of a frame's view, in stops: `mean_stops` to the nearest whole step."""
    return _STEP_STOPS * round(mean_stops(light) / _STEP_STOPS)


def view_levels(light: Floats) -> Floats:
    """Return the view of light that has its exposure: float32 in levels, 0 to 255."""
    return np.asarray(encode_srgb(light) * np.float32(255), np.float32)


def view_pixels(light: Floats, stops: float) -> Pixels:
    """Return the view of a frame's light with 8 bits.

    Parameters
    ----------
    light : ndarray, shape (H, W, 3), float32
        Linear light with Rec.709 primaries.
    stops : float
        The view's exposure.

    Returns
    -------
    ndarray, shape (H, W, 3), uint8
        RGB, coded as sRGB.
    """
    # By way of half floats: a table is ten times as fast as the curve. OpenCV rounds to them as NumPy does, which takes
    # ninety times as long.
    exposed = light * np.float32(2.0**stops)
    np.clip(exposed, 0, 2, out=exposed)
    return _view_table()[cv2.convertFp16(exposed).view(np.uint16)]


@lru_cache(1)
def _view_table() -> Pixels:
    """Return the view of each half float."""
    values = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float32)
    return np.rint(view_levels(values)).astype(np.uint8)


def excess_light(light: Floats) -> Floats:
    """Return what the view cuts off of light that has its exposure: highlights above 1 and values below 0.

    Parameters
    ----------
    light : ndarray, shape (h, w, 3), float32
        Linear light with Rec.709 primaries.

    Returns
    -------
    ndarray, the same shape, float32
        0 where the view shows all.
    """
    return np.asarray(light - np.clip(light, 0, 1), np.float32)


def light_of_view(levels: Floats, excess: Floats | None, stops: int) -> Floats:
    """Return the light of what was made of a view.

    Parameters
    ----------
    levels : ndarray, shape (h, w, 3), float32
        RGB of the view, in levels.
    excess : ndarray, shape (h, w, 3), float32, or None
        What the view cut off there; None for nothing.
    stops : int
        The view's exposure.

    Returns
    -------
    ndarray, the same shape, float32
        Linear light with Rec.709 primaries, at the footage's own exposure.
    """
    # By a table of 16 bits: the power of the curve takes ten times as long.
    light = _light_table().take(np.asarray(np.rint(levels * np.float32(_STEPS)), np.uint16))
    if excess is not None:
        light += excess
    if stops:
        light *= np.float32(2.0**-stops)
    return light


@lru_cache(1)
def _light_table() -> Floats:
    """Return the light of each value that 16 bits of the curve of sRGB have."""
    return decode_srgb(np.arange(1 << 16, dtype=np.float32) / np.float32(255 * _STEPS))
