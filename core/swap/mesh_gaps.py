# SPDX-License-Identifier: GPL-3.0-or-later
"""Pixels along the outlines of a drawn mesh: those that no triangle covers, and those of triangles seen edge-on.

Along the outline of a nose that is seen from the side both stand out as dots: they show what lies far away in the
texture.
"""

import cv2
import numpy as np
import numpy.typing as npt

from ..face.types import Floats, Levels
from ..geometry.mesh_raster import TriangleMap
from ..geometry.mesh_topology import Topology

_GAP_PIXELS, _FILLED_PIXELS = 5, 4
_THIN_PIXELS = 3.0
"""Triangles less high than this are thin."""
_JUMP_FACTOR = 6.0
"""From how many times the usual step on pixels within three show places that are far apart."""


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


def fill_gaps(interpolated: Floats, drawn: TriangleMap) -> None:
    """Give pixels that no triangle covers the values of the nearest one that a triangle covers, up to some pixels away.

    Parameters
    ----------
    interpolated : ndarray, shape (k, h, w), float32
        What `interpolate_on_mesh` made: changed in place.
    drawn : ndarray, shape (h, w), int32
        The `triangle_map`.
    """
    covered = drawn >= 0
    inside = covered.view(np.uint8)
    kernel = np.ones((2 * _FILLED_PIXELS + 1, 2 * _FILLED_PIXELS + 1), np.uint8)
    near = np.flatnonzero(cv2.subtract(cv2.dilate(inside, kernel), inside).view(np.bool_))
    if not near.size:
        return
    _, labels = cv2.distanceTransformWithLabels(1 - inside, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
    # Covered pixels are labelled 1, 2, 3 and so on, row by row.
    nearest = np.flatnonzero(covered)[labels.ravel()[near] - 1]
    flat = interpolated.reshape(len(interpolated), -1)
    for values in flat:
        values[near] = values[nearest]


def keep_within_triangles(
    interpolated: Floats, values: Floats, points: Floats, drawn: TriangleMap, topology: Topology
) -> None:
    """Limit values to those that the corners of each pixel's triangle have, where it is thin.

    A pixel is drawn that a triangle only touches: beyond one that is seen edge-on its plane leads far away.

    Parameters
    ----------
    interpolated : ndarray, shape (k, h, w), float32
        What `interpolate_on_mesh` made of `values`: changed in place.
    values : ndarray, shape (468, k), float32
        The values of the mesh's points.
    points : ndarray, shape (>=468, 2 or 3), float32
        The mesh in the image's pixels.
    drawn : ndarray, shape (h, w), int32
        The `triangle_map`.
    topology : Topology
        The mesh's triangles.
    """
    place = points[topology.triangles, :2]
    across, down = place[:, 1] - place[:, 0], place[:, 2] - place[:, 0]
    area = np.abs(across[:, 0] * down[:, 1] - across[:, 1] * down[:, 0])
    sides = np.stack([across, down, place[:, 2] - place[:, 1]])
    thin = area < _THIN_PIXELS * np.linalg.norm(sides, axis=2).max(0)
    pixels = np.flatnonzero(np.take(np.append(thin, False), drawn, mode="wrap"))
    covering = drawn.ravel()[pixels]
    corners = values[topology.triangles]
    low, high = corners.min(1), corners.max(1)
    for number, plane in enumerate(interpolated.reshape(len(interpolated), -1)):
        plane[pixels] = np.clip(plane[pixels], low[covering, number], high[covering, number])


def smooth_jumps(colours: Levels, where: Floats, step: float) -> Levels:
    """Take single pixels away where neighbors show places of the texture that are far apart.

    Parameters
    ----------
    colours : ndarray, shape (h, w, 3), uint8 or float32
        The drawn face.
    where : ndarray, shape (2, h, w), float32
        Which texel each of its pixels shows.
    step : float
        How far apart in texels two neighbors are on a face that is seen from the front.

    Returns
    -------
    ndarray, the same shape and dtype
        The median of the pixels around beside such a jump, elsewhere the same.
    """
    jumps = np.zeros(colours.shape[:2], np.bool_)
    kernel = np.ones((3, 3), np.uint8)
    for texels in where:
        jumps |= cv2.morphologyEx(texels, cv2.MORPH_GRADIENT, kernel) > _JUMP_FACTOR * step
    smooth = colours.copy()
    cv2.copyTo(cv2.medianBlur(colours, 3), jumps.view(np.uint8), smooth)
    return smooth
