# SPDX-License-Identifier: GPL-3.0-or-later
"""Take teeth off the lips of a source image's texture.

Landmarks of a mouth that laughs reach a little beyond the lips' inner edge. What they take along of the teeth would be
a bright line between the lips of a mouth that is shut, which then looks open.
"""

import cv2
import numpy as np

from ..cache.base.store import Arrays
from ..geometry.mesh_raster import fill_polygons
from ..geometry.mesh_topology import Topology
from ..geometry.smoothstep import smoothstep

_REACH = 0.032
"""How far from the lips' inner edge there may be teeth, of the texture's side."""
_SOFTNESS_PIXELS = 1.5
_DARK_OFFSET_LEVELS = 6.0
_REDNESS_LOSS = 0.2, 0.5
"""How much less red than the lips something is, of their redness, for none and all of it to be a tooth."""
_BRIGHTNESS = -0.2, 0.05
"""How much brighter than the lips, as a logarithm."""
_GROWTH_PIXELS, _EDGE_PIXELS = 7, 2.0
_FILL_SIGMA = 0.02
_LEAST_REDNESS = 1e-3


def remove_teeth(texture_arrays: Arrays, topology: Topology) -> Arrays:
    """Return a texture on whose lips there are no teeth: what is bright and not red there gets the lips' colour.

    Parameters
    ----------
    texture_arrays : dict of str to ndarray
        As `texture.unwrap_texture` gives it.
    topology : Topology
        The canonical face mesh.

    Returns
    -------
    dict of str to ndarray
        The same; how squarely each texel was seen stays.
    """
    whole = np.array(texture_arrays["texture"], np.uint8)
    side = len(whole)
    points = np.asarray(topology.layout * (side - 1), np.float32)
    left, top, width, height = cv2.boundingRect(points[topology.outer_lips])
    margin = round(3 * _FILL_SIGMA * side)
    place = slice(top - margin, top + height + margin), slice(left - margin, left + width + margin)
    texture = whole[place].astype(np.float32)
    size = texture.shape[1], texture.shape[0]
    corner = np.array((left, top), np.float32) - margin
    outline, opening = (
        fill_polygons([points[ring] - corner], size) for ring in (topology.outer_lips, topology.inner_lips)
    )
    lips = (outline > 0) & (opening == 0)
    distance = cv2.distanceTransform(255 - opening, cv2.DIST_L2, cv2.DIST_MASK_5) / side
    outer = lips & (distance > _REACH / 2)
    soft = cv2.GaussianBlur(texture, (0, 0), _SOFTNESS_PIXELS) + _DARK_OFFSET_LEVELS
    redness = np.log(soft[..., 0] / soft[..., 1])
    lightness = np.log(soft.mean(-1))
    lip_redness = max(float(np.median(redness[outer])), _LEAST_REDNESS)
    loss, brightness = 1 - redness / lip_redness, lightness - float(np.median(lightness[outer]))
    teeth = np.ones_like(redness) * lips
    for value, (low, high) in (
        (2 * (1 - distance / _REACH), (0.0, 1.0)),
        (loss, _REDNESS_LOSS),
        (brightness, _BRIGHTNESS),
    ):
        teeth *= smoothstep(np.asarray((value - low) / (high - low), np.float32))
    grown = cv2.dilate(teeth, np.ones((_GROWTH_PIXELS, _GROWTH_PIXELS), np.uint8))
    share = np.minimum(cv2.GaussianBlur(grown, (0, 0), _EDGE_PIXELS), 1) * lips
    # The opening as well: where lips meet, what is drawn is mixed from both sides of their inner edge.
    share = np.maximum(share, np.minimum(opening, 1)).astype(np.float32)
    weight = np.asarray(lips * (1 - grown) * (1 - share), np.float32)
    spread = cv2.GaussianBlur(texture * weight[..., None], (0, 0), _FILL_SIGMA * side)
    near = cv2.GaussianBlur(weight, (0, 0), _FILL_SIGMA * side)
    filled = texture + share[..., None] * (spread / np.maximum(near, 1e-3)[..., None] - texture)
    whole[place] = np.round(np.clip(filled, 0, 255))
    return {**texture_arrays, "texture": whole}
