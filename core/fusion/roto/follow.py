# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry a mask along with a face: from the frame that it was drawn in to another one."""

import numpy as np

from ...face.types import Floats
from ...recipe.roto import Doubles

_MESH_POINTS = 468
_NEAR_SHARE = 0.02
"""Within which share of the face's size a point of the mesh alone decides how a point of a mask moves."""
_PLACES = ((0, 1), (2, 3), (4, 5))
_FEATHER = 6


def carry_points(
    splines: tuple[Doubles, ...], before: Floats, after: Floats, follow: str, size: tuple[int, int]
) -> tuple[Doubles, ...]:
    """Move the points of splines as a face moved.

    Parameters
    ----------
    splines : tuple of ndarray, shape (n, 7)
        Points as `RotoShape.splines` has them.
    before, after : ndarray, shape (>=468, 2 or 3)
        The face's landmarks where the mask was drawn, and where it is to be; in frame pixels.
    follow : str
        What of the movement is taken, one of `recipe.roto.FOLLOWS`: `similarity` is position, rotation and scale,
        `surface` the movement of the mesh around each point.
    size : tuple of int
        Width and height of the frame in pixels.

    Returns
    -------
    tuple of ndarray, shape (n, 7)
        The points, their feather scaled with the face but where the position alone is followed.
    """
    if follow == "none" or np.array_equal(before, after):
        return splines
    start, end = (_to_mask(points[:_MESH_POINTS, :2].astype(np.float64), size) for points in (before, after))
    scale, turn = 1.0, np.eye(2)
    if follow != "position":
        scale, turn = _fit_similarity(start, end)
    matrix = scale * turn
    offset = end.mean(0) - matrix @ start.mean(0)
    moved = []
    for points in splines:
        carried = points.copy()
        for pair in _PLACES:
            places = points[:, pair]
            carried[:, pair] = places @ matrix.T + offset
            if follow == "surface":
                carried[:, pair] += _bend(places, start, end - (start @ matrix.T + offset))
        carried[:, _FEATHER] *= scale
        moved.append(carried)
    return tuple(moved)


def _to_mask(points: Doubles, size: tuple[int, int]) -> Doubles:
    """Bring frame pixels to the numbers of masks."""
    middle = (np.array(size) - 1) / 2
    return np.asarray((points - middle) * (1, -1) / max(size) + 0.5, np.float64)


def _fit_similarity(start: Doubles, end: Doubles) -> tuple[float, Doubles]:
    """Return the scale and the rotation that bring points closest to others, by least squares."""
    one, other = start - start.mean(0), end - end.mean(0)
    along = float((one * other).sum())
    across = float((one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]).sum())
    length = float(np.hypot(along, across))
    total = float((one * one).sum())
    if not length or not total:
        return 1.0, np.eye(2)
    cosine, sine = along / length, across / length
    return length / total, np.array([[cosine, -sine], [sine, cosine]])


def _bend(places: Doubles, mesh: Doubles, beyond: Doubles) -> Doubles:
    """Return what the mesh around places does beyond a similarity: Shepard's inverse distance weighting."""
    near = _NEAR_SHARE * float(np.ptp(mesh, axis=0).max())
    distance = ((places[:, None] - mesh[None]) ** 2).sum(-1)
    weight = 1 / (distance + near * near) ** 2
    return np.asarray(weight @ beyond / weight.sum(1, keepdims=True), np.float64)
