# SPDX-License-Identifier: GPL-3.0-or-later
"""The view of linear, logarithmic and HDR footage that networks see.

The numbers are brought to linear light with Rec.709 primaries, to the exposure that the frame asks for, and through
the curve of sRGB: what is then between 0 and 1 is the view. What lies beyond is cut off in the view alone, and given
back to whatever is made of it.
"""

import math
from functools import lru_cache

import cv2
import numpy as np

from ..face.types import Floats, Pixels
from .exr import decode_srgb, encode_srgb

VERSION = 4
"""Of the view: a part of what frames are known by."""
GREY = 0.18
"""The light that a frame's middle brightness is brought near to, as a light meter does."""
_STEP_STOPS = 3
"""Exposure has whole steps, so that it does not change from frame to frame: normal footage stays as it is."""
FACE_STOPS_STEP = 1 / 64
"""Of the exposures of faces: too small to be seen."""
_PLATEAU_STOPS = 0.75
"""Faces that are at most so far from a whole step are seen at that step: one that is near to grey as with 8 bits.

Tuned on seven clips: of all but the one in the dark, 98 % of a face's values are within 1.5 of 255 of those in 8 bits.
More would make exposure more than twice as steep as the light between two steps."""
_MAX_STOPS = 30
_HALF_LEVEL = 127
_SHADOW_SHARE = 1 / 64
_HIGHLIGHT_PERCENT = 99
_MAX_CUT_SHARE = 0.05
"""Of a frame's pixels: where its view would cut off more of them, it is brightened by a step less. Its face would be
among them where a dark border, or a dark room, makes up more than half of the frame."""
_SAMPLE_STEP = 4
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
_DARKEST, _DARK = GREY * 2**-9.0, GREY * 2**-4.5
"""Of what a view hardly shows as it is, but at twice a step more. What is darker still is black, or noise."""
_STEPS = 257
"""Of 16 bits in one level of 255."""


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
    return _limit_stops(np.log2(GREY / float(np.median(luminance[bright]))))


def face_stops(light: Floats, within: Pixels) -> float:
    """Return by how many stops light is to be brightened so that a face in it is about as bright as grey.

    What counts is the middle half of its luminances, on a scale of stops: neither shine nor beard, hair or glasses. The
    exposure stays at the whole steps that frames have, and goes straight on between them: so a normal face is seen as
    in a clip of 8 bits, and yet a face whose light changes by and by has no step.

    Parameters
    ----------
    light : ndarray, shape (h, w, 3), float32
        Linear light with Rec.709 primaries.
    within : ndarray, shape (h, w), uint8
        255 where the face is.

    Returns
    -------
    float
        In steps of `FACE_STOPS_STEP`; 0 for a face without light.
    """
    luminance = np.sort(light[within > _HALF_LEVEL] @ _LUMINANCE)
    middle = luminance[len(luminance) // 4 : len(luminance) - len(luminance) // 4]
    middle = middle[middle > 0]
    if not middle.size:
        return 0.0
    exact = float(np.log2(GREY) - np.log2(middle, dtype=np.float64).mean())
    step = _nearest_step(exact)
    beyond = max(0.0, abs(exact - step) - _PLATEAU_STOPS)
    slope = _STEP_STOPS / (_STEP_STOPS - 2 * _PLATEAU_STOPS)
    return step_stops(step + math.copysign(beyond * slope, exact - step))


def step_stops(stops: float) -> float:
    """Return the exposure of a face in whole steps, too small to be seen, within what is possible.

    So it is the same where sums are rounded otherwise, and footage that is whole stops brighter has the same view.
    """
    return _limit_stops(round(stops / FACE_STOPS_STEP) * FACE_STOPS_STEP)


def _nearest_step(stops: float) -> int:
    return _STEP_STOPS * round(stops / _STEP_STOPS)


def _limit_stops(stops: float) -> float:
    return float(np.clip(stops, -_MAX_STOPS, _MAX_STOPS))


def exposure_stops(light: Floats) -> int:
    """Return the exposure of a frame's view, in stops: its `mean_stops` in whole steps, see `whole_stops`."""
    return whole_stops(light, mean_stops(light))


def whole_stops(light: Floats, stops: float) -> int:
    """Return the exposure of a frame's view of which the exact one is known.

    Parameters
    ----------
    light : ndarray, shape (H, W, 3), float32
        Linear light with Rec.709 primaries.
    stops : float
        Its `mean_stops`.

    Returns
    -------
    int
        That to the nearest whole step; of a frame that is brightened, one step less where too much of it would be cut
        off.
    """
    whole = _nearest_step(stops)
    if whole > 0:
        brightest = light[::_SAMPLE_STEP, ::_SAMPLE_STEP].max(2) * np.float32(2.0**whole)
        if (brightest > 1).mean() > _MAX_CUT_SHARE:
            return whole - _STEP_STOPS
    return whole


def further_stops(light: Floats, stops: int, dark_share: float, cut_share: float) -> tuple[int, ...]:
    """Return at which other exposures a frame is to be looked at too, to find faces that its view hardly shows.

    Parameters
    ----------
    light : ndarray, shape (H, W, 3), float32
        Linear light with Rec.709 primaries.
    stops : int
        The exposure of its view.
    dark_share, cut_share : float
        How much of the frame has to be as good as black there, or cut off, 0 to 1.

    Returns
    -------
    tuple of int
        In stops; none where the view does.
    """
    luminance = light[::_SAMPLE_STEP, ::_SAMPLE_STEP] @ _LUMINANCE * np.float32(2.0**stops)
    dark = (luminance > _DARKEST) & (luminance < _DARK)
    steps = (
        (2 * _STEP_STOPS, dark.mean() >= dark_share),
        (-_STEP_STOPS, (luminance > 1).mean() >= cut_share),
    )
    return tuple(stops + step for step, is_wanted in steps if is_wanted)


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


def light_of_view(levels: Floats, excess: Floats | None, stops: float) -> Floats:
    """Return the light of what was made of a view.

    Parameters
    ----------
    levels : ndarray, shape (h, w, 3), float32
        RGB of the view, in levels.
    excess : ndarray, shape (h, w, 3), float32, or None
        What the view cut off there; None for nothing.
    stops : float
        The view's exposure.

    Returns
    -------
    ndarray, the same shape, float32
        Linear light with Rec.709 primaries, at the footage's own exposure.
    """
    # By a table of 16 bits: the power of the curve takes ten times as long.
    light = _light_table().take(np.asarray(np.rint(levels * np.float32(_STEPS)), np.uint16), mode="wrap")
    if excess is not None:
        light += excess
    if stops:
        light *= np.float32(2.0**-stops)
    return light


@lru_cache(1)
def _light_table() -> Floats:
    """Return the light of each value that 16 bits of the curve of sRGB have."""
    return decode_srgb(np.arange(1 << 16, dtype=np.float32) / np.float32(255 * _STEPS))
