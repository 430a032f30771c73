# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a face is no plain skin: brows, eyes, lips and the underside of the nose."""

import numpy as np

from ..face.types import Floats, Pixels
from .mesh_raster import fill_polygons
from .mesh_topology import Indices, Topology
from .outline import convex_hull, grow_outline

_FEATURE_GROWTH = 1.3


def feature_groups(topology: Topology) -> tuple[Indices, ...]:
    """Return which points outline each feature.

    Parameters
    ----------
    topology : Topology
        The mesh's parts.

    Returns
    -------
    tuple of ndarray, shape (n,), int32
        Mesh indices: left and right brow, left and right eye, lips, underside of the nose.
    """
    return (
        topology.left_brow,
        topology.right_brow,
        topology.left_eye_ring,
        topology.right_eye_ring,
        topology.outer_lips,
        np.array([48, 64, 98, 97, 2, 326, 327, 294, 278, 1], np.int32),
    )


def feature_outline(points: Floats) -> Floats:
    """Return an outline around a feature's points.

    Parameters
    ----------
    points : ndarray, shape (n, 2 or 3)
        The points of one of `feature_groups`.

    Returns
    -------
    ndarray, shape (k, 2), float32
        In the same unit.
    """
    return grow_outline(convex_hull(points), _FEATURE_GROWTH)


def feature_mask(points: Floats, size: tuple[int, int], topology: Topology) -> Pixels:
    """Fill brows, eyes with their sockets, lips and the underside of the nose.

    Parameters
    ----------
    points : ndarray, shape (>=468, 2), float32
        The mesh, in the image's pixels.
    size : tuple of int
        Width and height of the image in pixels.
    topology : Topology
        The mesh's parts.

    Returns
    -------
    ndarray, shape (H, W), uint8
        255 inside.
    """
    left_brow, right_brow, left_eye, right_eye, lips, nose = feature_groups(topology)
    groups = (np.concatenate([left_brow, left_eye]), np.concatenate([right_brow, right_eye]), lips, nose)
    return fill_polygons([feature_outline(points[group]) for group in groups], size)
