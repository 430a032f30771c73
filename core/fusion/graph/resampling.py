# SPDX-License-Identifier: GPL-3.0-or-later
"""What OpenCV's resampling and blurs multiply pixels with, as matrices and taps that a graph takes as inputs.

A reduction or a blur of an image is `rows @ picture @ columns`; an enlargement or an affine warp takes a few
neighbours ("taps") of each pixel. OpenCV computes images of whole levels with whole weights and rounds at certain
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

Doubles = npt.NDArray[np.float64]
AnyFloats = npt.NDArray[np.floating[Any]]

TAP_WEIGHT_SUM = 2048
"""What the weights of an enlargement of whole levels add up to."""
BLUR_WEIGHT_SUM = 256
"""What the weights of a blur of whole levels add up to."""
WARP_WEIGHT_SUM = 1 << 15
"""What the weights of a warp add up to."""
WARP_SUBPIXELS = 32
"""How many places within a pixel a warp tells apart."""
_WARP_FIXED_POINT = 1024
_CUBIC_COEFFICIENT = -0.75


@dataclass(frozen=True, eq=False)
class Taps:
    """What each of n pixels along one axis is made from."""

    indices: npt.NDArray[np.int32]
    """(k, n): which source pixels."""
    weights: Floats
    """(k, n) float32: how much of each."""


@lru_cache(maxsize=64)
def area_matrix(source: int, size: int) -> Floats:
    """Return the reduction that `cv2.INTER_AREA` makes along one axis.

    Parameters
    ----------
    source, size : int
        How many pixels there are, and how many there shall be.

    Returns
    -------
    ndarray, shape (size, source), float32
        Weights; each row sums to 1.
    """
    one = np.eye(source, dtype=np.float32)
    return np.asarray(cv2.resize(one, (source, size), interpolation=cv2.INTER_AREA), np.float32)


@lru_cache(maxsize=64)
def low_pass_matrix(size: int, sigma: float) -> Floats:
    """Return the Gaussian blur of floats along one axis, black beyond its ends.

    Parameters
    ----------
    size : int
        How many pixels there are.
    sigma : float
        The standard deviation in pixels.

    Returns
    -------
    ndarray, shape (size, size), float32
        Weights.
    """
    kernel = float_kernel(sigma)
    one = np.eye(size, dtype=np.float32)
    alone = np.ones(1, np.float32)
    return np.asarray(cv2.sepFilter2D(one, -1, alone, kernel, borderType=cv2.BORDER_CONSTANT), np.float32)


def float_kernel(sigma: float) -> Floats:
    """Return the weights (k,) of OpenCV's Gaussian blur of floats; they sum to 1."""
    kernel = cv2.getGaussianKernel(round(sigma * 4 * 2 + 1) | 1, sigma, cv2.CV_32F)
    return np.asarray(kernel[:, 0], np.float32)


@lru_cache(maxsize=64)
def level_blur_matrix(size: int, sigma: float) -> Floats:
    """Return the blur of whole levels along one axis, mirrored at its ends.

    Parameters
    ----------
    size : int
        How many pixels there are.
    sigma : float
        The standard deviation in pixels.

    Returns
    -------
    ndarray, shape (size, size), float32
        Whole numbers; rows sum to 256.
    """
    one, alone = np.eye(size), np.ones(1)
    kernel = level_kernel(sigma)
    drawn = cv2.sepFilter2D(one, -1, alone, kernel, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(drawn, np.float32)


def level_kernel(sigma: float) -> Doubles:
    """Return the whole weights (k,) of a Gaussian blur of whole levels. What rounding one leaves goes to the next."""
    count = round(sigma * 3 * 2 + 1) | 1
    exact = cv2.getGaussianKernel(count, sigma, cv2.CV_64F)[:, 0] * BLUR_WEIGHT_SUM
    kernel, left = np.zeros(count), 0.0
    for index in range(count // 2):
        wanted = float(exact[index]) + left
        kernel[index] = kernel[-1 - index] = round(wanted)
        left = wanted - float(kernel[index])
    kernel[count // 2] = BLUR_WEIGHT_SUM - kernel.sum()
    return kernel


@lru_cache(maxsize=64)
def linear_taps(source: int, size: int, *, levels: bool = False) -> Taps:
    """Return the two taps of `cv2.INTER_LINEAR` for floats; with `levels` as whole weights of 2048."""
    place, share = _source_positions(source, size, as_float32=levels or not cv2.ipp.useIPP())
    return _clamp_taps(
        place, np.stack([1 - share, share]) * (TAP_WEIGHT_SUM if levels else 1), source, round_weights=levels
    )


@lru_cache(maxsize=64)
def cubic_taps(source: int, size: int, *, levels: bool = True) -> Taps:
    """Return the four taps of `cv2.INTER_CUBIC` as weights of 2048; for floats, without `levels`, of 1."""
    own = not cv2.ipp.useIPP()
    place, share = _source_positions(source, size, as_float32=own)
    weights = _cubic_weights(share.astype(np.float32) if own else share)
    scale = TAP_WEIGHT_SUM if levels else 1
    return _clamp_taps(place - 1, weights * scale, source, round_weights=own and levels)


def _cubic_weights(share: AnyFloats) -> AnyFloats:
    """Return the (4, n) weights of cubic enlargement for places that lie `share` (n,) beyond the second pixel."""
    near = ((_CUBIC_COEFFICIENT + 2) * share - (_CUBIC_COEFFICIENT + 3)) * share * share + 1
    far = (
        (_CUBIC_COEFFICIENT * (share + 1) - 5 * _CUBIC_COEFFICIENT) * (share + 1) + 8 * _CUBIC_COEFFICIENT
    ) * (share + 1) - 4 * _CUBIC_COEFFICIENT
    back = 1 - share
    other = ((_CUBIC_COEFFICIENT + 2) * back - (_CUBIC_COEFFICIENT + 3)) * back * back + 1
    return np.stack([far, near, other, 1 - far - near - other])


@dataclass(frozen=True, eq=False)
class WarpPositions:
    """Where each pixel of a warped image comes from, in 32nds of a 32nd of a pixel: two terms for x, two for y."""

    x_across: npt.NDArray[np.int32]
    x_down: npt.NDArray[np.int32]
    y_across: npt.NDArray[np.int32]
    y_down: npt.NDArray[np.int32]


def warp_positions(back: Doubles, size: tuple[int, int]) -> WarpPositions:
    """Return the places of `cv2.warpAffine`: `back` (2, 3) leads from an image of (width, height) to its source."""
    matrix, half = back.astype(np.float64), _WARP_FIXED_POINT // WARP_SUBPIXELS // 2
    x, y = np.arange(size[0]), np.arange(size[1])
    terms = [
        term
        for row in matrix
        for term in (row[0] * x * _WARP_FIXED_POINT, (row[1] * y + row[2]) * _WARP_FIXED_POINT)
    ]
    x_across, x_down, y_across, y_down = (np.round(term).astype(np.int32) for term in terms)
    return WarpPositions(x_across, x_down + half, y_across, y_down + half)


@lru_cache(maxsize=4)
def warp_weights(*, cubic: bool, levels: bool = True) -> Floats:
    """Return the weights of 4 x 4 source pixels for each place within the second.

    Parameters
    ----------
    cubic : bool
        As `cv2.INTER_CUBIC` has them, else as `cv2.INTER_LINEAR`: then only the middle four count.
    levels : bool
        Whether they are whole numbers, as OpenCV has them for whole levels.

    Returns
    -------
    ndarray, shape (4, 1024, 4), float32
        By row, by place, by column.
    """
    share = np.arange(WARP_SUBPIXELS, dtype=np.float32) / np.float32(WARP_SUBPIXELS)
    zero = np.zeros_like(share)
    along = _cubic_weights(share) if cubic else np.stack([zero, 1 - share, share, zero])
    table = along.T[:, None, :, None].astype(np.float32) * along.T[None, :, None, :].astype(np.float32)
    exact = (table * WARP_WEIGHT_SUM).reshape(-1, 4, 4)
    if not levels:
        return np.ascontiguousarray(exact.transpose(1, 0, 2), np.float32)
    whole = np.round(exact)
    # What rounding lost or won goes to the heaviest or lightest of the four after the first.
    for weights in whole:
        left = WARP_WEIGHT_SUM - weights.sum()
        middle = weights[2:, 2:]
        if left and cubic:
            middle.flat[middle.argmax() if left > 0 else middle.argmin()] += left
    return np.ascontiguousarray(whole.transpose(1, 0, 2), np.float32)


def _source_positions(source: int, size: int, *, as_float32: bool) -> tuple[npt.NDArray[np.int64], Doubles]:
    """Return which source pixel lies before each of `size` pixels, and how far beyond it they are.

    OpenCV's own code rounds where they are to float32, Intel's IPP, which does most of its enlarging, does not.
    """
    at = (np.arange(size) + 0.5) * (1 / (size / source)) - 0.5
    if as_float32:
        at = at.astype(np.float32).astype(np.float64)
    place = np.floor(at).astype(np.int64)
    return place, at - place


def _clamp_taps(
    first_index: npt.NDArray[np.int64], weights: AnyFloats, source: int, *, round_weights: bool
) -> Taps:
    places = np.clip(first_index + np.arange(len(weights))[:, None], 0, source - 1)
    return Taps(
        places.astype(np.int32), np.asarray(np.round(weights) if round_weights else weights, np.float32)
    )
