# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a face's edge to the light and colour of the skin around it, and let that fade out inwards.

Where the face's form is the source's, its own cheeks and eye sockets are to be kept, so light is compared in the large.
That leaves steps at the edge. They are measured along the edge alone and spread from there, as seamless cloning does
(Pérez et al., "Poisson image editing", 2003), but as ratios, and in the small image in which light is compared.
"""

import numpy as np

from ..face.types import Floats
from ..geometry.channels import spread_channels
from ..geometry.low_pass import low_pass, weighted_low_pass
from ..geometry.smoothstep import smoothstep
from .colour import DARK_OFFSET_LEVELS
from .mask import inside_distance

_BAND_SHARE = 0.16
"""How wide the edge is, of the face's width."""
_SIGMAS = (5.0, 2.5)
"""How far a step is spread, in pixels of an image of 64: from the rough to the exact."""
_ENOUGH_WEIGHT = 0.12
_MAX_LOG_GAIN = 0.7


def edge_gain(target: Floats, lit: Floats, weight: Floats, outline: Floats, strength: float) -> Floats:
    """Return what a lit face is to be multiplied with so that its edge has the colours around it.

    Parameters
    ----------
    target, lit : ndarray, shape (h, w, 3), float32
        RGB in levels of the same small crop.
    weight : ndarray, shape (h, w), float32
        Where both show skin, 0 to 1.
    outline : ndarray, shape (n, 2)
        The face's, in pixels of the crop.
    strength : float
        0 to 1, from no change to all of it.

    Returns
    -------
    ndarray, shape (h, w, 3), float32
        1 where nothing changes.
    """
    distance = inside_distance(outline, (target.shape[1], target.shape[0]), signed=False)
    band_width = max(_BAND_SHARE * float(np.ptp(outline[:, 0])), 1.0)
    weight = weight * smoothstep(1 - distance / np.float32(band_width))
    offset = np.float32(DARK_OFFSET_LEVELS)
    spread = np.zeros_like(target)
    for sigma in _SIGMAS:
        near = low_pass(weight, sigma)
        around, own = (weighted_low_pass(image, weight, near, sigma) for image in (target, lit))
        share = spread_channels(smoothstep(near / np.float32(_ENOUGH_WEIGHT)))
        spread = spread + share * (np.log((around + offset) / (np.maximum(own, 0) + offset)) - spread)
    limited = np.clip(spread, -_MAX_LOG_GAIN, _MAX_LOG_GAIN)
    return np.asarray(np.exp(limited * np.float32(strength)), np.float32)
