# SPDX-License-Identifier: GPL-3.0-or-later
"""A small image of a face, for an editor to know the person by."""

import numpy as np

from ..face.types import Face, Floats, Pixels
from ..geometry.crop import crop_matrix, warp_crop

FACE_THUMBNAIL_PIXELS = 96
"""Width and height in pixels."""

_CROP_SCALE = 1.55


def face_thumbnail(frame: Pixels, face: Face) -> Pixels:
    """Cut a face with some of the head out of an (H, W, 3) RGB uint8 frame: (96, 96, 3), as upright as the frame.

    A head that tips stays tipped, as in the clip.
    """
    box = face.box
    side = _CROP_SCALE * float(max(box[2] - box[0], box[3] - box[1], 1.0))
    # Hair is higher above the face than the neck below it is of use.
    centre = np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2 - 0.06 * side], np.float32)
    return warp_crop(frame, crop_matrix(centre, side, 0.0, FACE_THUMBNAIL_PIXELS), FACE_THUMBNAIL_PIXELS)


def to_icon_pixels(image: Pixels) -> Floats:
    """Return an (H, W, 3) RGB uint8 image as Blender's icons: RGBA, 0 to 1, the lowest row first, (H * W * 4,)."""
    opaque = np.dstack([image, np.full(image.shape[:2], 255, np.uint8)])
    return np.asarray(opaque[::-1].reshape(-1) / np.float32(255), np.float32)
