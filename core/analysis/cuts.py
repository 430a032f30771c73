# SPDX-License-Identifier: GPL-3.0-or-later
"""Find where a clip cuts: a frame that differs from the one before it far more than its neighbours do from theirs."""

import math
from collections.abc import Mapping
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from ..face.types import Floats, Pixels

FRAME_THUMBNAIL_SIZE = (32, 18)
"""Width and height of what a frame looks like from afar."""
_MIN_DIFFERENCE = 0.075
_NEIGHBOUR_RATIO = 2.6
_BIN_COUNT = 8


def frame_thumbnail(frame: "npt.NDArray[np.uint8] | npt.NDArray[np.uint16]") -> Pixels:
    """Reduce a frame to what it looks like from afar.

    Parameters
    ----------
    frame : ndarray, shape (H, W, 3), uint8 or uint16
        An RGB frame.

    Returns
    -------
    ndarray, shape (18, 32, 3), uint8
        The frame's thumbnail, RGB.
    """
    step = thumbnail_step(frame.shape)
    thin = np.ascontiguousarray(frame[::step, ::step])
    small = cv2.resize(thin, FRAME_THUMBNAIL_SIZE, interpolation=cv2.INTER_AREA)
    return np.asarray(small if small.dtype == np.uint8 else small // 257, np.uint8)


def thumbnail_step(shape: tuple[int, ...]) -> int:
    """Return every how many rows and columns of a frame (H, W, 3) its thumbnail is made of.

    Of these alone it is the same.
    """
    # Taking every n-th pixel first makes this cheap; what aliases is alike in frames that are alike.
    return max(min(shape[0] // (4 * FRAME_THUMBNAIL_SIZE[1]), shape[1] // (4 * FRAME_THUMBNAIL_SIZE[0])), 1)


def thumbnail_difference(thumbnail: Pixels, other: Pixels) -> float:
    """Return how much two frames differ by their looks: by place, and by how much there is of each colour.

    Both count: a camera that pans changes every place and keeps its colours, a light that is switched changes the
    colours and keeps the places' order.

    Parameters
    ----------
    thumbnail, other : ndarray, shape (18, 32, 3), uint8
        What `frame_thumbnail` gives, RGB.

    Returns
    -------
    float
        0 (alike) to 1.
    """
    return _difference_of_bytes(thumbnail.tobytes(), other.tobytes())


@lru_cache(maxsize=256)
def _difference_of_bytes(thumbnail: bytes, other: bytes) -> float:
    """Two neighbours are compared for every frame near them: remembered, that costs nothing after the first time."""
    (places, colours), (other_places, other_colours) = _look(thumbnail), _look(other)
    by_place = float(np.abs(places - other_places).mean())
    by_colour = float(np.abs(colours - other_colours).sum()) / 2
    return math.sqrt(by_place * by_colour)


@lru_cache(maxsize=8)
def _look(thumbnail: bytes) -> tuple[Floats, Floats]:
    """Return what a frame is compared by with the one before it and the one after it."""
    pixels = np.frombuffer(thumbnail, np.uint8).reshape(FRAME_THUMBNAIL_SIZE[1], FRAME_THUMBNAIL_SIZE[0], 3)
    return _subtract_brightness(pixels), _colour_histogram(pixels)


def is_cut(number: int, thumbnails: Mapping[int, Pixels]) -> bool:
    """Tell whether a new shot begins at a frame. The result depends on the frames beside it alone.

    Parameters
    ----------
    number : int
        The frame's number in its clip.
    thumbnails : mapping of int to ndarray, shape (18, 32, 3), uint8
        What `frame_thumbnail` gives, by the frame's number, from two before to one after `number`. Those that are
        missing, at a clip's ends, are not needed.

    Returns
    -------
    bool
        Whether the frame belongs to another shot than the one before it.
    """
    here, before = thumbnails.get(number), thumbnails.get(number - 1)
    if here is None or before is None:
        return False
    jump = thumbnail_difference(before, here)
    if jump <= _MIN_DIFFERENCE:
        return False
    others = [
        thumbnail_difference(thumbnails[first], thumbnails[first + 1])
        for first in (number - 2, number)
        if first in thumbnails and first + 1 in thumbnails
    ]
    return jump > _NEIGHBOUR_RATIO * max(others, default=0.0)


def _subtract_brightness(thumbnail: Pixels) -> Floats:
    """Take the frame's mean brightness out: a fade or a flash is no cut."""
    values = thumbnail.astype(np.float32) / 255
    return np.asarray(values - values.mean((0, 1)), np.float32)


def _colour_histogram(thumbnail: Pixels) -> Floats:
    """Count a look's colours in 8 steps a channel: (8, 8, 8), sum 1, spread a little into the steps beside."""
    red, green, blue = (thumbnail.reshape(-1, 3) // (256 // _BIN_COUNT)).astype(np.intp).T
    counts = np.bincount((red * _BIN_COUNT + green) * _BIN_COUNT + blue, minlength=_BIN_COUNT**3)
    soft = counts.reshape(_BIN_COUNT, _BIN_COUNT, _BIN_COUNT).astype(np.float32)
    for _ in range(3):
        below, above = np.concatenate((soft[:1], soft[:-1])), np.concatenate((soft[1:], soft[-1:]))
        soft = ((below + 2 * soft + above) / 4).transpose(1, 2, 0)
    return np.asarray(soft / soft.sum(), np.float32)
