# SPDX-License-Identifier: GPL-3.0-or-later
"""Fill what a person's images do not show of their skin with skin of their own, out to the face's outline.

A fringe hides the forehead, a collar the jaw, and a turned head one cheek. There, the colour of the skin around is
spread, and the grain of its calmest patch is laid over it. Features are not skin: what is hidden of brows, eyes and
lips stays hidden.
"""

import cv2
import numpy as np

from ..face.types import Floats, Pixels
from ..geometry.face_features import feature_mask
from ..geometry.mesh_raster import fill_polygons
from ..geometry.mesh_topology import Topology
from ..geometry.outline import convex_hull, grow_outline
from ..geometry.row_bands import row_bands
from ..geometry.smoothstep import smoothstep

_COLOUR_PIXELS = 192
_COLOUR_SIGMAS = (48.0, 20.0, 8.0)
"""Of the spreading of colour, in pixels of 192: where little is shown nearby, what is shown farther away decides."""
_ENOUGH_SHOWN = 0.35
_OUTLINE_MARGIN = 4
_FEATURE_EDGE_PIXELS = 10.0
_EYES_END = 0.45
"""Of the texture's height: eyes and brows lie above, nostrils and lips below."""
_EYE_GROWTH = 1.3
_BROW_HIDDEN, _BROW_SHOWN = 0.4, 0.7
"""How much of a brow is shown for none and all of the rest to be filled with skin."""
_PATCH_PIXELS = 64
_GRAIN_SIGMA_PIXELS = 3.0
_GRAIN_LIMIT = 0.06
"""Of 0..1: what differs more from the skin around it is a mole or a hair, not a pore."""
_GRAIN_PENALTY = 6.0
"""How much of a patch may be hidden to have this much less fine detail: wrinkles repeated would be a pattern."""


def fill_skin(texture: Pixels, coverage: Pixels, topology: Topology) -> tuple[Pixels, Pixels]:
    """Fill a texture (n, n, 3) uint8 RGB where its coverage (n, n) uint8 is low.

    Returns the texture and its coverage in the same form: 255 wherever there is skin now.
    """
    size = texture.shape[1], texture.shape[0]
    points = np.asarray(topology.layout * (size[0] - 1), np.float32)
    colours = np.asarray(texture.astype(np.float32) / 255, np.float32)
    covered = np.asarray(coverage.astype(np.float32) / 255, np.float32)
    features = feature_mask(points, size, topology).astype(np.float32) / 255
    skin = covered * (1 - features)
    if float(skin.sum()) < 1:
        return texture, coverage
    spread = _spread_colour(colours, skin)
    grain = _tile_grain(colours, skin)
    face = fill_polygons([points[topology.oval]], size)
    side = 2 * _OUTLINE_MARGIN + 1
    inside = cv2.dilate(face, np.ones((side, side), np.uint8)).astype(np.float32) / 255
    blank = _blank_features(features, points, covered, topology)
    added = (1 - covered) * inside * (1 - cv2.GaussianBlur(blank, (0, 0), _FEATURE_EDGE_PIXELS))
    total = covered + added
    mixed = np.empty_like(texture)
    for rows in row_bands(len(mixed)):
        share = (added[rows] / np.maximum(total[rows], 1e-3))[..., None]
        filled = np.clip(spread[rows] + grain[rows], 0, 1)
        mixed[rows] = np.round((colours[rows] * (1 - share) + filled * share) * 255)
    return mixed, np.round(total * 255).astype(np.uint8)


def _blank_features(features: Floats, points: Floats, covered: Floats, topology: Topology) -> Floats:
    """Draw where no skin may be filled in: eyes, lips, nostrils, and brows that are hidden: (n, n) float32 in 0..1.

    A brow that is mostly shown ends where it does: what is left blank beyond it shows the end of another person's.
    """
    size = covered.shape[1], covered.shape[0]
    drawn = features.copy()
    drawn[: round(_EYES_END * size[1])] = 0
    for brow, eye in (
        (topology.left_brow, topology.left_eye_ring),
        (topology.right_brow, topology.right_eye_ring),
    ):
        outline = fill_polygons([convex_hull(points[brow])], size) > 0
        shown = float(covered[outline].mean())
        share = (shown - _BROW_HIDDEN) / (_BROW_SHOWN - _BROW_HIDDEN)
        drawn[outline] = 1 - smoothstep(np.asarray(share, np.float32))
        drawn[fill_polygons([grow_outline(convex_hull(points[eye]), _EYE_GROWTH)], size) > 0] = 1
    return drawn


def _spread_colour(colours: Floats, skin: Floats) -> Floats:
    """Return the colour of the skin around each pixel: (n, n, 3) float32 in 0..1, where (n, n) tells what is skin."""
    small = (_COLOUR_PIXELS, _COLOUR_PIXELS)
    weight = np.asarray(cv2.resize(skin, small, interpolation=cv2.INTER_AREA), np.float32)
    weighed = cv2.resize(colours * skin[..., None], small, interpolation=cv2.INTER_AREA)
    mean = weighed.sum((0, 1)) / weight.sum()
    spread = np.broadcast_to(mean, (*small[::-1], 3)).astype(np.float32)
    for sigma in _COLOUR_SIGMAS:
        near = np.asarray(cv2.GaussianBlur(weight, (0, 0), sigma), np.float32)
        colour = cv2.GaussianBlur(weighed, (0, 0), sigma) / np.maximum(near, 1e-4)[..., None]
        share = smoothstep(near / np.float32(_ENOUGH_SHOWN))[..., None]
        spread = spread + share * (colour - spread)
    size = skin.shape[1], skin.shape[0]
    return np.asarray(cv2.resize(spread, size, interpolation=cv2.INTER_LINEAR), np.float32)


def _tile_grain(colours: Floats, skin: Floats) -> Floats:
    """Return the skin's own pores all over: the fine detail of its calmest patch, repeated: (n, n, 3) float32."""
    fine = colours - cv2.GaussianBlur(colours, (0, 0), _GRAIN_SIGMA_PIXELS)
    size = (_PATCH_PIXELS, _PATCH_PIXELS)
    strength = np.empty(skin.shape, np.float32)
    for rows in row_bands(len(strength)):
        red, green, blue = cv2.split(np.abs(fine[rows]))
        strength[rows] = cv2.max(cv2.max(red, green), blue)
    strength = np.asarray(cv2.blur(strength, size), np.float32)
    shown = cv2.blur(skin, size)
    half = _PATCH_PIXELS // 2
    calm = (shown - _GRAIN_PENALTY * strength)[half:-half, half:-half]
    row, column = np.unravel_index(int(calm.argmax()), calm.shape)
    patch = fine[row : row + _PATCH_PIXELS, column : column + _PATCH_PIXELS]
    patch = np.clip(patch - patch.mean((0, 1)), -_GRAIN_LIMIT, _GRAIN_LIMIT)
    # Each repetition is the last one's mirror image, so that no seam shows.
    double = np.concatenate([patch, patch[::-1]])
    tile = np.concatenate([double, double[:, ::-1]], 1)
    counts = [-(-side // (2 * _PATCH_PIXELS)) for side in skin.shape]
    return np.asarray(np.tile(tile, (*counts, 1))[: skin.shape[0], : skin.shape[1]], np.float32)
