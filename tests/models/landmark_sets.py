# SPDX-License-Identifier: GPL-3.0-or-later
"""What landmarkers of other sets would say of a face whose FaceMesh landmarks are known."""

import cv2
import numpy as np
from understudy.core.analysis.landmark import alignment_points
from understudy.core.face.landmark_sets import LANDMARK_SETS
from understudy.core.face.types import Floats
from understudy.core.geometry.mesh_topology import Topology


def points_of_set(mesh: Floats, count: int, topology: Topology, wider: float = 1.0) -> Floats:
    """Return `count` landmarks (count, 3) for FaceMesh's (478, 3), the jaw drawn out from the face's middle."""
    known, points = LANDMARK_SETS[count], np.zeros((count, 3), np.float32)
    points[:, :2] = mesh[4, :2]  # the nose: every point lies within the face
    for indices, ring in (
        (known.left_eye, topology.left_eye_ring),
        (known.right_eye, topology.right_eye_ring),
    ):
        # The rings' corners are their third and eleventh points.
        at = (2 + np.arange(len(indices)) * 16 / len(indices)).astype(int) % 16
        points[list(indices), :2] = mesh[ring[at], :2]
    # From ear to ear over the chin.
    lower_oval = [n for n in topology.oval.tolist() if topology.shape[n, 1] > 0.1]
    hull = cv2.convexHull(np.ascontiguousarray(mesh[lower_oval, :2]))[:, 0]
    at = np.linspace(0, len(hull) - 1, len(known.jaw)).round().astype(int)
    middle = alignment_points(mesh, topology)[[0, 1, 3, 4]].mean(0)
    points[list(known.jaw), :2] = (hull[at] - middle) * wider + middle
    for places, index in ((known.nose, 4), (known.mouth_left, 61), (known.mouth_right, 291)):
        points[list(places), :2] = mesh[index, :2]
    points[known.chin, :2] = (mesh[152, :2] - middle) * wider + middle
    return points
