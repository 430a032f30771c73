# SPDX-License-Identifier: GPL-3.0-or-later
"""The low frequencies of small images, of which only a part may be known."""

import cv2
import numpy as np

from ..face.types import Floats

_LEAST_WEIGHT = 1e-4


def low_pass(image: Floats, sigma: float) -> Floats:
    """Blur an image (h, w[, k]) float32 by a standard deviation in pixels. What lies beyond its border is 0."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT), np.float32)


def weighted_low_pass(image: Floats, weight: Floats, near: Floats, sigma: float) -> Floats:
    """Return the low frequencies (h, w, k) float32 of what of an image is known.

    `weight` (h, w) 0..1 tells where that is, and `near` is its own low-pass of the same `sigma`. Far from all that is
    known the result says nothing.
    """
    weighed = low_pass(image * weight[..., None], sigma)
    return np.asarray(weighed / np.maximum(near, _LEAST_WEIGHT)[..., None], np.float32)
