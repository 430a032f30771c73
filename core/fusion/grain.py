# SPDX-License-Identifier: GPL-3.0-or-later
"""Give a fused face the focus, the motion blur and the grain of the footage's own skin.

What is compared is the strength of the finest detail of skin, across and down. A face that has more of it than the
footage is blurred, in each direction as far as it takes; one that has less gets grain.
"""

import cv2
import numpy as np

from ..face.types import Floats, Levels, Pixels
from ..geometry.channels import spread_channels
from ..geometry.levels import as_floats, as_type_of, is_deep, limit_levels, round_levels
from ..geometry.mesh_topology import Topology
from ..geometry.outline import bounds_around
from ..geometry.skin_detail import detail_strength, sample_bands, skin_region

_FIRST_SIGMA, _MAX_SIGMA = 0.6, 1.4
"""Standard deviations of the blur that is tried first, and of the most, in pixels: more takes folds and lashes away."""
_CORRECTIONS = 3
_LIKE_ENOUGH = 0.05
_NEAR_ENOUGH = 0.02
"""A blur that comes so near to what is wished, as a logarithm, is corrected no further."""
_KERNEL_PIXELS = 9
_GRAIN_KERNEL = np.array([0.15, 0.7, 0.15], np.float32)
_GRAIN_STRENGTH = 0.657
"""Strength of the detail of normal noise of unit deviation after `_GRAIN_KERNEL`: it follows from the kernels."""
_ROUNDING_STRENGTH = 0.77
"""Strength of the detail that rounding leaves, in levels: the picture becomes a movie of YUV with 219 whole levels.
The footage's detail has it already, and the face's gets it then."""
_LEAST_GOAL_SHARE = 0.7
"""How much of the footage's detail a face has before it is rounded, at least."""
_MAX_GRAIN_LEVELS = 12.0


def match_grain(
    colours: Levels, shown: Pixels, points: Floats, goal: Floats, amount: float, seed: int, topology: Topology
) -> Levels:
    """Return a face's colours with as strong detail as the footage's skin has.

    Parameters
    ----------
    colours : ndarray, shape (h, w, 3), uint8 or float32
        The face's, RGB, in levels.
    shown : ndarray, shape (h, w), uint8
        Its alpha.
    points : ndarray, shape (>=468, 2 or 3)
        Landmarks in its pixels.
    goal : ndarray
        What `measure_detail` found in the footage.
    amount : float
        How far that is followed, 0 to 1.
    seed : int
        The grain's, 32 bits.
    topology : Topology
        The canonical face mesh.

    Returns
    -------
    ndarray, the same shape and dtype
        RGB.
    """
    if not goal.all():
        return colours
    goal = np.sqrt(np.maximum(goal**2 - np.float32(_ROUNDING_STRENGTH**2), (_LEAST_GOAL_SHARE * goal) ** 2))
    size = colours.shape[1], colours.shape[0]
    region = np.asarray(cv2.bitwise_and(skin_region(points, size, topology), shown), np.uint8)
    green, skin = sample_bands(round_levels(as_type_of(colours, cv2.extractChannel(colours, 1))), region)
    # What a blur and, after it, the second difference on skin depend on.
    place = bounds_around(skin, _KERNEL_PIXELS // 2 + 1)
    green, skin = green[place], skin[place]
    own = detail_strength(green, skin)
    sigmas = _find_blur(green, skin, own, goal)
    if max(sigmas) > 0 and amount > 0:
        colours = _blur(colours, (amount * sigmas[0], amount * sigmas[1]))
    lacks = np.where(own < (1 - _LIKE_ENOUGH) * goal, goal**2 - own**2, 0)
    lack = float(np.sqrt(lacks).mean()) / _GRAIN_STRENGTH
    level = amount * min(lack, _MAX_GRAIN_LEVELS)
    if level > 0:
        grain = _smooth_noise(seed, size)
        grain *= np.float32(level)
        grain = spread_channels(grain)
        if is_deep(colours):
            return limit_levels(as_floats(cv2.add(colours, grain, dst=grain)), in_place=True)
        colours = np.asarray(cv2.add(colours, grain, dtype=cv2.CV_8U), np.uint8)
    return colours


def _find_blur(green: Pixels, skin: Pixels, own: Floats, goal: Floats) -> tuple[float, float]:
    """Return the standard deviations across and down of the blur that makes detail as strong as `goal`, (2,).

    `own` (2,) is what `green` has on `skin`. The logarithm of the strength falls about with the square of a deviation,
    the more slowly the less detail there was: tried, and corrected up to three times. Blurring across takes from
    what is down too.
    """
    wish = np.log(np.maximum(own, 1e-3) / goal)
    if (wish <= _LIKE_ENOUGH).all():
        return 0.0, 0.0
    square = np.where(wish > _LIKE_ENOUGH, _FIRST_SIGMA**2, 0)
    for _ in range(_CORRECTIONS):
        left = detail_strength(round_levels(_blur(green, _deviations(square))), skin)
        taken = np.log(np.maximum(own, 1e-3) / np.maximum(left, 1e-3))
        if (np.abs(taken - wish)[square > 0] < _NEAR_ENOUGH).all():
            break
        square = np.minimum(square * wish / np.maximum(taken, 1e-3), _MAX_SIGMA**2)
        square = np.where(wish > _LIKE_ENOUGH, square, 0)
    return _deviations(square)


def _deviations(square: Floats) -> tuple[float, float]:
    across, down = np.sqrt(square)
    return float(across), float(down)


def _blur(image: Levels, sigmas: tuple[float, float]) -> Levels:
    """Blur an image across and down with these standard deviations in pixels; 0 leaves it."""
    across, down = (cv2.getGaussianKernel(_KERNEL_PIXELS, max(sigma, 1e-3), cv2.CV_32F) for sigma in sigmas)
    return as_type_of(image, cv2.sepFilter2D(image, -1, across, down, borderType=cv2.BORDER_REPLICATE))


def _smooth_noise(seed: int, size: tuple[int, int]) -> Floats:
    """Return smooth noise, nearly normal and of unit deviation before it is smoothed: (h, w) float32.

    Made of integers alone, so that every machine makes the same. The bits are mixed as MurmurHash3 (Austin Appleby,
    public domain) ends.
    """
    bits = np.arange(size[0] * size[1], dtype=np.uint32) ^ np.uint32(seed)
    # In place, and in one other array: new ones take as long as what is done in them.
    other = bits >> np.uint32(16)
    bits ^= other
    bits *= np.uint32(0x85EBCA6B)
    bits ^= np.right_shift(bits, np.uint32(13), out=other)
    bits *= np.uint32(0xC2B2AE35)
    bits ^= np.right_shift(bits, np.uint32(16), out=other)
    # The sum of four even bytes has a mean of 510 and a variance of four times (256² - 1) / 12.
    np.right_shift(bits, np.uint32(8), out=other)
    other &= np.uint32(0xFF00FF)
    bits &= np.uint32(0xFF00FF)
    bits += other
    np.right_shift(bits, np.uint32(16), out=other)
    bits &= np.uint32(0xFFFF)
    bits += other
    noise = bits.reshape(size[1], size[0]).astype(np.float32)
    noise -= np.float32(510)
    noise /= np.float32(147.8)
    return np.asarray(cv2.sepFilter2D(noise, -1, _GRAIN_KERNEL, _GRAIN_KERNEL), np.float32)
