# SPDX-License-Identifier: GPL-3.0-or-later
"""What is seen on the screen, compared with what was rendered."""

import cv2
import numpy as np
from PIL import Image

FRAMES = 30
DARK_LEVELS = 64
"""What a handler draws is less exact below this in 5.2: the overlay has 8 bits, and another curve than Blender's."""


def read(path):
    """Read a picture, (H, W, 3) BGR uint8."""
    picture = cv2.imread(str(path))
    assert picture is not None, f"there is no {path}"
    return picture


def difference(first, second):
    """The largest difference of any channel, for each pixel."""
    return np.abs(first.astype(int) - second).max(2)


def check_overlay(shown, plain):
    """What a handler draws is where Blender has it, and as bright: exactly, but for dark pixels."""
    far = difference(shown, plain)
    assert far.max() < 10
    bright = far[plain.min(2) >= DARK_LEVELS]
    assert bright.max() < 5
    assert (bright > 2).sum() < 20


def crop_to_region(screen, region, *, above, below, beside):
    """Cut a region out of a picture of the screen, but for what is at its edges: how many pixels of each.

    `region` is its left, bottom, width and height, from the lower left of the screen.
    """
    left, low, width, height = region
    top = screen.shape[0] - low - height
    return screen[top + above : top + height - below, left + beside : left + width - beside]


def crop_to_frame(screen, frame):
    """Cut what shows a frame out of a picture of the screen, where it fits best."""
    fit = cv2.matchTemplate(screen, frame, cv2.TM_SQDIFF)
    about = np.unravel_index(fit.argmin(), fit.shape)
    height, width = frame.shape[:2]
    # The sums of squares are float32: of places beside each other a wrong one may have the least.
    low, high = np.maximum(np.subtract(about, 2), 0), np.minimum(np.add(about, 3), fit.shape)
    cuts = [
        screen[top : top + height, left : left + width]
        for top in range(low[0], high[0])
        for left in range(low[1], high[1])
    ]
    return min(cuts, key=lambda cut: int(cv2.norm(cut, frame, cv2.NORM_L1)))


def off(screen, frame):
    """Count the pixels of the preview that differ from a frame by more than 1.

    By 1 the screen rounds. The first and the last row are left out: an odd height puts them on a border.
    """
    return int((difference(crop_to_frame(screen, frame), frame)[1:-1] > 1).sum())


def keep_pictures(paths, folder):
    """Keep pictures of the screen, by their names, in 256 colors, for the documentation."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, path in paths.items():
        with Image.open(path) as picture:
            few = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
            few.save(folder / f"{name}.png", optimize=True)
