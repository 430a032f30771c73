# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a source image's own light out of the texture, as far as it differs between the face's sides.

Faces are nearly symmetric: what is brighter on one side in the large is light from there, or the shadow of the nose.
"""

import cv2
import numpy as np

from ..cache.base.store import Arrays
from ..geometry.levels import round_levels
from ..geometry.low_pass import low_pass, weighted_low_pass
from ..geometry.row_bands import row_bands
from ..geometry.smoothstep import smoothstep

_PIXELS = 192
_SIGMA_PIXELS = 2.0
"""Standard deviation of what counts as light, in pixels of a texture of 192: finer differences are the person's.
Looked at on the portraits p01, p02, p10 to p14, p20 and p40: twice as much left an edge along a shaded nose."""
_SPREAD_SIGMAS = (48.0, 24.0, 12.0)
_ENOUGH_VISIBILITY = 0.3
_DARK_OFFSET_LEVELS = 6.0
_MAX_LOG_GAIN = 0.7


def remove_side_light(texture_arrays: Arrays) -> Arrays:
    """Return a texture whose sides are lit alike.

    Parameters
    ----------
    texture_arrays : dict of str to ndarray
        As `texture.unwrap_texture` gives it.

    Returns
    -------
    dict of str to ndarray
        The same; how squarely each texel was seen stays.
    """
    texture = np.asarray(texture_arrays["texture"], np.uint8)
    visibility = np.asarray(texture_arrays["seen"], np.uint8)
    small = (_PIXELS, _PIXELS)
    weight = np.asarray(cv2.resize(visibility, small, interpolation=cv2.INTER_AREA), np.float32) / 255
    colours = np.asarray(cv2.resize(texture, small, interpolation=cv2.INTER_AREA), np.float32)
    log = np.log(colours + np.float32(_DARK_OFFSET_LEVELS))
    low = (
        low_pass(log * weight[..., None], _SIGMA_PIXELS)
        / np.maximum(low_pass(weight, _SIGMA_PIXELS), 1e-3)[..., None]
    )
    both = np.minimum(weight, weight[:, ::-1])
    aside = (low - low[:, ::-1]) / 2
    spread = np.zeros_like(aside)
    for sigma in _SPREAD_SIGMAS:
        near = low_pass(both, sigma)
        value = weighted_low_pass(aside, both, near, sigma)
        spread = spread + smoothstep(near / np.float32(_ENOUGH_VISIBILITY))[..., None] * (value - spread)
    spread = spread + both[..., None] * (aside - spread)
    gain = np.exp(-np.clip(spread, -_MAX_LOG_GAIN, _MAX_LOG_GAIN))
    full = texture.shape[1], texture.shape[0]
    gain = np.asarray(cv2.resize(gain, full, interpolation=cv2.INTER_LINEAR), np.float32)
    lit = np.empty_like(texture)
    for rows in row_bands(len(lit)):
        levels = (texture[rows].astype(np.float32) + _DARK_OFFSET_LEVELS) * gain[rows] - _DARK_OFFSET_LEVELS
        lit[rows] = round_levels(levels)
    return {"texture": lit, "seen": visibility}
