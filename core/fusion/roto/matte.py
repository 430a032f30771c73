# SPDX-License-Identifier: GPL-3.0-or-later
"""A mask as it is in one frame, and what it does to the layer there."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import cv2
import numpy as np

from ...cache.base.key import Key, Scalar
from ...face.types import Floats, Levels
from ...geometry.levels import as_type_of, is_deep
from ..patch import Patch
from .raster import DrawnLayer, Window, draw_layers

VERSION = 1
_RIM_PIXELS = 2


@dataclass(frozen=True, eq=False)
class DrawnMask:
    """A mask in one frame: its layers, with their points there, and its mode, one of `recipe.roto.MODES`."""

    layers: tuple[DrawnLayer, ...]
    mode: str


def masks_key_inputs(masks: Sequence[DrawnMask]) -> dict[str, Scalar | Key]:
    """Return what masks add to the key of what is fused: what their look depends on in the frame, or nothing."""
    if not masks:
        return {}
    digest = sha256()
    for mask in masks:
        digest.update(f"{mask.mode}\n".encode())
        for drawn in mask.layers:
            layer = drawn.layer
            fields = layer.blend, layer.falloff, layer.invert, layer.holes, layer.splines
            digest.update(f"{fields!r} {drawn.opacity!r}\n".encode())
            for points in drawn.points:
                digest.update(np.ascontiguousarray(points).tobytes())
    return {"roto": digest.digest(), "roto_version": VERSION}


def draw_masks(masks: Sequence[DrawnMask], mode: str, window: Window) -> Floats | None:
    """Draw the masks of a mode, over each other; None where there is none.

    Parameters
    ----------
    masks : sequence of DrawnMask
        The masks of a face.
    mode : str
        One of `recipe.roto.MODES`.
    window : Window
        Which part of the frame.

    Returns
    -------
    ndarray, shape (height, width), float32, or None
        0 to 1.
    """
    drawn = [draw_layers(mask.layers, window) for mask in masks if mask.mode == mode]
    if not drawn:
        return None
    open_share = np.ones_like(drawn[0])
    for matte in drawn:
        open_share *= 1 - matte
    return np.asarray(1 - open_share, np.float32)


def subtract_masks(patch: Patch, masks: Sequence[DrawnMask], size: tuple[int, int]) -> Patch:
    """Take masks from a new face: what they cover shows the original.

    Parameters
    ----------
    patch : Patch
        The new face.
    masks : sequence of DrawnMask
        The masks; those that add are passed over.
    size : tuple of int
        Width and height of the frame in pixels.

    Returns
    -------
    Patch
        Where nothing is shown it is black, as `fuse.fuse_crop` leaves it.
    """
    height, width = patch.pixels.shape[:2]
    matte = draw_masks(masks, "subtract", Window(size, patch.left, patch.top, width, height))
    if matte is None or not matte.any():
        return patch
    shown = np.asarray(patch.pixels[..., 3] * (1 - matte), np.float32)
    alpha = as_type_of(patch.pixels, shown if is_deep(patch.pixels) else np.round(shown))
    return Patch(patch.left, patch.top, _with_alpha(patch.pixels, alpha))


def _with_alpha(pixels: Levels, alpha: Levels) -> Levels:
    side = 2 * _RIM_PIXELS + 1
    rim = np.asarray(cv2.dilate(np.asarray(alpha > 0, np.uint8), np.ones((side, side), np.uint8)))
    layer = pixels.copy()
    layer[..., 3] = alpha
    layer[rim == 0] = 0
    return layer
