# SPDX-License-Identifier: GPL-3.0-or-later
"""A fused face whose form was changed: laid over the frame's own picture, which was moved along with it."""

from dataclasses import replace

import cv2
import numpy as np

from ..analysis.maskers.contract import OcclusionMask
from ..face.types import Floats, Levels
from ..geometry.crop import invert_affine, transform_points
from ..geometry.glasses import band_matrix
from ..geometry.levels import as_type_of, is_deep
from ..geometry.outline import bounds_around
from ..geometry.row_bands import row_bands
from ..recipe import Fusion
from ..swap.shape import FaceWarp
from .patch import Patch
from .skin_tone import SkinTone

VERSION = 6
"""Of all that a fuse with another form adds: it counts up with `edge_light` and `grain` too."""
# Tuned on the clips 02, 03, 05, 06, 07 and 09 of the test footage with other portraits than those of the pairs that are
# reported: further out, harder and broader takes more of the source, until the edge or a second light is seen.
_PADDING_PERCENT = -2.0
_BLUR_FACTOR = 0.6
_RADIUS_FACTOR = 2.0
_OPAQUE = 255


def widen_for_shape(params: Fusion, amount: float) -> Fusion:
    """Return how a face is fused that has the source's form by `amount` 0..1: with more of the source's look.

    The picture around it moves along, and its edge is brought to what is around it. So the mask may reach further, with
    a harder edge, and light is compared in the large, so that the form's own shades stay.
    """
    return replace(
        params,
        mask_padding=params.mask_padding + _PADDING_PERCENT * amount,
        mask_blur=params.mask_blur * (1 + (_BLUR_FACTOR - 1) * amount),
        light_radius=params.light_radius * (1 + (_RADIUS_FACTOR - 1) * amount),
    )


def lay_on_picture(
    face: Patch, face_warp: FaceWarp, amount: float, size: tuple[int, int], tone: SkinTone | None = None
) -> Patch:
    """Lay a fused face over the moved picture.

    Parameters
    ----------
    face : Patch
        The face.
    face_warp : FaceWarp
        The picture and where it lies.
    amount : float
        0 to 1, how much of the result is shown: face and picture fade together.
    size : tuple of int
        Width and height of the frame in pixels.
    tone : SkinTone, optional
        What the picture's skin takes of the face's tone first.

    Returns
    -------
    Patch
        Both.
    """
    height, width = face_warp.picture.shape[:2]
    face_height, face_width = face.pixels.shape[:2]
    left, top = min(face_warp.left, face.left), min(face_warp.top, face.top)
    right = min(max(face_warp.left + width, face.left + face_width), size[0])
    bottom = min(max(face_warp.top + height, face.top + face_height), size[1])
    layer = as_type_of(face.pixels, np.zeros((bottom - top, right - left, 4), face.pixels.dtype))
    picture = layer[
        face_warp.top - top : face_warp.top - top + height,
        face_warp.left - left : face_warp.left - left + width,
    ]
    picture[:] = face_warp.picture
    if tone is not None:
        tone.apply(picture)
    there = layer[
        face.top - top : face.top - top + face_height, face.left - left : face.left - left + face_width
    ]
    _lay_over(face.pixels[: there.shape[0], : there.shape[1]], there)
    if amount < 1 and is_deep(layer):
        np.multiply(layer[..., 3], np.float32(amount), out=layer[..., 3])
    elif amount < 1:
        faded = np.round(np.arange(256, dtype=np.uint8) * np.float32(amount)).astype(np.uint8)
        cv2.insertChannel(cv2.LUT(cv2.extractChannel(layer, 3), faded), layer, 3)
    return Patch(left, top, layer)


def _lay_over(above: Levels, below: Levels) -> None:
    """Lay an RGBA image over another of its size, both with straight alpha; the other becomes the result."""
    if is_deep(above):
        for rows in row_bands(len(above)):
            _blend_over(above[rows], below[rows])
        return
    place = bounds_around(np.asarray(cv2.extractChannel(above, 3), np.uint8), 0)
    above, below = above[place], below[place]
    if not above.size:
        return
    alpha = np.asarray(cv2.extractChannel(above, 3), np.uint8)
    # Bytes are the upper ones where these are opaque, and stay as they are where nothing is above them. Only a third of
    # a face is neither: a row of pixels.
    soft = alpha + np.uint8(1) > 1
    upper, lower = (image.view(np.uint32)[..., 0] for image in (above, below))
    high, mixed = (row[soft].view(np.uint8).reshape(1, -1, 4) for row in (upper, lower))
    cv2.copyTo(above, alpha, below)
    if soft.any():
        _blend_over(high, mixed)
        lower[soft] = mixed.view(np.uint32).ravel()


def _blend_over(above: Levels, below: Levels) -> None:
    """Lay an image over another as `_lay_over` does, wherever its alpha."""
    upper, lower = (np.asarray(cv2.extractChannel(image, 3), np.float32) for image in (above, below))
    alpha = upper + lower * (1 - upper / np.float32(_OPAQUE))
    share = upper / np.maximum(alpha, np.float32(1e-3))
    cv2.blendLinear(above, below, share, 1 - share, dst=below)
    cv2.insertChannel(alpha if is_deep(below) else np.round(alpha).astype(np.uint8), below, 3)


def move_mask(mask: OcclusionMask, face_warp: FaceWarp) -> OcclusionMask:
    """Return what covers a face in the moved picture.

    Parameters
    ----------
    mask : OcclusionMask
        What covers it in the frame.
    face_warp : FaceWarp
        How the picture around the face was moved.

    Returns
    -------
    OcclusionMask
        Of the same size.
    """
    height, width = mask.visible.shape
    places = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).reshape(-1, 2).astype(np.float32)
    in_frame = transform_points(places, invert_affine(mask.matrix))
    warp = face_warp.warp
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


def glasses_rims(face_warp: FaceWarp) -> OcclusionMask | None:
    """Return where the rims of a moved face's glasses cover it, in the band around its eyes; None without glasses."""
    if not face_warp.rims.size:
        return None
    return OcclusionMask(np.asarray(255 - face_warp.rims, np.uint8), band_matrix(face_warp.landmarks))
