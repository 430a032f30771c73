# SPDX-License-Identifier: GPL-3.0-or-later
"""The clip with something painted over the face in some of its frames."""

from fractions import Fraction

import numpy as np
from understudy.core.export.movie_writer import VideoWriter
from understudy.core.media.open import open_clip


def write_painted_clip(source, target, count, paint):
    """Write `count` frames of the movie `source` of 640 x 360, each as `paint(number, image)` leaves it."""
    with open_clip(source) as clip, VideoWriter(target, 640, 360, Fraction(24)) as writer:
        for number in range(count):
            image = np.array(clip.read(number), np.uint8)
            paint(number, image)
            writer.write(image)
    return target


def write_hidden_clip(source, target, count, hidden):
    """Write `count` frames of the clip, with a board before the face in those of `hidden`."""

    def paint(number, image):
        if number in hidden:
            # Of the size of the face: a larger one would be a cut.
            image[104:244, 298:424] = (150, 110, 90)

    return write_painted_clip(source, target, count, paint)
