# SPDX-License-Identifier: GPL-3.0-or-later
"""What OpenCV's resampling and blurs multiply pixels with, as matrices and taps that a graph takes as inputs.

A reduction or a blur of a picture is `rows @ picture @ columns`; an enlargement or an affine warp takes a few
neighbours ("taps") of each pixel. OpenCV computes pictures of whole levels with whole weights and rounds at certain
places: these are the same weights, so a graph that rounds there too gives the same levels.

Source: OpenCV 4.11, modules/imgproc/src/{resize,smooth.dispatch,imgwarp}.cpp, for the weights and where they are
rounded.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ...face.types import Floats

Exact = npt.NDArray[np.float64]
AnyFloats = npt.NDArray[np.floating[Any]]

LEVELS = 2048
"""What the weights of an enlargement of whole levels add up to."""
BLUR_LEVELS = 256
"""What the weights of a blur of whole levels add up to."""
WARP_LEVELS = 1 << 15
"""What the weights of a warp add up to."""
WARP_STEPS = 32
"""How many places within a pixel a warp tells apart."""
_WARP_SHIFT = 1024
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
    weights = _cubic_weights(share.astype(np.float32) if own else share)
    return _taps(place - 1, weights * LEVELS, source, whole=own)


def _cubic_weights(share: AnyFloats) -> AnyFloats:
    """Return the (4, n) weights of cubic enlargement for places that lie `share` (n,) beyond the second pixel."""
    near = ((_CUBIC + 2) * share - (_CUBIC + 3)) * share * share + 1
    far = ((_CUBIC * (share + 1) - 5 * _CUBIC) * (share + 1) + 8 * _CUBIC) * (share + 1) - 4 * _CUBIC
    back = 1 - share
    other = ((_CUBIC + 2) * back - (_CUBIC + 3)) * back * back + 1
    return np.stack([far, near, other, 1 - far - near - other])


@dataclass(frozen=True, eq=False)
class WarpPlaces:
    """Where each pixel of a warped picture comes from, in 32nds of a 32nd of a pixel: two terms for x, two for y."""

    x_across: npt.NDArray[np.int32]
    x_down: npt.NDArray[np.int32]
    y_across: npt.NDArray[np.int32]
    y_down: npt.NDArray[np.int32]


def warp_places(back: Exact, size: tuple[int, int]) -> WarpPlaces:
    """Return the places of `cv2.warpAffine`: `back` (2, 3) leads from a picture of (width, height) to its source."""
    matrix, half = back.astype(np.float64), _WARP_SHIFT // WARP_STEPS // 2
    x, y = np.arange(size[0]), np.arange(size[1])
    terms = [
        term for row in matrix for term in (row[0] * x * _WARP_SHIFT, (row[1] * y + row[2]) * _WARP_SHIFT)
    ]
    x_across, x_down, y_across, y_down = (np.round(term).astype(np.int32) for term in terms)
    return WarpPlaces(x_across, x_down + half, y_across, y_down + half)


@lru_cache(maxsize=2)
def warp_weights(*, curved: bool) -> Floats:
    """Return (4, 1024, 4) float32: for each row of 4 x 4 source pixels and each place within the second, the weights.

    `curved` as `cv2.INTER_CUBIC` has them, else as `cv2.INTER_LINEAR`: then only the middle four count.
    """
    share = np.arange(WARP_STEPS, dtype=np.float32) / np.float32(WARP_STEPS)
    zero = np.zeros_like(share)
    along = _cubic_weights(share) if curved else np.stack([zero, 1 - share, share, zero])
    table = along.T[:, None, :, None].astype(np.float32) * along.T[None, :, None, :].astype(np.float32)
    whole = np.round(table * WARP_LEVELS).reshape(-1, 4, 4)
    # What rounding lost or won goes to the heaviest or lightest of the four after the first.
    for weights in whole:
        left = WARP_LEVELS - weights.sum()
        middle = weights[2:, 2:]
        if left and curved:
            middle.flat[middle.argmax() if left > 0 else middle.argmin()] += left
    return np.ascontiguousarray(whole.transpose(1, 0, 2), np.float32)


def _between(source: int, size: int, *, rounded: bool) -> tuple[npt.NDArray[np.int64], Exact]:
    """Return which source pixel lies before each of `size` pixels, and how far beyond it they are.

    OpenCV's own code rounds where they are to float32, Intel's IPP, which does most of its enlarging, does not.
    """
    at = (np.arange(size) + 0.5) * (1 / (size / source)) - 0.5
    if rounded:
        at = at.astype(np.float32).astype(np.float64)
    place = np.floor(at).astype(np.int64)
    return place, at - place


def _taps(place: npt.NDArray[np.int64], weights: AnyFloats, source: int, *, whole: bool) -> Taps:
    places = np.clip(place + np.arange(len(weights))[:, None], 0, source - 1)
    return Taps(places.astype(np.int32), np.asarray(np.round(weights) if whole else weights, np.float32))
