# SPDX-License-Identifier: GPL-3.0-or-later
"""Soften the folds that a smile digs into the cheeks of a source image's face, outside those from nose to mouth.

They are dark lines in skin. Drawn on a face that does not smile they are scars, so they are brought nearer to the skin
on both sides of them, the more the person smiles. Pores, stubble and moles are finer, and stay. So do the lines around
eyes, nose and mouth, by which people are known: softened too, two sources of the footage lost .03 and .06 of likeness.
"""

import cv2
import numpy as np

from ..analysis.expression import unposed_points
from ..cache.base.store import Arrays
from ..face.types import Floats
from ..geometry.levels import round_levels
from ..geometry.mesh_topology import Topology
from ..geometry.row_bands import row_bands
from ..geometry.smoothstep import smoothstep
from .smile_mask import smile_share

_STRENGTH = 0.8
"""Folds are a part of the person too: without any the face is smoother than they are."""
_FOLD_WIDTH = 0.04
_FINE = 0.0033
_SOFTNESS = 0.0026
_CHEEK_COLUMNS, _CHEEK_ROWS = (0.18, 0.22), (0.48, 0.52)
"""How far from the middle, and below the top, cheeks begin: not at all and wholly. Lengths are of its side."""
_LIMIT = 0.35
"""How much darker, as a logarithm, a fold is taken for at most: what is darker still is no fold."""
_DARK_OFFSET_LEVELS = 6.0
_BLUR_PIXELS = 24
"""As far as both blurs reach together, and a little more."""


def soften_folds(texture_arrays: Arrays, landmarks: Floats, topology: Topology) -> Arrays:
    """Return a texture whose folds in the cheeks are as shallow as they are on a calmer face.

    Parameters
    ----------
    texture_arrays : dict of str to ndarray
        As `texture.unwrap_texture` gives it.
    landmarks : ndarray, shape (478, 3)
        In pixels of the image.
    topology : Topology
        The canonical face mesh.

    Returns
    -------
    dict of str to ndarray
        The same; that of a face that does not smile as it is.
    """
    smile = _STRENGTH * smile_share(unposed_points(landmarks, topology))
    if smile == 0:
        return texture_arrays
    whole = np.array(texture_arrays["texture"], np.uint8)
    side = len(whole)
    cheeks = _cheeks(side)
    # Above the cheeks nothing changes: what is looked at begins where it can still make a difference there.
    top = max(int(np.flatnonzero(cheeks.any(1))[0]) - round(_FOLD_WIDTH * side * 2) - _BLUR_PIXELS, 0)
    texture, cheeks = whole[top:], cheeks[top:]
    grey = np.asarray(cv2.cvtColor(texture, cv2.COLOR_RGB2GRAY), np.float32) + _DARK_OFFSET_LEVELS
    log = np.log(cv2.GaussianBlur(grey, (0, 0), _FINE * side))
    width = round(_FOLD_WIDTH * side)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    depth = np.minimum(cv2.morphologyEx(log, cv2.MORPH_CLOSE, kernel) - log, np.float32(_LIMIT))
    soft, offset = cv2.GaussianBlur(depth, (0, 0), _SOFTNESS * side), np.float32(_DARK_OFFSET_LEVELS)
    for rows in row_bands(len(texture)):
        gain = np.exp(smile * soft[rows] * cheeks[rows])[..., None]
        texture[rows] = round_levels((texture[rows] + offset) * gain - offset)
    return {**texture_arrays, "texture": whole}


def _cheeks(side: int) -> Floats:
    """Draw where the cheeks are in a texture: (side, side) float32, 0 to 1."""
    steps = np.linspace(0, 1, side, dtype=np.float32)
    shares = [
        smoothstep(np.asarray((lengths - low) / (high - low), np.float32))
        for lengths, (low, high) in ((np.abs(steps - 0.5), _CHEEK_COLUMNS), (steps, _CHEEK_ROWS))
    ]
    return np.outer(shares[1], shares[0])
