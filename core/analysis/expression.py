# SPDX-License-Identifier: GPL-3.0-or-later
"""What a face does with its mouth and eyes, measured on its mesh after the head's pose is taken out.

Lengths are in eye distances. Tuned on the photographs and paintings of the reference footage (24 portraits of about
20 people, each also scaled, mirrored, turned by 12 degrees and darkened), and on frames of 9 of its clips.
"""

import numpy as np

from ..face.types import Floats
from ..geometry.face_form import mouth_opening
from ..geometry.head_pose import unpose_points
from ..geometry.mesh_topology import Topology

# Mesh points by MediaPipe FaceMesh's numbers: pairs of an upper and a lower point, corners from left to right.
_MOUTH_CORNERS = (61, 291)
_LIP_MIDDLES = (0, 17)
_EYES = (
    (((160, 144), (159, 145), (158, 153)), (33, 133)),
    (((385, 380), (386, 374), (387, 373)), (362, 263)),
)

MAX_MOUTH_OPENING = 0.135
"""Closed mouths have up to .04, parted lips .07, speech and moderate smiles .09 to .13, broad smiles .14 to .17, and
mouths that are open .2 to .4."""
MIN_EYE_OPENING = 0.1
"""Closed eyes, and those that look down so far that the lids cover them, have .04 to .1; open ones .2 to .4, those
that a smile narrows .13 or more."""
_SMILE_RATIO = 0.7
"""A mouth opens this many times as far in a smile as it is stretched, at least: smiles have .9 to 3, shouts .4."""
_NEUTRAL_MOUTH_WIDTH = 0.6


def expression_issues(landmarks: Floats, topology: Topology) -> tuple[str, ...]:
    """Say what is poor about the expression of a face that looks towards the camera.

    Parameters
    ----------
    landmarks : ndarray, shape (478, 3)
        In pixels of the image.
    topology : Topology
        The canonical face mesh.

    Returns
    -------
    tuple of str
        A short text for each fault, none for a calm face.
    """
    points = unposed_points(landmarks, topology)
    issues = []
    opening = mouth_opening(points)
    if opening > MAX_MOUTH_OPENING:
        smiles = mouth_stretch(points) > _SMILE_RATIO * opening
        issues.append(
            "smiling broadly: a calm face is better" if smiles else "open-mouthed: a closed mouth is better"
        )
    if eye_opening(points) < MIN_EYE_OPENING:
        issues.append("blinking: an eye is closed or looks down, open eyes are better")
    return tuple(issues)


def mouth_stretch(points: Floats) -> float:
    """Return how much wider than a calm mouth one is, and how much its corners are lifted.

    Parameters
    ----------
    points : ndarray, shape (468, 3)
        As `unposed_points` gives them, in eye distances.

    Returns
    -------
    float
        In eye distances; negative for a pout.
    """
    left, right = points[list(_MOUTH_CORNERS)]
    lift = float(points[list(_LIP_MIDDLES), 1].mean() - (left[1] + right[1]) / 2)
    return float(np.linalg.norm(right - left)) - _NEUTRAL_MOUTH_WIDTH + lift


def eye_opening(points: Floats) -> float:
    """Return how far the eye that is less open is open.

    Parameters
    ----------
    points : ndarray, shape (468, 3)
        As `unposed_points` gives them.

    Returns
    -------
    float
        Its height by its own width.
    """
    return min(_mean_distance(points, lids) / _mean_distance(points, (corners,)) for lids, corners in _EYES)


def unposed_points(landmarks: Floats, topology: Topology) -> Floats:
    """Return the mesh of a face without its pose.

    Parameters
    ----------
    landmarks : ndarray, shape (478, 3)
        In pixels of the image.
    topology : Topology
        The canonical face mesh.

    Returns
    -------
    ndarray, shape (468, 3), float32
        In eye distances, around the eyes.
    """
    return unpose_points(landmarks[:468], topology.shape)


def _mean_distance(points: Floats, pairs: tuple[tuple[int, int], ...]) -> float:
    first, second = np.array(pairs).T
    return max(float(np.linalg.norm((points[first] - points[second])[:, :2], axis=1).mean()), 1e-6)
