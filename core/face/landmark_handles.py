# SPDX-License-Identifier: GPL-3.0-or-later
"""The handles that a person moves a face mesh by: a name, and the landmark that the handle is on.

Left and right are the image's.
"""

from collections.abc import Mapping

HANDLES: Mapping[str, int] = {
    "forehead": 10,
    "left_temple": 127,
    "right_temple": 356,
    "left_jaw": 172,
    "right_jaw": 397,
    "chin": 152,
    "left_brow": 105,
    "right_brow": 334,
    "left_eye": 468,
    "right_eye": 473,
    "nose": 4,
    "mouth_left": 61,
    "mouth_right": 291,
    "upper_lip": 0,
    "lower_lip": 17,
}
"""In the order in which offsets of handles are given."""
HANDLE_COUNT = len(HANDLES)
NOSE_LINES = (168, 6, 197, 195, 5, 4, 1, 19, 94, 2), (98, 97, 2, 326, 327)
"""The landmarks along the bridge of the nose and below it, for drawing."""
EYES_TO_CHIN = 1.46
"""How many times the way from the eyes to the chin a face is high, in the mesh's canonical shape."""
