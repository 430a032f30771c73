# SPDX-License-Identifier: GPL-3.0-or-later
"""Which part of a frame the cells of a column show, and the thumbnail of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ..face.types import Floats, Pixels

_FACE_SHARE = 0.5
"""How much of a cell's side the faces take: the head and some of what is around it is seen."""
_GROUND = 24


@dataclass(frozen=True)
class View:
    """A part of a frame, in whole pixels.

    Attributes
    ----------
    rows, columns : slice
        The part.
    size : int
        The longer side of its thumbnail in pixels.
    is_square : bool
        Whether the thumbnail is filled up to a square.
    """

    rows: slice
    columns: slice
    size: int
    is_square: bool

    def thumbnail(self, frame: Pixels) -> Pixels:
        """Return the part of a frame, its longer side `size` pixels long.

        Parameters
        ----------
        frame : ndarray, shape (H, W, 3), uint8
            The frame, RGB.

        Returns
        -------
        ndarray, shape (h, w, 3), uint8
            The part, RGB, pixel for pixel where it is as large as that.
        """
        part = frame[self.rows, self.columns]
        height, width = part.shape[:2]
        scale = self.size / max(height, width)
        small = max(round(width * scale), 1), max(round(height * scale), 1)
        if small != (width, height):
            way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
            part = np.asarray(cv2.resize(np.ascontiguousarray(part), small, interpolation=way), np.uint8)
        if not self.is_square or small[0] == small[1]:
            return part.copy()
        square = np.full((self.size, self.size, 3), _GROUND, np.uint8)
        top, left = (self.size - small[1]) // 2, (self.size - small[0]) // 2
        square[top : top + small[1], left : left + small[0]] = part
        return square


def frame_view(size: tuple[int, int], side: int) -> View:
    """Return the view of whole frames of (width, height), whose thumbnails are `side` pixels long."""
    return View(slice(0, size[1]), slice(0, size[0]), side, is_square=False)


def face_view(boxes: Sequence[Floats], size: tuple[int, int], side: int) -> View:
    """Return the view of the faces in a frame, with the heads around them.

    Parameters
    ----------
    boxes : sequence of ndarray, shape (4,)
        Left, top, right and bottom of each face in frame pixels; none for all of the frame.
    size : tuple of int
        Width and height of the frame.
    side : int
        The side of the thumbnail, which is square, in pixels.

    Returns
    -------
    View
        A square, within the frame; all of the frame where a square can't hold the faces.
    """
    width, height = size
    whole = View(slice(0, height), slice(0, width), side, is_square=True)
    if not boxes:
        return whole
    corners = np.stack([np.asarray(box, np.float64) for box in boxes])
    low = np.maximum(corners[:, :2].min(0), 0)
    high = np.minimum(corners[:, 2:].max(0), size)
    extent = float((high - low).max())
    length = min(max(round(extent / _FACE_SHARE), 1), width, height)
    if extent > length or not (high > low).all():
        return whole
    left, top = (
        int(np.clip(np.floor((low[axis] + high[axis] - length) / 2 + 0.5), 0, size[axis] - length))
        for axis in (0, 1)
    )
    return View(slice(top, top + length), slice(left, left + length), side, is_square=True)
