# SPDX-License-Identifier: GPL-3.0-or-later
"""A fused face whose form was changed: laid over the frame's own picture, which was moved along with it."""

from dataclasses import replace

import cv2
import numpy as np

from ..analysis.maskers.contract import OcclusionMask
from ..face.types import Floats
from ..geometry.crop import invert_affine, transform_points
from ..swap.shape import MovedFace
from .patch import Patch, composite_patches

VERSION = 1


def lay_on_moved_picture(face: Patch, moved: MovedFace, amount: float, size: tuple[int, int]) -> Patch:
    """Lay a fused face over the moved picture; `size` is the frame's (width, height).

    `amount`, 0 to 1, is how much of the result is shown: face and picture fade together.
    """
    around = Patch(moved.warp.left, moved.warp.top, np.dstack([moved.picture, moved.share]))
    both = composite_patches([around, face], size) or around
    pixels = both.pixels
    if amount < 1:
        pixels = pixels.copy()
        pixels[..., 3] = np.round(pixels[..., 3] * np.float32(amount))
    return replace(both, pixels=pixels)


def move_mask(mask: OcclusionMask, moved: MovedFace) -> OcclusionMask:
    """Return what covers a face in the moved picture, given what covers it in the frame."""
    height, width = mask.visible.shape
    places = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).reshape(-1, 2).astype(np.float32)
    in_frame = transform_points(places, invert_affine(mask.matrix))
    warp = moved.warp
    inside = (
        (in_frame >= (warp.left, warp.top))
        & (in_frame <= (warp.left + warp.width - 1, warp.top + warp.height - 1))
    ).all(1)
    taken: Floats = in_frame + warp.at(in_frame) * inside[:, None]
    where = transform_points(taken, mask.matrix).reshape(height, width, 2)
    visible = cv2.remap(
        mask.visible, where[..., 0], where[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return replace(mask, visible=np.asarray(visible, np.uint8))
