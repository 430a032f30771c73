# SPDX-License-Identifier: GPL-3.0-or-later
"""Pixels along the outlines of a drawn mesh: those that no triangle covers, and those of triangles seen edge-on.

Along the outline of a nose that is seen from the side both stand out as dots: they show what lies far away in the
texture.
"""

import cv2
import numpy as np
import numpy.typing as npt

from ..face.types import Floats, Pixels
from ..geometry.mesh_raster import TriangleMap
from ..geometry.mesh_topology import Topology

_GAP_PIXELS = 5
_JUMP_FACTOR = 6.0
"""From how many times the usual step on neighbours show places that are far apart."""


def is_outside(drawn: TriangleMap) -> npt.NDArray[np.bool_]:
    """Tell where no triangle is drawn, but for gaps between triangles.

    Parameters
    ----------
    drawn : ndarray, shape (h, w), int32
        A `triangle_map`.

    Returns
    -------
    ndarray, shape (h, w), bool
        True beyond the mesh's outline and in wide openings.
    """
    inside = np.asarray(drawn >= 0, np.uint8)
    kernel = np.ones((_GAP_PIXELS, _GAP_PIXELS), np.uint8)
    return np.asarray(cv2.morphologyEx(inside, cv2.MORPH_CLOSE, kernel) == 0)


def nearest_drawn(drawn: TriangleMap) -> npt.NDArray[np.intp]:
    """Return for each pixel the nearest one that a triangle covers.

    Parameters
    ----------
    drawn : ndarray, shape (h, w), int32
        A `triangle_map`.

    Returns
    -------
    ndarray, shape (h, w), intp
        Indices into the flattened image; the pixel's own where a triangle covers it.
    """
    inside = drawn >= 0
    if not inside.any():
        return np.arange(drawn.size).reshape(drawn.shape)
    gaps = np.asarray(~inside, np.uint8)
    _, labels = cv2.distanceTransformWithLabels(gaps, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
    places = np.zeros(int(labels.max()) + 1, np.intp)
    places[labels[inside]] = np.flatnonzero(inside)
    return np.asarray(places[labels], np.intp)


def keep_within_triangles(
    interpolated: Floats, values: Floats, drawn: TriangleMap, topology: Topology
) -> Floats:
    """Limit values to those that the corners of each pixel's triangle have.

    A pixel is drawn that a triangle only touches: beyond one that is seen edge-on its plane leads far away.

    Parameters
    ----------
    interpolated : ndarray, shape (k, h, w), float32
        What `interpolate_on_mesh` made of `values`; -1 where no triangle is drawn.
    values : ndarray, shape (468, k), float32
        The values of the mesh's points.
    drawn : ndarray, shape (h, w), int32
        The `triangle_map`.
    topology : Topology
        The mesh's triangles.

    Returns
    -------
    ndarray, shape (k, h, w), float32
        Within the limits.
    """
    corners = values[topology.triangles]
    beyond = np.full((1, values.shape[1]), -1, np.float32)
    low, high = (np.concatenate([ends, beyond]).T for ends in (corners.min(1), corners.max(1)))
    limits = zip(interpolated, low, high, strict=True)
    return np.asarray(
        np.stack([np.clip(image, least[drawn], most[drawn]) for image, least, most in limits]), np.float32
    )


def smooth_jumps(colours: Pixels, where: Floats, step: float) -> Pixels:
    """Take single pixels away where neighbors show places of the texture that are far apart.

    Parameters
    ----------
    colours : ndarray, shape (h, w, 3), uint8
        The drawn face.
    where : ndarray, shape (2, h, w), float32
        Which texel each of its pixels shows.
    step : float
        How far apart in texels two neighbors are on a face that is seen from the front.

    Returns
    -------
    ndarray, shape (h, w, 3), uint8
        The median of the pixels around beside such a jump, elsewhere the same.
    """
    jumps = np.zeros(colours.shape[:2], np.uint8)
    for axis in (1, 2):
        far = (np.abs(np.diff(where, axis=axis)) > _JUMP_FACTOR * step).any(0)
        if axis == 1:
            jumps[1:] |= far
            jumps[:-1] |= far
        else:
            jumps[:, 1:] |= far
            jumps[:, :-1] |= far
    return np.where(jumps[..., None] > 0, cv2.medianBlur(colours, 3), colours)
