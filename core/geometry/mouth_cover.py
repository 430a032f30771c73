# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell whether something of the skin's own color, such as a hand, hides a face's mouth; without a model.

Lips are darker, redder or pinker than the skin around them, however the mouth moves. Where there are none, and what
lies around their place is not one even skin either, something is in front of the mouth.
"""

import cv2
import numpy as np

from ..face.types import Floats, Pixels
from .mesh_raster import fill_polygons
from .mesh_topology import Indices, Topology
from .outline import convex_hull, grow_outline
from .smoothstep import smoothstep

_INNER_GROWTH, _OUTER_GROWTH = 1.25, 1.7
"""Where the skin around the lips begins and ends."""
_LIP_DIFFERENCES = np.array([-6.0, 5.0, -12.0], np.float32)
"""How far lips surely differ from that skin in lightness, in redness (CIELAB) and in hue (degrees): any one tells."""
_NO_LIPS, _SURE_LIPS = 0.85, 1.25
_EVEN, _UNEVEN = 13.0, 19.0
"""The median deviation of lightness times that of redness around lips, of skin and of what is something else.

All of these were tuned on the clips of the test footage: the hand with a microphone in 24 is found, and of 377 faces
in the 18 other clips that show any, one mouth counts as covered, by 0.4: that behind the box of 33."""
_LEAST_PIXELS = 12
_SMOOTH_SHARE, _EDGE_SHARE = 0.006, 0.03
_CHIN: Indices = np.array([176, 148, 152, 377, 400], np.int32)
_COVER_GROWTH = 1.5


def hide_mouth(bare: Floats, image: Pixels, points: Floats, topology: Topology) -> Floats:
    """Return where a face is bare, without its mouth and its chin where something hides these.

    Parameters
    ----------
    bare : ndarray, shape (H, W), float32
        0 to 1, 1 where a face shows its skin.
    image : ndarray, shape (H, W, 3), uint8
        The image, RGB; best at about 128 pixels.
    points : ndarray, shape (>=468, 2), float32
        The mesh, in its pixels.
    topology : Topology
        The mesh's parts.

    Returns
    -------
    ndarray, shape (H, W), float32
        0 to 1.
    """
    cover = mouth_cover(image, points, topology)
    if cover == 0:
        return bare
    size = image.shape[1], image.shape[0]
    outline = np.concatenate(
        [grow_outline(points[topology.outer_lips, :2], _COVER_GROWTH), points[_CHIN, :2]]
    )
    drawn = fill_polygons([convex_hull(outline)], size)
    soft = cv2.GaussianBlur(drawn, (0, 0), max(_EDGE_SHARE * size[1], 0.5)).astype(np.float32) / 255
    return np.asarray(bare * (1 - np.float32(cover) * soft), np.float32)


def mouth_cover(image: Pixels, points: Floats, topology: Topology) -> float:
    """Tell how surely something of the skin's own color hides a face's mouth.

    Parameters
    ----------
    image : ndarray, shape (H, W, 3), uint8
        The image, RGB; best at about 128 pixels.
    points : ndarray, shape (>=468, 2), float32
        The mesh, in its pixels.
    topology : Topology
        The mesh's parts.

    Returns
    -------
    float
        0 to 1; 0 where too little of the mouth is in the image to tell.
    """
    hull = convex_hull(points[topology.outer_lips])
    limit = np.array((image.shape[1], image.shape[0]))
    low = np.clip(np.floor(hull.mean(0) + (hull.min(0) - hull.mean(0)) * 2), 0, limit - 1).astype(int)
    high = np.clip(np.ceil(hull.mean(0) + (hull.max(0) - hull.mean(0)) * 2), low + 1, limit).astype(int)
    part = image[low[1] : high[1], low[0] : high[0]]
    sigma = max(_SMOOTH_SHARE * image.shape[0], 0.3)
    smooth = cv2.GaussianBlur(part, (0, 0), sigma).astype(np.float32) / 255
    lab = np.asarray(cv2.cvtColor(smooth, cv2.COLOR_RGB2LAB), np.float32)
    size, hull = (part.shape[1], part.shape[0]), hull - low.astype(np.float32)
    lips, inner, outer = (
        fill_polygons([grow_outline(hull, growth)], size) > 0
        for growth in (1.0, _INNER_GROWTH, _OUTER_GROWTH)
    )
    lip_colours, skin = lab[lips], lab[outer & ~inner]
    if min(len(lip_colours), len(skin)) < _LEAST_PIXELS:
        return 0.0
    lip, middle = np.median(lip_colours, 0), np.median(skin, 0)
    hues = np.degrees(np.arctan2([lip[2], middle[2]], [lip[1], middle[1]]))
    apart = np.array([lip[0] - middle[0], lip[1] - middle[1], hues[0] - hues[1]])
    lips_sign = float((apart / _LIP_DIFFERENCES).max())
    spread = np.median(np.abs(skin - middle), 0)
    no_lips = (_SURE_LIPS - lips_sign) / (_SURE_LIPS - _NO_LIPS)
    unevenness = (spread[0] * spread[1] - _EVEN) / (_UNEVEN - _EVEN)
    return float(smoothstep(np.array([no_lips, unevenness], np.float32)).prod())
