# SPDX-License-Identifier: GPL-3.0-or-later
"""Outlines around points of an image."""

import cv2
import numpy as np

from ..face.types import Floats


def convex_hull(points: Floats) -> Floats:
    """Return the corners (k, 2) float32 of the convex hull of points (n, 2 or 3)."""
    return np.asarray(cv2.convexHull(np.ascontiguousarray(points[:, :2], np.float32))[:, 0], np.float32)


def grow_outline(outline: Floats, factor: float) -> Floats:
    """Return an outline (k, 2) that is `factor` times as large around the mean of its corners: float32."""
    middle = outline.mean(0)
    return np.asarray((outline - middle) * factor + middle, np.float32)
