# SPDX-License-Identifier: GPL-3.0-or-later
"""Which frames of the reference footage are clean and which are bad, by eye.

The lists were made on sheets of all frames before the scan was written. Clean is a frame in which everybody who fills
more than a few pixels is seen whole, upright and from the front or from three quarters; what is in neither list was
left open: a face that a bar only begins to touch, a microphone before a mouth, faces of 25 pixels (clip 22).
"""

from collections.abc import Mapping

CLEAN_FRAMES: Mapping[str, tuple[range, ...]] = {
    "01": (range(5, 11), range(16, 19)),
    "02": (range(180),),
    "03": (range(180),),
    "04": (range(180),),
    "05": (range(210),),
    "06": (range(240),),
    "07": (range(240),),
    "08": (range(210),),
    "09": (range(240),),
    "20": (range(56),),
    "21": (range(41),),
    "23": (range(7, 11), range(17, 23)),
    "24": (range(82, 105),),
    "30": (range(180),),
    "31": (range(50), range(107, 150)),
    "32": (range(120), range(135, 240)),
    "33": (range(63),),
    "34": (range(11), range(110, 120)),
    "35": (range(120),),
}
"""By the first two digits of the clip's name; counted from 0."""

BAD_FRAMES: Mapping[str, tuple[range, ...]] = {
    "24": (range(24, 46),),  # a profile that fills the frame
    "31": (range(54, 72), range(80, 98)),  # the one behind is half hidden by the one in front
    "33": (range(74, 87), range(121, 138)),  # a bar across the face, a box over the eyes
    "34": (range(46, 75),),  # upside down
}
"""Frames in which nobody can be swapped well."""
