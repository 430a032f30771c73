# SPDX-License-Identifier: GPL-3.0-or-later
"""A fused face whose form was changed: laid over the frame's own picture, which was moved along with it."""

from dataclasses import replace

import cv2
import numpy as np

from ..analysis.maskers.contract import OcclusionMask
from ..face.types import Floats, Pixels
from ..geometry.crop import invert_affine, transform_points
from ..swap.shape import MovedFace
from .patch import Patch

VERSION = 1


def lay_on_moved_picture(face: Patch, moved: MovedFace, amount: float, size: tuple[int, int]) -> Patch:
    """Lay a fused face over the moved picture; `size` is the frame's (width, height).

    `amount`, 0 to 1, is how much of the result is shown: face and picture fade together.
    """
    height, width = moved.picture.shape[:2]
    face_height, face_width = face.pixels.shape[:2]
    left, top = min(moved.left, face.left), min(moved.top, face.top)
    right = min(max(moved.left + width, face.left + face_width), size[0])
    bottom = min(max(moved.top + height, face.top + face_height), size[1])
    layer = np.zeros((bottom - top, right - left, 4), np.uint8)
    layer[moved.top - top : moved.top - top + height, moved.left - left : moved.left - left + width] = (
        moved.picture
    )
    there = layer[
        face.top - top : face.top - top + face_height, face.left - left : face.left - left + face_width
    ]
    there[:] = _lay_over(face.pixels[: there.shape[0], : there.shape[1]], there)
    if amount < 1:
        layer[..., 3] = np.round(layer[..., 3] * np.float32(amount))
    return Patch(left, top, layer)


def _lay_over(above: Pixels, below: Pixels) -> Pixels:
    """Lay an RGBA image over another of its size, both with straight alpha."""
    upper, lower = above[..., 3].astype(np.float32), below[..., 3].astype(np.float32)
    alpha = upper + lower * (1 - upper / np.float32(255))
    share = upper / np.maximum(alpha, np.float32(1e-3))
    mixed = np.asarray(
        cv2.blendLinear(np.ascontiguousarray(above), np.ascontiguousarray(below), share, 1 - share), np.uint8
    )
    return np.asarray(cv2.insertChannel(np.round(alpha).astype(np.uint8), mixed, 3), np.uint8)


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
