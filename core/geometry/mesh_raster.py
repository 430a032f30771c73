# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the mesh: which triangle covers a pixel, and values of its points spread over its pixels."""

from collections.abc import Iterable
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from ..face.types import Floats, Pixels
from .mesh_topology import Indices, Topology
from .row_bands import row_bands

TriangleMap = npt.NDArray[np.int32]

_SUBPIXEL_BITS = 4
_MIN_AREA_PIXELS = 0.02


def point_normals(points: Floats, topology: Topology) -> Floats:
    """Return the normals of the mesh at its points, towards the outside of the face.

    Parameters
    ----------
    points : ndarray, shape (>=468, 3), float32
        The mesh.
    topology : Topology
        The mesh's triangles.

    Returns
    -------
    ndarray, shape (468, 3), float32
        Of length 1; z < 0 faces the camera.
    """
    corners = points[topology.triangles]
    faces = np.cross(corners[:, 2] - corners[:, 0], corners[:, 1] - corners[:, 0])
    # Row by row, in the order of `_faces_at_points`: NumPy's own way to add at places takes three times as long.
    normals, faces = np.zeros((468, 3), np.float32), np.concatenate([faces, np.zeros((1, 3), faces.dtype)])
    for places in _faces_at_points(topology):
        normals += faces.take(places, 0)
    return np.asarray(normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9), np.float32)


@lru_cache(maxsize=4)
def _faces_at_points(topology: Topology) -> Indices:
    """Return the numbers of the triangles at each point, (k, 468); where there are fewer than k, the last plus one."""
    points = topology.triangles.T.ravel()
    order = np.argsort(points, kind="stable")
    counts = np.bincount(points, minlength=468)
    places = np.arange(len(points)) - np.repeat(np.cumsum(counts) - counts, counts)
    faces = np.full((counts.max(), 468), len(topology.triangles), np.int32)
    faces[places, points[order]] = order % len(topology.triangles)
    return faces


def triangle_map(points: Floats, size: tuple[int, int], topology: Topology) -> TriangleMap:
    """Draw the triangles that face the camera, far ones first.

    Parameters
    ----------
    points : ndarray, shape (>=468, 3), float32
        The mesh, x and y in the image's pixels; z decides what hides what.
    size : tuple of int
        Width and height of the image in pixels.
    topology : Topology
        The mesh's triangles.

    Returns
    -------
    ndarray, shape (H, W), int32
        Each pixel's triangle, or -1.
    """
    flat = points[:468, :2]
    corners = flat[topology.triangles]
    across, down = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    facing = across[:, 0] * down[:, 1] - across[:, 1] * down[:, 0] > _MIN_AREA_PIXELS
    depth = points[topology.triangles, 2].mean(1)
    order = np.argsort(-depth, kind="stable")
    order = order[facing[order]]
    canvas = np.full((size[1], size[0]), -1, np.int32)
    fixed = np.round(corners[order] * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    for number, triangle in zip(order.tolist(), fixed, strict=True):
        cv2.fillConvexPoly(canvas, triangle, number, cv2.LINE_8, _SUBPIXEL_BITS)
    return canvas


def interpolate_on_mesh(
    values: Floats, points: Floats, triangle_indices: TriangleMap, topology: Topology, outside: float = 0.0
) -> Floats:
    """Interpolate values of the points linearly over their triangles.

    Parameters
    ----------
    values : ndarray, shape (468, k), float32
        The values of each point.
    points : ndarray, shape (>=468, 2 or 3), float32
        The mesh, in the image's pixels.
    triangle_indices : ndarray, shape (H, W), int32
        A `triangle_map` of the same points.
    topology : Topology
        The mesh's triangles.
    outside : float
        The value where no triangle is drawn.

    Returns
    -------
    ndarray, shape (k, H, W), float32
        The values of each pixel.
    """
    count = values.shape[1]
    planes = np.zeros((3 * count, len(topology.triangles) + 1), np.float32)
    planes[:, :-1] = _triangle_planes(values, points, topology).T
    planes[2 * count :, -1] = outside
    # Plain arithmetic on all pixels takes a third of the time of picking out the covered ones; a few rows at a time,
    # with each triangle looked up by indices of the machine's own size, it takes half of that.
    result = np.empty((count, *triangle_indices.shape), np.float32)
    rows, columns = (np.arange(side, dtype=np.float32) for side in triangle_indices.shape)
    for band in row_bands(len(rows)):
        places = triangle_indices[band].astype(np.intp)
        in_x, in_y = np.empty((2, *places.shape), np.float32)
        for number in range(count):
            height = result[number, band]
            for plane, out in zip(planes[number::count], (in_x, in_y, height), strict=True):
                np.take(plane, places, mode="wrap", out=out)
            in_x *= columns
            in_y *= rows[band, None]
            in_x += in_y
            height += in_x
    return result


def _triangle_planes(values: Floats, points: Floats, topology: Topology) -> Floats:
    """Return each triangle's plane (t, 3k) through its corners' values (468, k): slopes in x and y, and height at 0."""
    place = points[topology.triangles, :2].astype(np.float64)
    value = values[topology.triangles].astype(np.float64)
    (ax, ay), (bx, by) = (place[:, 1] - place[:, 0]).T, (place[:, 2] - place[:, 0]).T
    area = ax * by - ay * bx
    # A triangle without area covers no pixel; whatever its plane is, it may not be infinite.
    inverse = np.where(np.abs(area) > _MIN_AREA_PIXELS, 1 / np.where(area == 0, 1, area), 0)[:, None]
    rise_a, rise_b = value[:, 1] - value[:, 0], value[:, 2] - value[:, 0]
    in_x = (rise_a * by[:, None] - rise_b * ay[:, None]) * inverse
    in_y = (rise_b * ax[:, None] - rise_a * bx[:, None]) * inverse
    height = value[:, 0] - in_x * place[:, 0, :1] - in_y * place[:, 0, 1:]
    return np.asarray(np.concatenate([in_x, in_y, height], 1), np.float32)


def fill_polygons(contours: Iterable[Floats], size: tuple[int, int]) -> Pixels:
    """Fill closed contours, with soft edges.

    Parameters
    ----------
    contours : iterable of ndarray, shape (n, 2), float32
        Each in pixels of the image.
    size : tuple of int
        Width and height of the image in pixels.

    Returns
    -------
    ndarray, shape (H, W), uint8
        255 inside, 0 outside.
    """
    canvas = np.zeros((size[1], size[0]), np.uint8)
    for contour in contours:
        fixed = np.rint(contour * (1 << _SUBPIXEL_BITS)).astype(np.int32)
        cv2.fillPoly(canvas, [fixed], (255,), cv2.LINE_AA, _SUBPIXEL_BITS)
    return canvas
