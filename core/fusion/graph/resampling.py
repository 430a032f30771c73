# SPDX-License-Identifier: GPL-3.0-or-later
"""What OpenCV's resampling and blurs multiply pixels with, as matrices and taps that a graph takes as inputs.

A reduction or a blur of a picture is `rows @ picture @ columns`; an enlargement takes a few neighbours ("taps") of
each pixel. OpenCV computes pictures of whole levels with whole weights and rounds at certain places: these are the
same weights, so a graph that rounds there too gives the same levels.

Source: OpenCV 4.11, modules/imgproc/src/resize.cpp and smooth.dispatch.cpp, for the weights and where they are
rounded.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from ...face import Floats

Exact = npt.NDArray[np.float64]

LEVELS = 2048
"""What the weights of an enlargement of whole levels add up to."""
BLUR_LEVELS = 256
"""What the weights of a blur of whole levels add up to."""
_CUBIC = -0.75


@dataclass(frozen=True, eq=False)
class Taps:
    """What each of n pixels along one axis is made from."""

    places: npt.NDArray[np.int32]
    """(k, n): which source pixels."""
    weights: Floats
    """(k, n) float32: how much of each."""


@lru_cache(maxsize=64)
def area(source: int, size: int) -> Floats:
    """Return (size, source) float32: the reduction that `cv2.INTER_AREA` makes along one axis."""
    one = np.eye(source, dtype=np.float32)
    return np.asarray(cv2.resize(one, (source, size), interpolation=cv2.INTER_AREA), np.float32)


@lru_cache(maxsize=64)
def low_pass(size: int, spread: float) -> Floats:
    """Return (size, size) float32: the Gaussian blur of floats along one axis, black beyond its ends."""
    kernel = cv2.getGaussianKernel(round(spread * 4 * 2 + 1) | 1, spread, cv2.CV_32F)
    one = np.eye(size, dtype=np.float32)
    alone = np.ones(1, np.float32)
    return np.asarray(cv2.sepFilter2D(one, -1, alone, kernel, borderType=cv2.BORDER_CONSTANT), np.float32)


@lru_cache(maxsize=64)
def level_blur(size: int, spread: float) -> Floats:
    """Return (size, size) float32: the blur of whole levels along one axis, mirrored at its ends; rows sum to 256."""
    one, alone = np.eye(size), np.ones(1)
    kernel = level_kernel(spread)
    drawn = cv2.sepFilter2D(one, -1, alone, kernel, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(drawn, np.float32)


def level_kernel(spread: float) -> Exact:
    """Return the whole weights (k,) of a Gaussian blur of whole levels. What rounding one leaves goes to the next."""
    count = round(spread * 3 * 2 + 1) | 1
    exact = cv2.getGaussianKernel(count, spread, cv2.CV_64F)[:, 0] * BLUR_LEVELS
    kernel, left = np.zeros(count), 0.0
    for index in range(count // 2):
        wanted = float(exact[index]) + left
        kernel[index] = kernel[-1 - index] = round(wanted)
        left = wanted - float(kernel[index])
    kernel[count // 2] = BLUR_LEVELS - kernel.sum()
    return kernel


@lru_cache(maxsize=64)
def linear(source: int, size: int, *, levels: bool = False) -> Taps:
    """Return the two taps of `cv2.INTER_LINEAR` for floats; with `levels` as whole weights of 2048."""
    place, share = _between(source, size, rounded=levels or not cv2.ipp.useIPP())
    return _taps(place, np.stack([1 - share, share]) * (LEVELS if levels else 1), source, whole=levels)


@lru_cache(maxsize=64)
def cubic(source: int, size: int) -> Taps:
    """Return the four taps of `cv2.INTER_CUBIC` as weights of 2048."""
    own = not cv2.ipp.useIPP()
    place, share = _between(source, size, rounded=own)
    near = ((_CUBIC + 2) * share - (_CUBIC + 3)) * share * share + 1
    far = ((_CUBIC * (share + 1) - 5 * _CUBIC) * (share + 1) + 8 * _CUBIC) * (share + 1) - 4 * _CUBIC
    back = 1 - share
    other = ((_CUBIC + 2) * back - (_CUBIC + 3)) * back * back + 1
    weights = np.stack([far, near, other, 1 - far - near - other]) * LEVELS
    return _taps(place - 1, weights, source, whole=own)


def _between(source: int, size: int, *, rounded: bool) -> tuple[npt.NDArray[np.int64], Exact]:
    """Return which source pixel lies before each of `size` pixels, and how far beyond it they are.

    OpenCV's own code rounds where they are to float32, Intel's IPP, which does most of its enlarging, does not.
    """
    at = (np.arange(size) + 0.5) * (1 / (size / source)) - 0.5
    if rounded:
        at = at.astype(np.float32).astype(np.float64)
    place = np.floor(at).astype(np.int64)
    return place, at - place


def _taps(place: npt.NDArray[np.int64], weights: Exact, source: int, *, whole: bool) -> Taps:
    places = np.clip(place + np.arange(len(weights))[:, None], 0, source - 1)
    return Taps(places.astype(np.int32), np.asarray(np.round(weights) if whole else weights, np.float32))
