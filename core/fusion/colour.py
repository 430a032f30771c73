# SPDX-License-Identifier: GPL-3.0-or-later
"""Light and colour: the low frequencies of the target, the high ones of the source."""

import cv2
import numpy as np

from ..face.types import Floats, Pixels

DARKEST = 6.0
MOST_GAIN = 4.0
CONTRAST_RANGE = (0.5, 1.3)
CONTRAST_SHARE = 0.7
CHROMA_SHARE = 0.8


def light_transfer(
    target: Pixels, swapped: Pixels, weight: Floats, radius: float, strength: float
) -> tuple[Floats, Floats]:
    """Return gain and offset, each (h, w, 3), so that `swapped * gain + offset` has the light of `target`.

    All three pictures are (h, w[, 3]) of the same small crop, RGB uint8, `weight` 0..1 tells where both show
    skin; only there they are compared, so that hair, eyes or background don't bleed in. `radius` is the
    standard deviation of the low-pass in pixels, `strength` 0..1 goes from no change to the target's light.
    The detail's contrast follows the target's too: a hazy or flat picture gets a hazy or flat face.
    """
    spread_fine, spread_broad = spreads(radius)
    fine = _Lows(target, swapped, weight, spread_fine)
    broad = _Lows(target, swapped, weight, spread_broad)
    # Colour follows closely, so that no cast of the source's stays in patches; lightness only in the large, so
    # that brows, lips and folds stay the source's.
    tint = fine.ratio / _grey(fine.ratio)[..., None]
    gain = np.clip(tint * _grey(broad.ratio)[..., None], 1 / MOST_GAIN, MOST_GAIN) ** strength
    contrast = np.clip(broad.details[0] / max(broad.details[1], 1e-4), *CONTRAST_RANGE)
    contrast = contrast ** (strength * CONTRAST_SHARE)
    offset = broad.low_swapped * gain * (1 - contrast)
    return np.asarray(gain * contrast, np.float32), np.asarray(offset, np.float32)


def spreads(radius: float) -> tuple[float, float]:
    """Return the standard deviations of the low-pass for colour and for lightness, in pixels."""
    return max(CHROMA_SHARE * radius, 0.5), max(radius, 0.5)


class _Lows:
    """The low frequencies of target and swapped crop, their ratio, and how strong the detail above them is."""

    def __init__(self, target: Pixels, swapped: Pixels, weight: Floats, spread: float) -> None:
        weight3 = weight[..., None]
        near = _low(weight, spread)[..., None] + 1e-3
        overall = float(weight.sum()) + 1e-3
        lows, details = [], []
        for picture in (target, swapped):
            values = picture.astype(np.float32)
            weighed = values * weight3
            # Far from any skin the low-pass has nothing to say: the mean of the face takes over.
            low = (_low(weighed, spread) + 1e-3 * (weighed.sum((0, 1)) / overall)) / near
            relative = _grey(values - low) / (_grey(low) + DARKEST)
            lows.append(low)
            details.append(float(np.sqrt((relative**2 * weight).sum() / overall)))
        self.ratio: Floats = np.asarray((lows[0] + DARKEST) / (lows[1] + DARKEST), np.float32)
        self.low_swapped: Floats = np.asarray(lows[1], np.float32)
        self.details = details


def _grey(picture: Floats) -> Floats:
    """Return the mean of an (h, w, 3) picture's channels. NumPy's own takes ten times as long on so short an axis."""
    return np.asarray((picture[..., 0] + picture[..., 1] + picture[..., 2]) / np.float32(3), np.float32)


def _low(picture: Floats, spread: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), spread, borderType=cv2.BORDER_CONSTANT), np.float32)
