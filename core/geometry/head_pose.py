# SPDX-License-Identifier: GPL-3.0-or-later
"""Head pose from the mesh: the rotation that best turns the canonical shape onto the landmarks.

Source: Umeyama, "Least-squares estimation of transformation parameters between two point patterns", 1991.
"""

import numpy as np
import numpy.typing as npt

from ..face.types import Floats, Pose
from .mesh_topology import Topology

Doubles = npt.NDArray[np.float64]


def fit_similarity(
    points: Floats, onto: Floats, weights: Floats | None = None
) -> tuple[float, Floats, Floats]:
    """Fit scale, rotation and shift with `onto ≈ scale * points @ rotation.T + shift`.

    Parameters
    ----------
    points, onto : ndarray, shape (n, 3)
        The same points in two places.
    weights : ndarray, shape (n,), optional
        How far each point counts; all alike without.

    Returns
    -------
    scale : float
        Above 0.
    rotation : ndarray, shape (3, 3)
        A proper one: nothing is mirrored.
    shift : ndarray, shape (3,)
        In the unit of `onto`.
    """
    points64, onto64 = np.asarray(points, np.float64), np.asarray(onto, np.float64)
    if weights is not None:
        return _fit_weighted(points64, onto64, np.asarray(weights, np.float64))
    middle, goal = points64.mean(0), onto64.mean(0)
    covariance = (onto64 - goal).T @ (points64 - middle) / len(points64)
    variance = ((points64 - middle) ** 2).sum(1).mean()
    return _similarity(covariance, variance, middle, goal)


def _fit_weighted(points: Doubles, onto: Doubles, weights: Doubles) -> tuple[float, Floats, Floats]:
    shares = weights / weights.sum()
    middle, goal = shares @ points, shares @ onto
    covariance = (onto - goal).T @ ((points - middle) * shares[:, None])
    variance = shares @ ((points - middle) ** 2).sum(1)
    return _similarity(covariance, variance, middle, goal)


def _similarity(
    covariance: Doubles, variance: float, middle: Doubles, goal: Doubles
) -> tuple[float, Floats, Floats]:
    left, stretch, right = np.linalg.svd(covariance)
    proper = np.ones(3)
    proper[2] = np.sign(np.linalg.det(left) * np.linalg.det(right))
    rotation = left @ np.diag(proper) @ right
    scale = float((stretch * proper).sum() / variance)
    shift = goal - scale * rotation @ middle
    return scale, np.asarray(rotation, np.float32), np.asarray(shift, np.float32)


def unpose_points(points: Floats, onto: Floats, weights: Floats | None = None) -> Floats:
    """Return points without the pose and size that they have against others.

    Parameters
    ----------
    points, onto : ndarray, shape (n, 3)
        The points, and what they are compared with.
    weights : ndarray, shape (n,), optional
        See `fit_similarity`.

    Returns
    -------
    ndarray, shape (n, 3), float32
        In the unit of `onto`.
    """
    scale, rotation, shift = fit_similarity(onto, points, weights)
    return np.asarray((points - shift) @ rotation / max(scale, 1e-6), np.float32)


def head_rotation(landmarks: Floats, topology: Topology) -> Floats:
    """Return the rotation of a head.

    Parameters
    ----------
    landmarks : ndarray, shape (>=468, 3)
        In pixels of an image.
    topology : Topology
        The canonical shape, whose axes are x right, y down, z away from the camera.

    Returns
    -------
    ndarray, shape (3, 3)
        From the canonical shape's axes to the image's.
    """
    return fit_similarity(topology.shape, landmarks[:468])[1]


def shape_error(landmarks: Floats, topology: Topology) -> float:
    """Return how far landmarks are from the canonical shape, moved onto them, seen in the image.

    Parameters
    ----------
    landmarks : ndarray, shape (478, 3)
        In pixels of an image.
    topology : Topology
        The canonical shape.

    Returns
    -------
    float
        The root mean square distance in eye distances: about .03 for a calm face, .07 for a grimace or a profile.
    """
    scale, rotation, shift = fit_similarity(topology.shape, landmarks[:468])
    away = (scale * topology.shape @ rotation.T + shift - landmarks[:468])[:, :2]
    return float(np.sqrt((away**2).sum(1).mean()) / max(scale, 1e-6))


def head_pose(landmarks: Floats, topology: Topology) -> Pose:
    """Return the pose of a head.

    Parameters
    ----------
    landmarks : ndarray, shape (478, 3)
        In pixels of an image.
    topology : Topology
        The canonical shape.

    Returns
    -------
    Pose
        Yaw, pitch and roll in degrees; it says what their signs mean.
    """
    return pose_of_rotation(head_rotation(landmarks, topology))


def pose_of_rotation(rotation: Floats) -> Pose:
    """Return yaw, pitch and roll of a rotation.

    Parameters
    ----------
    rotation : ndarray, shape (3, 3)
        From an upright head's axes to the image's: x right, y down, z away from the camera.

    Returns
    -------
    Pose
        In degrees; it says what their signs mean.
    """
    # The direction the face looks in is the canonical -z axis.
    forward = -rotation[:, 2]
    yaw = np.degrees(np.arctan2(forward[0], -forward[2]))
    pitch = np.degrees(np.arcsin(np.clip(-forward[1], -1, 1)))
    roll = np.degrees(np.arctan2(rotation[1, 0], rotation[0, 0]))
    return Pose(float(yaw), float(pitch), float(roll))
