# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip with two people, made from the demo's own clip: side by side with her mirror image in other colours."""

from fractions import Fraction

import cv2
import numpy as np
from understudy.core.export.movie_writer import VideoWriter
from understudy.core.media.open import open_clip

HEIGHT, HALF = 360, 320
_TINT = np.array([0.62, 0.5, 0.42], np.float32)
_LIFT = np.array([8.0, 22.0, 46.0], np.float32)


def write_couple(source, target, frames):
    """Write `frames` frames of 640 x 360 from the movie `source` of that size."""
    with open_clip(source) as clip, VideoWriter(target, 2 * HALF, HEIGHT, Fraction(30)) as writer:
        for number in range(frames):
            left = _half(clip.read(number))
            right = _half(clip.read(frames - 1 - number))[:, ::-1].astype(np.float32)
            other = np.clip(right * _TINT + _LIFT, 0, 255).astype(np.uint8)
            writer.write(np.hstack([left, other]))


def write_first_frame(movie, target):
    """Write the first frame of a movie as a picture: two people to choose from."""
    with open_clip(movie) as clip:
        cv2.imwrite(str(target), np.ascontiguousarray(clip.read(0)[..., ::-1]))


def _half(frame):
    middle = frame.shape[1] // 2
    return frame[:, middle - HALF // 2 : middle + HALF // 2]
