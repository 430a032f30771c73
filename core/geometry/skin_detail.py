# SPDX-License-Identifier: GPL-3.0-or-later
"""How strong the finest detail of a face's skin is: what its focus, its motion blur and its grain leave of it."""

import cv2
import numpy as np

from ..face.types import Floats, Pixels
from .face_features import feature_mask
from .mesh_raster import fill_polygons
from .mesh_topology import Topology
from .outline import bounds_around, convex_hull, extreme_points, grow_outline

STRENGTH_LIMIT_LEVELS = 24.0
"""No skin has stronger detail."""
_LEVELS = 256
_CALM_MEDIANS = 2.0
_INNER_SHARE = 0.85
_SECOND_DIFFERENCE = np.array([[1, -2, 1]], np.float32)
_MIN_REGION_PIXELS = 64
_FEW_PIXELS = 20_000
"""So little skin is looked at whole: a part of it would tell too little."""
_BAND_ROWS = 24
_BAND_ENDS = (0, 1, 2, 3, 20, 21, 22, 23)
"""Rows of a band that a blur mixes with the next one."""


def measure_detail(image: Pixels, points: Floats, topology: Topology) -> Floats:
    """Return how strong the finest detail of a face's skin is.

    It is the mean absolute second difference of the green channel, where what differs by more than twice the median
    counts as that: moles, hairs and folds, which another face need not have, say nothing of focus and grain.

    Parameters
    ----------
    image : ndarray, shape (H, W, 3), uint8
        The image, RGB.
    points : ndarray, shape (>=468, 2 or 3), float32
        The mesh, in its pixels.
    topology : Topology
        The mesh's parts.

    Returns
    -------
    ndarray, shape (2,), float32
        Across and down, in levels of 255; zeros where too little of the face is in the image.
    """
    size = np.array((image.shape[1], image.shape[0]))
    first, last = extreme_points(points[:468])
    low = np.clip(np.floor(first).astype(int), 0, size - 1)
    high = np.clip(np.ceil(last).astype(int) + 1, low + 1, size)
    green = np.ascontiguousarray(image[low[1] : high[1], low[0] : high[0], 1])
    region = skin_region(points[:, :2] - low, (green.shape[1], green.shape[0]), topology)
    return detail_strength(*sample_bands(green, region))


def skin_region(points: Floats, size: tuple[int, int], topology: Topology) -> Pixels:
    """Draw a face's skin well within its outline, without brows, eyes and lips.

    Parameters
    ----------
    points : ndarray, shape (>=468, 2 or 3), float32
        The mesh, in the image's pixels.
    size : tuple of int
        Width and height of the image in pixels.
    topology : Topology
        The mesh's parts.

    Returns
    -------
    ndarray, shape (H, W), uint8
        255 inside.
    """
    flat = np.asarray(points[:468, :2], np.float32)
    region = fill_polygons([grow_outline(convex_hull(flat[topology.oval]), _INNER_SHARE)], size)
    return np.asarray(cv2.subtract(region, feature_mask(flat, size, topology)), np.uint8)


def sample_bands(green: Pixels, region: Pixels) -> tuple[Pixels, Pixels]:
    """Return every third band of rows of an image and of its region: of a large one a third tells as much.

    Parameters
    ----------
    green : ndarray, shape (H, W), uint8
        The image's green channel.
    region : ndarray, shape (H, W), uint8
        255 where it counts.

    Returns
    -------
    green : ndarray, shape (h, W), uint8
        The rows that are kept.
    region : ndarray, shape (h, W), uint8
        The region's; 0 in rows at the ends of a band, which a blur mixes with the next one.
    """
    if cv2.countNonZero(region) < _FEW_PIXELS:
        return green, region
    bands = range(0, max(green.shape[0] - _BAND_ROWS, 0) + 1, 3 * _BAND_ROWS)
    rows = np.concatenate([np.arange(first, min(first + _BAND_ROWS, green.shape[0])) for first in bands])
    ends = np.array([first + row for first in bands for row in _BAND_ENDS])
    inner = region.copy()
    inner[ends[ends < len(inner)]] = 0
    return green[rows], inner[rows]


def detail_strength(green: Pixels, region: Pixels) -> Floats:
    """Return the mean absolute second difference of an image in a region, see `measure_detail`.

    Parameters
    ----------
    green : ndarray, shape (H, W), uint8
        The image's green channel.
    region : ndarray, shape (H, W), uint8
        255 where it counts.

    Returns
    -------
    ndarray, shape (2,), float32
        Across and down, in levels of 255; zeros where the region is too small to tell.
    """
    inside = np.asarray(region == 255, np.uint8)
    # Second differences need one pixel more on either side.
    place = bounds_around(inside, 1)
    green, inside = green[place], inside[place]
    if cv2.countNonZero(inside) < _MIN_REGION_PIXELS:
        return np.zeros(2, np.float32)
    means = []
    for kernel in (_SECOND_DIFFERENCE, _SECOND_DIFFERENCE.T):
        detail = cv2.convertScaleAbs(cv2.filter2D(green, cv2.CV_16S, kernel))
        counts = cv2.calcHist([detail], [0], inside, [_LEVELS], [0, _LEVELS])
        means.append(min(_calm_mean(np.asarray(counts.ravel(), np.float32)), STRENGTH_LIMIT_LEVELS))
    return np.asarray(means, np.float32)


def _calm_mean(counts: Floats) -> float:
    """Return the mean of whole numbers where none counts for more than twice their median; (n,) how often each occurs.

    The median is found as if each number were spread over its rounding.
    """
    below = np.cumsum(counts, dtype=np.float64)
    half = below[-1] / 2
    level = int(np.searchsorted(below, half))
    before = below[level - 1] if level else 0.0
    low, high = max(level - 0.5, 0.0), level + 0.5
    median = low + (high - low) * (half - before) / counts[level]
    return float((counts * np.minimum(np.arange(len(counts)), _CALM_MEDIANS * median)).sum() / below[-1])
