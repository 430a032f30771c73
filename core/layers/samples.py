# SPDX-License-Identifier: GPL-3.0-or-later
"""A layer's samples: what is written of a fused face so that the layer has its clip's precision."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..face.types import Floats, Pixels
from ..fusion.patch import FootagePatch, LightPatch
from ..geometry.levels import from_stored, round_levels, to_stored
from ..geometry.row_bands import row_bands
from .tile_layout import LayerPixels

_MAX_HALF = 65504.0


@dataclass(frozen=True, eq=False)
class LayerPatch:
    """New faces as a layer has them, the upper left corner in frame pixels.

    Attributes
    ----------
    pixels
        (h, w, 4) RGBA with straight alpha: uint8, uint16 or float16.
    """

    left: int
    top: int
    pixels: LayerPixels


def layer_samples(patch: FootagePatch | None) -> LayerPatch | None:
    """Return what a layer is to hold of a fused face.

    Parameters
    ----------
    patch : Patch, LightPatch or None
        The face: uint8, float32 in levels where its clip has more than 8 bits, or light.

    Returns
    -------
    LayerPatch or None
        uint8 as it is, float32 as uint16, light as float16.
    """
    if patch is None:
        return None
    if isinstance(patch, LightPatch):
        return LayerPatch(patch.left, patch.top, _to_halves(patch.pixels))
    return LayerPatch(patch.left, patch.top, to_stored(patch.pixels))


def _to_halves(pixels: Floats) -> npt.NDArray[np.float16]:
    """Return floats as half floats, the largest ones for what is beyond them."""
    # Layers are labelled, and untouched renders checked, without OpenCV.
    import cv2

    halves = np.empty(pixels.shape, np.float16)
    for rows in row_bands(len(pixels)):
        band = pixels[rows]
        # To look for them first takes a fifth of the time; what is no number is found too.
        if not (band.min() >= -_MAX_HALF and band.max() <= _MAX_HALF):
            band = np.clip(band, -_MAX_HALF, _MAX_HALF)
        # OpenCV rounds to them as NumPy does, which takes ten times as long.
        halves[rows] = cv2.convertFp16(band).view(np.float16)
    return halves


def display_levels(pixels: LayerPixels) -> Pixels:
    """Return what a layer holds with 8 bits, to be looked at.

    Parameters
    ----------
    pixels : ndarray, shape (h, w, 4)
        RGBA of a layer.

    Returns
    -------
    ndarray, shape (h, w, 4), uint8
        RGBA with straight alpha.
    """
    return round_levels(from_stored(pixels))
