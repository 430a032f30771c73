# SPDX-License-Identifier: GPL-3.0-or-later
"""A small image of a face, for an editor to know the person by."""

import numpy as np

from ..face.types import Face, Floats, Pixels
from ..geometry.crop import crop_matrix, warp_crop

FACE_THUMBNAIL_PIXELS = 96
"""Width and height in pixels."""

_CROP_SCALE = 1.55


def face_thumbnail(frame: Pixels, face: Face) -> Pixels:
    """Cut a face with some of the head out of a frame. A head that tips stays tipped, as in the clip.

    Parameters
    ----------
    frame : ndarray, shape (H, W, 3), uint8
        The frame, RGB.
    face : Face
        The face, in its pixels.

    Returns
    -------
    ndarray, shape (96, 96, 3), uint8
        The face, RGB, as upright as the frame.
    """
    box = face.box
    side = _CROP_SCALE * float(max(box[2] - box[0], box[3] - box[1], 1.0))
    # Hair is higher above the face than the neck below it is of use.
    centre = np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2 - 0.06 * side], np.float32)
    return warp_crop(frame, crop_matrix(centre, side, 0.0, FACE_THUMBNAIL_PIXELS), FACE_THUMBNAIL_PIXELS)


def to_icon_pixels(image: Pixels) -> Floats:
    """Return an image as Blender's icons are.

    Parameters
    ----------
    image : ndarray, shape (H, W, 3), uint8
        The image, RGB.

    Returns
    -------
    ndarray, shape (H * W * 4,), float32
        RGBA, 0 to 1, the lowest row first.
    """
    opaque = np.dstack([image, np.full(image.shape[:2], 255, np.uint8)])
    return np.asarray(opaque[::-1].reshape(-1) / np.float32(255), np.float32)
