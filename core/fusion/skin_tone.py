# SPDX-License-Identifier: GPL-3.0-or-later
"""Let the skin around a face take the face's tone: neck, ears and the rest of the forehead.

How the fused face's tone differs from the target's own is measured all over the face and drawn out smoothly beyond its
edge. Only what looks like the target's own skin takes it, less and less with the distance. Everything is measured in a
small image.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from ..face.types import Floats, Levels
from ..geometry.channels import spread_channels
from ..geometry.face_features import feature_mask
from ..geometry.levels import as_floats, as_type_of, is_deep, limit_levels
from ..geometry.low_pass import low_pass, weighted_low_pass
from ..geometry.mesh_topology import Topology
from ..geometry.skin_model import skin_likeness
from ..geometry.smoothstep import smoothstep
from .colour import DARK_OFFSET_LEVELS
from .mask import inside_distance

VERSION = 4
_SMALL_PIXELS = 72
_SIGMA_SHARE = 0.18
"""How far the tone is drawn out, of the face's height: the standard deviation of its low-pass."""
_FADE_SHARE = 0.3
"""How far beyond the face's outline its tone ends, of the face's height."""
_MAX_LOG_GAIN = 0.6
_SKIN_BLUR_PIXELS = 1.5
_SHOWN_LEVELS = 128
"""The alpha from which a pixel of the face tells the tone."""
_LEAST_SHARE = 0.1
_NO_CHANGE = 1 / 512
_BAND_CELLS = 4
_TOLERANCE = 0.8


@dataclass(frozen=True, eq=False)
class SkinTone:
    """What gives the skin around a face the face's tone.

    Attributes
    ----------
    gain
        (h, w, 3) float32: what the picture's colours are multiplied with, in cells of it.
    step
        How many pixels of the picture a cell is wide and high.
    """

    gain: Floats
    step: int

    def apply(self, picture: Levels) -> None:
        """Change a picture, (H, W, 4) RGBA with straight alpha in levels, of the size that this was measured in."""
        _multiply(picture, self.gain, self.step)


def measure_skin_tone(
    picture: Levels, face: Levels, corner: tuple[int, int], points: Floats, amount: float, topology: Topology
) -> SkinTone:
    """Return what gives the skin of the picture around a face the face's tone.

    Parameters
    ----------
    picture : ndarray, shape (h, w, 4), uint8 or float32 in levels
        That of the target's own face: RGBA with straight alpha, black where it is transparent.
    face : ndarray, shape (h', w', 4), as `picture`
        RGBA that will be laid over it.
    corner : tuple of int
        x and y of its upper left pixel in the picture, which may lie outside.
    points : ndarray, shape (>=468, 2 or 3)
        The face's landmarks in pixels of the picture.
    amount : float
        0 to 1, from the picture as it is to all of it.
    topology : Topology
        The canonical face mesh.

    Returns
    -------
    SkinTone
        For this picture.
    """
    height, width = picture.shape[:2]
    # By a whole number, which takes a fifth of the time; an even one, as every other row is enough.
    step = 2 * -(-max(height, width) // (2 * _SMALL_PIXELS))
    small = max(width // step, 1), max(height // step, 1)
    at = np.asarray((points[:468, :2] + 0.5) / step - 0.5, np.float32)
    own, cover = _reduce(picture, small, step)
    shown, alpha = _reduce_face(face, corner, (height, width), small, step)
    features = feature_mask(at, small, topology)
    bare = 1 - features.astype(np.float32) / 255
    weight = alpha * cover * bare
    offset = np.float32(DARK_OFFSET_LEVELS)
    ratio = np.clip(np.log((shown + offset) / (own + offset)), -_MAX_LOG_GAIN, _MAX_LOG_GAIN)
    face_height = max(float(np.linalg.norm(at[10] - at[152])), 1.0)
    sigma = _SIGMA_SHARE * face_height
    tone = weighted_low_pass(np.asarray(ratio, np.float32), weight, low_pass(weight, sigma), sigma)
    beyond = -np.minimum(inside_distance(at[topology.oval], small, signed=True), 0)
    share = smoothstep(1 - beyond / np.float32(_FADE_SHARE * face_height))
    # Stricter than for what covers a face: hair of the skin's hue and pale walls would take the tone.
    likeness = skin_likeness(np.round(own).astype(np.uint8), at, weight, topology, _TOLERANCE, features)
    likeness = cv2.erode(likeness, np.ones((3, 3), np.uint8)) * cover * bare
    share = share * cv2.GaussianBlur(np.asarray(likeness, np.float32), (0, 0), _SKIN_BLUR_PIXELS)
    gain = np.exp(spread_channels(np.float32(amount) * share) * tone)
    return SkinTone(np.asarray(gain, np.float32), step)


def _multiply(picture: Levels, gain: Floats, step: int) -> None:
    """Multiply the colours of a picture, in place, by a gain (h, w, 3) that is smaller by the factor `step`."""
    away = np.abs(gain - 1)
    # NumPy's own maximum takes ten times as long on so short an axis.
    farthest = np.maximum(np.maximum(away[..., 0], away[..., 1]), away[..., 2])
    differs = np.asarray(farthest > _NO_CHANGE, np.uint8)
    if not differs.any():
        return
    x, y, columns, rows = cv2.boundingRect(differs)
    # A cell more on either side, where there is one: what lies between two of them depends on both.
    left, top = max(x - 1, 0), max(y - 1, 0)
    right, bottom = min(x + columns + 1, gain.shape[1]), min(y + rows + 1, gain.shape[0])
    with_alpha = cv2.insertChannel(
        np.ones((bottom - top, right - left), np.float32),
        cv2.cvtColor(gain[top:bottom, left:right], cv2.COLOR_RGB2RGBA),
        3,
    )
    # What is left of a cell at the picture's end belongs to the last one.
    down = picture.shape[0] % step if bottom == gain.shape[0] else 0
    across = picture.shape[1] % step if right == gain.shape[1] else 0
    part = picture[top * step : bottom * step + down, left * step : right * step + across]
    # A few rows at a time, in the same memory, so that all of it stays in the processor's cache.
    width = (right - left) * step
    memory = np.empty(((_BAND_CELLS + 2) * step, width + across, 4), np.float32)
    for first in range(0, len(with_alpha), _BAND_CELLS):
        last = min(first + _BAND_CELLS, len(with_alpha))
        before, after = max(first - 1, 0), min(last + 1, len(with_alpha))
        size = width, (after - before) * step
        cv2.resize(with_alpha[before:after], size, memory[: size[1], :width], interpolation=cv2.INTER_LINEAR)
        memory[: size[1], width:] = memory[: size[1], width - 1 : width]
        below = down if last == len(with_alpha) else 0
        if below:
            memory[size[1] : size[1] + below] = memory[size[1] - 1]
        band = part[first * step : last * step + below]
        full = memory[(first - before) * step :][: len(band)]
        if is_deep(band):
            limit_levels(np.multiply(band, full, out=as_floats(band)), in_place=True)
            continue
        cv2.multiply(band, full, dst=band, dtype=cv2.CV_8U)


def _reduce(image: Levels, size: tuple[int, int], step: int) -> tuple[Floats, Floats]:
    """Reduce the colours of an RGBA image by `step` to `size` (width, height); it is black where it is transparent.

    Returns (h, w, 3) float32 in levels, and how much of each pixel there is, (h, w) float32 0..1.
    """
    return _reduce_rows(image[: size[1] * step : 2, : size[0] * step], size)


def _reduce_rows(rows: Levels, size: tuple[int, int]) -> tuple[Floats, Floats]:
    """Reduce every other row of an image, see `_reduce`."""
    part = cv2.resize(rows, size, interpolation=cv2.INTER_AREA)
    _, mask = cv2.threshold(cv2.extractChannel(rows, 3), 0, 255, cv2.THRESH_BINARY)
    share = np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), np.float32) / 255
    return np.asarray(part[..., :3] / spread_channels(np.maximum(share, _LEAST_SHARE)), np.float32), share


def _reduce_face(
    face: Levels, corner: tuple[int, int], frame: tuple[int, int], size: tuple[int, int], step: int
) -> tuple[Floats, Floats]:
    """Reduce what is mostly shown of a face as `_reduce` does, in its place in a picture of `frame` (height, width)."""
    colours, share = np.zeros((size[1], size[0], 3), np.float32), np.zeros((size[1], size[0]), np.float32)
    left, top = corner
    x, y = max(left, 0), max(top, 0)
    right, bottom = min(left + face.shape[1], frame[1]), min(top + face.shape[0], frame[0])
    first, last = (x // step, y // step), (min(-(-right // step), size[0]), min(-(-bottom // step), size[1]))
    if first[0] >= last[0] or first[1] >= last[1]:
        return colours, share
    # Of the picture's rows `_reduce` takes the even ones.
    canvas = as_type_of(
        face, np.zeros(((last[1] - first[1]) * step // 2, (last[0] - first[0]) * step, 4), np.uint8)
    )
    y += y % 2
    first_row = (y - first[1] * step) // 2
    part = face[y - top : bottom - top : 2, x - left : right - left]
    place = canvas[first_row : first_row + len(part), x - first[0] * step : right - first[0] * step]
    part = part[: len(place), : place.shape[1]]
    _, mask = cv2.threshold(cv2.extractChannel(part, 3), _SHOWN_LEVELS - 1, 255, cv2.THRESH_BINARY)
    cv2.copyTo(part, np.asarray(mask, np.uint8), place)
    cells = slice(first[1], last[1]), slice(first[0], last[0])
    colours[cells], share[cells] = _reduce_rows(canvas, (last[0] - first[0], last[1] - first[1]))
    return colours, share
