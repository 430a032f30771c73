# SPDX-License-Identifier: GPL-3.0-or-later
"""Sharpen the swapped face by an unsharp mask."""

import cv2

from ..face.types import Levels
from ..geometry.levels import as_type_of
from ..recipe import Fusion

SHARPEN_SIGMA_PIXELS = 1.2
"""Standard deviation of what is sharpened away, in pixels of the crop."""
_SHARPEN_STEPS = 256


def sharpen_amount(params: Fusion) -> float:
    """Return how much is sharpened in whole 256ths: with those every processor rounds alike."""
    return round(params.sharpen * _SHARPEN_STEPS) / _SHARPEN_STEPS


def sharpen(rgb: Levels, amount: float) -> Levels:
    """Sharpen an image by an unsharp mask.

    Parameters
    ----------
    rgb : ndarray, shape (h, w, 3), uint8 or float32
        The image, in levels.
    amount : float
        How much, see `sharpen_amount`.

    Returns
    -------
    ndarray, the same shape and dtype
        The image.
    """
    blurred = cv2.GaussianBlur(rgb, (0, 0), SHARPEN_SIGMA_PIXELS)
    return as_type_of(rgb, cv2.addWeighted(rgb, 1 + amount, blurred, -amount, 0))
