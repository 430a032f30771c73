# SPDX-License-Identifier: GPL-3.0-or-later
"""Outlines around points of an image."""

import cv2
import numpy as np

from ..face.types import Floats, Pixels


def convex_hull(points: Floats) -> Floats:
    """Return the convex hull of points.

    Parameters
    ----------
    points : ndarray, shape (n, 2 or 3)
        Only x and y count.

    Returns
    -------
    ndarray, shape (k, 2), float32
        Its corners.
    """
    return np.asarray(cv2.convexHull(np.ascontiguousarray(points[:, :2], np.float32))[:, 0], np.float32)


def extreme_points(points: Floats) -> tuple[Floats, Floats]:
    """Return the upper left and the lower right corner of what points span.

    Parameters
    ----------
    points : ndarray, shape (n, 2 or 3)
        Only x and y count.

    Returns
    -------
    low, high : ndarray, shape (2,)
        The least and the greatest x and y.
    """
    # NumPy takes five times as long along the first axis.
    columns = np.ascontiguousarray(points[:, :2].T)
    return columns.min(1), columns.max(1)


def bounds_around(image: Pixels, reach: int) -> tuple[slice, slice]:
    """Return the rows and columns of an image that hold all that is not 0.

    Parameters
    ----------
    image : ndarray, shape (h, w), uint8
        The image.
    reach : int
        How many pixels more there are on either side, as far as the image goes.

    Returns
    -------
    tuple of slice
        Rows and columns.
    """
    left, top, width, height = cv2.boundingRect(image)
    return slice(max(top - reach, 0), top + height + reach), slice(max(left - reach, 0), left + width + reach)


def grow_outline(outline: Floats, factor: float) -> Floats:
    """Return an outline that is larger around the mean of its corners.

    Parameters
    ----------
    outline : ndarray, shape (k, 2)
        Its corners.
    factor : float
        How many times as large.

    Returns
    -------
    ndarray, shape (k, 2), float32
        In the same unit.
    """
    # As `mean` does it, which takes twice the time on so few values.
    middle = np.add.reduce(outline, 0) / outline.dtype.type(len(outline))
    return np.asarray((outline - middle) * factor + middle, np.float32)
