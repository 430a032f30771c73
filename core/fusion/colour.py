# SPDX-License-Identifier: GPL-3.0-or-later
"""Light and colour: the low frequencies of the target, the high ones of the source."""

import cv2
import numpy as np

from ..face.types import Floats, Levels
from ..geometry.channels import add_channels, spread_channels
from ..geometry.low_pass import low_pass

DARK_OFFSET_LEVELS = 6.0
MAX_GAIN = 4.0
"""How far colours are brightened at most: noise is brightened too. They are darkened as far, but for `least_gain`."""
CONTRAST_RANGE = (0.5, 1.3)
CONTRAST_SHARE = 0.7
CHROMA_SHARE = 0.8


def light_transfer(
    target: Levels,
    swapped_image: Levels,
    weight: Floats,
    radius_pixels: float,
    strength: float,
    least_gain: float = 1 / MAX_GAIN,
) -> tuple[Floats, Floats]:
    """Return what gives a swapped face the light of the target: `swapped * gain + offset`.

    The detail's contrast follows the target's too: a hazy or flat image gets a hazy or flat face.

    Parameters
    ----------
    target, swapped_image : ndarray, shape (h, w, 3), uint8 or float32
        RGB, in levels, of the same small crop.
    weight : ndarray, shape (h, w), float32
        Where both show skin, 0 to 1: only there they are compared, so that hair, eyes or background don't bleed in.
    radius_pixels : float
        The standard deviation of the low-pass.
    strength : float
        0 to 1, from no change to the target's light.
    least_gain : float
        How far colours are darkened at most.

    Returns
    -------
    gain, offset : ndarray, shape (h, w, 3), float32
        The offset is in levels.
    """
    spread_fine, spread_broad = low_pass_sigmas(radius_pixels)
    images = _WeighedImages(target, swapped_image, weight)
    fine, broad = _LowFrequencies(images, spread_fine), _LowFrequencies(images, spread_broad)
    # Colour follows closely, so that no cast of the source's stays in patches; lightness only in the large, so
    # that brows, lips and folds stay the source's.
    tint = fine.ratio / spread_channels(_grey(fine.ratio))
    gain = np.clip(tint * spread_channels(_grey(broad.ratio)), least_gain, MAX_GAIN) ** strength
    contrast = np.clip(broad.details[0] / max(broad.details[1], 1e-4), *CONTRAST_RANGE)
    contrast = contrast ** (strength * CONTRAST_SHARE)
    offset = broad.low_swapped * gain * (1 - contrast)
    return np.asarray(gain * contrast, np.float32), np.asarray(offset, np.float32)


def low_pass_sigmas(radius_pixels: float) -> tuple[float, float]:
    """Return the standard deviations of the low-pass for colour and for lightness, in pixels."""
    return max(CHROMA_SHARE * radius_pixels, 0.5), max(radius_pixels, 0.5)


class _WeighedImages:
    """Target and swapped crop, and both times the weight."""

    def __init__(self, target: Levels, swapped_image: Levels, weight: Floats) -> None:
        self.weight = weight
        self.overall = float(weight.sum()) + 1e-3
        self.values = [image.astype(np.float32) for image in (target, swapped_image)]
        weights = spread_channels(weight)
        self.weighed = [values * weights for values in self.values]
        # Row by row, as NumPy sums it, in a third of the time.
        self.means = [
            cv2.reduce(weighed.reshape(-1, 3), 0, cv2.REDUCE_SUM)[0] / self.overall
            for weighed in self.weighed
        ]


class _LowFrequencies:
    """The low frequencies of target and swapped crop, their ratio, and how strong the detail above them is."""

    def __init__(self, images: _WeighedImages, sigma: float) -> None:
        weight, overall = images.weight, images.overall
        near = spread_channels(low_pass(weight, sigma) + 1e-3)
        lows, details = [], []
        for values, weighed, mean in zip(images.values, images.weighed, images.means, strict=True):
            # Far from any skin the low-pass has nothing to say: the mean of the face takes over.
            low = (low_pass(weighed, sigma) + 1e-3 * mean) / near
            relative = _grey(values - low) / (_grey(low) + DARK_OFFSET_LEVELS)
            lows.append(low)
            details.append(float(np.sqrt((relative**2 * weight).sum() / overall)))
        self.ratio: Floats = np.asarray(
            (lows[0] + DARK_OFFSET_LEVELS) / (lows[1] + DARK_OFFSET_LEVELS), np.float32
        )
        self.low_swapped: Floats = np.asarray(lows[1], np.float32)
        self.details = details


def _grey(image: Floats) -> Floats:
    """Return the mean of an (h, w, 3) image's channels."""
    return np.asarray(add_channels(image) / np.float32(3), np.float32)
