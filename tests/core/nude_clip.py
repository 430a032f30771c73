# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip of two shots with a face, of which the second shows what the stand-in of NudeNet takes for nudity."""

from fractions import Fraction
from pathlib import Path

import numpy as np
from models import stand_ins
from models.stand_in_swappers import state
from understudy.core.export.movie_writer import VideoWriter

from tests.core import face_clip

FPS = Fraction(4)
FRAMES, CUT, NUDE_FRAME = 24, 12, 16
MAGENTA = (255, 0, 255)


def frame(number: int) -> np.ndarray:
    """Frame `number`, (360, 480, 3) uint8 RGB: from the cut on mirrored and green, and once with a magenta corner."""
    pixels = face_clip.frame(number)
    if number >= CUT:
        left, top = pixels[:, ::-1], np.array([0.7, 1.0, 0.7])
        pixels = np.ascontiguousarray((left * top).astype(np.uint8))
    if number == NUDE_FRAME:
        pixels[:32, :32] = MAGENTA
    return pixels


def write_clip(path: Path) -> Path:
    """Write the clip as a movie."""
    with VideoWriter(path, face_clip.WIDTH, face_clip.HEIGHT, FPS) as writer:
        for number in range(FRAMES):
            writer.write(frame(number))
    return path


def write_model(folder: Path) -> Path:
    """Put the stand-in of NudeNet into a folder of models, and say what it is; return the folder."""
    folder.mkdir(exist_ok=True)
    state(stand_ins.write_nudenet(folder / "stand_in.onnx"), "safeguard/nudenet")
    return folder
