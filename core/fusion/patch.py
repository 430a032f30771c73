# SPDX-License-Identifier: GPL-3.0-or-later
"""A fused face, and laying faces over each other and over a frame."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..face.types import Floats, Levels, Pixels
from ..geometry.levels import as_type_of, is_deep, round_levels
from ..geometry.row_bands import row_bands


@dataclass(frozen=True, eq=False)
class Patch:
    """A fused face: (h, w, 4) RGBA with straight alpha, its upper left corner in frame pixels.

    The pixels are uint8, or float32 in levels of 255 where the clip has more than 8 bits.
    """

    left: int
    top: int
    pixels: Levels


@dataclass(frozen=True, eq=False)
class LightPatch:
    """A fused face as a clip of light has it, its upper left corner in frame pixels.

    Attributes
    ----------
    pixels
        (h, w, 4) float32: RGB in the clip's own numbers, and straight alpha from 0 to 1.
    """

    left: int
    top: int
    pixels: Floats


FootagePatch = Patch | LightPatch
"""A fused face in the numbers of its clip."""


def composite_patches(patches: Sequence[Patch], size: tuple[int, int]) -> Patch | None:
    """Lay patches over each other, the last on top, into one for a frame of (width, height); None if empty.

    Their colors may be light, as floats, if that of all is.
    """
    patches = [patch for patch in patches if patch.pixels.size]
    if not patches:
        return None
    if len(patches) == 1:
        return patches[0]
    left, top = min(patch.left for patch in patches), min(patch.top for patch in patches)
    right = min(max(patch.left + patch.pixels.shape[1] for patch in patches), size[0])
    bottom = min(max(patch.top + patch.pixels.shape[0] for patch in patches), size[1])
    canvas = as_type_of(patches[0].pixels, np.zeros((bottom - top, right - left, 4), patches[0].pixels.dtype))
    for patch in patches:
        height, width = patch.pixels.shape[:2]
        rows = slice(patch.top - top, patch.top - top + height)
        columns = slice(patch.left - left, patch.left - left + width)
        over = _alpha_over(canvas[rows, columns], patch.pixels)
        canvas[rows, columns] = over if is_deep(canvas) else np.round(over).astype(np.uint8)
    return Patch(left, top, canvas)


def _alpha_over(below: Levels, above: Levels) -> Floats:
    """Straight-alpha "over" of two RGBA images in levels."""
    upper, lower = above[..., 3:].astype(np.float32) / 255, below[..., 3:].astype(np.float32) / 255
    shown = lower * (1 - upper)
    alpha = upper + shown
    rgb = (above[..., :3] * upper + below[..., :3] * shown) / np.maximum(alpha, 1e-6)
    return np.asarray(np.concatenate([rgb, alpha * 255], 2), np.float32)


def composite_on_frame(frame: Pixels, patch: Patch | None) -> Pixels:
    """Lay a patch over an (H, W, 3) RGB uint8 frame. Pixels where it is transparent stay exactly the frame's."""
    if patch is None:
        return frame
    # Layers are labelled, and untouched renders checked, without OpenCV.
    import cv2

    out, pixels = frame.copy(), round_levels(patch.pixels)
    height, width = pixels.shape[:2]
    region = out[patch.top : patch.top + height, patch.left : patch.left + width]
    for rows in row_bands(height):
        alpha = cv2.merge([pixels[rows, :, 3]] * 3).astype(np.uint16)
        mixed = region[rows].astype(np.uint16) * (255 - alpha) + pixels[rows, :, :3] * alpha
        region[rows] = (mixed + 127) // 255
    return out
