# SPDX-License-Identifier: GPL-3.0-or-later
"""The low frequencies of small images, of which only a part may be known."""

import cv2
import numpy as np

from ..face.types import Floats
from .channels import spread_channels

_LEAST_WEIGHT = 1e-4


def low_pass(image: Floats, sigma: float) -> Floats:
    """Blur an image. What lies beyond its border is 0.

    Parameters
    ----------
    image : ndarray, shape (h, w) or (h, w, k), float32
        The image.
    sigma : float
        The standard deviation of the Gaussian, in pixels.

    Returns
    -------
    ndarray, shape as `image`, float32
        Its low frequencies.
    """
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT), np.float32)


def weighted_low_pass(image: Floats, weight: Floats, near: Floats, sigma: float) -> Floats:
    """Return the low frequencies of what of an image is known.

    Far from all that is known the result says nothing.

    Parameters
    ----------
    image : ndarray, shape (h, w, k), float32
        The image.
    weight : ndarray, shape (h, w), float32
        How far each pixel is known, 0 to 1.
    near : ndarray, shape (h, w), float32
        The low-pass of `weight` by the same `sigma`.
    sigma : float
        The standard deviation of the Gaussian, in pixels.

    Returns
    -------
    ndarray, shape (h, w, k), float32
        In the image's unit.
    """
    weighed = low_pass(image * spread_channels(weight, image.shape[2]), sigma)
    return np.asarray(weighed / spread_channels(np.maximum(near, _LEAST_WEIGHT), image.shape[2]), np.float32)
