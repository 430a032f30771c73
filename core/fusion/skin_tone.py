# SPDX-License-Identifier: GPL-3.0-or-later
"""Let the skin around a face take the face's tone: neck, ears and the rest of the forehead.

How the fused face's tone differs from the target's own is measured all over the face and drawn out smoothly beyond its
edge. Only what looks like the target's own skin takes it, less and less with the distance. Everything is measured in a
small image.
"""

import cv2
import numpy as np

from ..face.types import Floats, Pixels
from ..geometry.low_pass import low_pass, weighted_low_pass
from ..geometry.mesh_topology import Topology
from ..geometry.skin_model import feature_mask, skin_likeness
from ..geometry.smoothstep import smoothstep
from .colour import DARK_OFFSET_LEVELS
from .mask import inside_distance

VERSION = 1
_SMALL_PIXELS = 96
_SIGMA_SHARE = 0.18
"""How far the tone is drawn out, of the face's height: the standard deviation of its low-pass."""
_FADE_SHARE = 0.55
"""How far beyond the face's outline its tone ends, of the face's height."""
_MAX_LOG_GAIN = 0.6
_SKIN_BLUR_PIXELS = 1.5
_TOLERANCE = 0.8


def spread_skin_tone(
    picture: Pixels, face: Pixels, corner: tuple[int, int], points: Floats, amount: float, topology: Topology
) -> Pixels:
    """Return a picture around a face whose skin has the face's tone: (h, w, 4) RGBA uint8.

    `picture` is that of the target's own face, RGBA with straight alpha, black where it is transparent. `face`
    (h', w', 4) is what will be laid over it with its upper left pixel at `corner` (x, y), which may lie outside.
    `points` (>=468, 2 or 3) are the face's, in pixels of the picture. `amount` 0..1 goes from the picture to all of it.
    """
    height, width = picture.shape[:2]
    reduce = min(1.0, _SMALL_PIXELS / max(height, width))
    small = max(round(width * reduce), 1), max(round(height * reduce), 1)
    scale = np.array([small[0] / width, small[1] / height], np.float32)
    at = np.asarray((points[:468, :2] + 0.5) * scale - 0.5, np.float32)
    own, cover = _reduce(picture, np.asarray(picture[..., 3] > 0, np.uint8), small)
    above = np.zeros_like(picture)
    _paste(above, face, corner)
    shown, alpha = _reduce(above, np.asarray(above[..., 3] / np.float32(255)), small)
    features = feature_mask(at, small, topology).astype(np.float32) / 255
    weight = alpha * cover * (1 - features)
    offset = np.float32(DARK_OFFSET_LEVELS)
    ratio = np.clip(np.log((shown + offset) / (own + offset)), -_MAX_LOG_GAIN, _MAX_LOG_GAIN)
    face_height = max(float(np.linalg.norm(at[10] - at[152])), 1.0)
    sigma = _SIGMA_SHARE * face_height
    tone = weighted_low_pass(np.asarray(ratio, np.float32), weight, low_pass(weight, sigma), sigma)
    beyond = -np.minimum(inside_distance(at[topology.oval], small, signed=True), 0)
    share = smoothstep(1 - beyond / np.float32(_FADE_SHARE * face_height))
    # Stricter than for what covers a face: hair of the skin's hue and pale walls would take the tone.
    likeness = skin_likeness(np.round(own).astype(np.uint8), at, weight, topology, _TOLERANCE)
    likeness = cv2.erode(likeness, np.ones((3, 3), np.uint8)) * cover * (1 - features)
    share = share * cv2.GaussianBlur(np.asarray(likeness, np.float32), (0, 0), _SKIN_BLUR_PIXELS)
    gain = np.exp(np.float32(amount) * share[..., None] * tone)
    full = cv2.resize(np.asarray(gain, np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    rgb = cv2.multiply(cv2.cvtColor(picture, cv2.COLOR_RGBA2RGB), full, dtype=cv2.CV_8U)
    return np.asarray(cv2.insertChannel(picture[..., 3], cv2.cvtColor(rgb, cv2.COLOR_RGB2RGBA), 3), np.uint8)


def _reduce(image: Pixels, weight: Floats | Pixels, size: tuple[int, int]) -> tuple[Floats, Floats]:
    """Reduce the colours of an image to `size` (width, height) where they have weight: (h, w, 3), and (h, w) 0..1."""
    weight = np.asarray(weight, np.float32)
    rgb = cv2.cvtColor(image, cv2.COLOR_RGBA2RGB).astype(np.float32) * weight[..., None]
    near = np.asarray(cv2.resize(weight, size, interpolation=cv2.INTER_AREA), np.float32)
    mean = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA) / np.maximum(near, 1e-3)[..., None]
    return np.asarray(mean, np.float32), near


def _paste(canvas: Pixels, image: Pixels, corner: tuple[int, int]) -> None:
    """Copy what of an image lies on a canvas, its upper left pixel at `corner` (x, y)."""
    left, top = corner
    height, width = canvas.shape[:2]
    right, bottom = min(left + image.shape[1], width), min(top + image.shape[0], height)
    x, y = max(left, 0), max(top, 0)
    if x < right and y < bottom:
        canvas[y:bottom, x:right] = image[y - top : bottom - top, x - left : right - left]
