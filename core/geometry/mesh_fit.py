# SPDX-License-Identifier: GPL-3.0-or-later
"""A mesh for landmarks that are not FaceMesh's: the canonical shape, posed and bent onto what is seen.

First a rigid head is fitted to the eyes' corners, the nose, the mouth's corners and the chin, seen from far away.
Then a thin plate is bent so that these lie where they were found, and the mesh's outline on the jaw; the forehead,
which no such landmarks show, follows. That says where the face ends and where eyes and mouth lie, and how the head
is turned; it is too rough to draw on.

Source: Bookstein, "Principal Warps: Thin-Plate Splines and the Decomposition of Deformations", 1989; the pose is
Gauss-Newton on the reprojection error.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ..face.landmark_sets import LANDMARK_SETS, LandmarkSet
from ..face.types import LANDMARK_COUNT, Floats
from .mesh_topology import Topology, canonical_mesh
from .outline import convex_hull
from .thin_plate import thin_plate_kernel

Doubles = npt.NDArray[np.float64]

_ITERATIONS = 8
_JAW_POINT_COUNT = 17
_JAW_REACH_RADIANS = np.radians(115)
_STIFFNESS = 1.0
_NOSE_INDEX, _MOUTH_INDICES, _CHIN_INDEX, _EYE_CORNER_INDICES = 4, (61, 291), 152, (33, 133, 362, 263)


@dataclass(frozen=True, eq=False)
class HeadFit:
    """A rigid head seen from far away: image = scale * (rotation @ shape)[:2] + shift."""

    scale: float
    rotation: Doubles
    """(3, 3) from the canonical shape's axes to the image's."""
    shift: Doubles

    def project(self, shape: npt.NDArray[Any]) -> Doubles:
        """Return where points of the canonical shape are in the image.

        Parameters
        ----------
        shape : ndarray, shape (n, 3)
            Points of the canonical shape.

        Returns
        -------
        ndarray, shape (n, 2), float64
            In frame pixels.
        """
        return np.asarray(self.scale * (shape @ self.rotation.T)[:, :2] + self.shift, np.float64)


def fit_face_mesh(points: Floats, topology: Topology) -> Floats:
    """Return a face mesh for the landmarks of any landmarker: FaceMesh's own as they are.

    Parameters
    ----------
    points : ndarray, shape (k, 3)
        The landmarks in frame pixels; their number tells their set.
    topology : Topology
        The canonical shape that is bent to other sets.

    Returns
    -------
    ndarray, shape (478, 3)
        In frame pixels.
    """
    if len(points) == LANDMARK_COUNT:
        return points
    known = LANDMARK_SETS[len(points)]
    whole, shape = _canonical_shape(topology)
    places = _anchor_points(points, known)
    head = _fit_head(shape, places)
    flat = head.project(whole)
    from_jaw, onto_jaw = _pair_jaw_points(points, known, flat[topology.oval])
    away = np.concatenate([head.project(shape), from_jaw]) - head.shift
    onto = np.concatenate([places, onto_jaw]) - head.shift
    bent = _bend_thin_plate(away / head.scale, onto / head.scale, (flat - head.shift) / head.scale)
    mesh = np.zeros((LANDMARK_COUNT, 3), np.float32)
    mesh[:, :2] = bent * head.scale + head.shift
    mesh[:, 2] = head.scale * (whole @ head.rotation.T)[:, 2]
    return mesh


def fit_head_rotation(points: Floats, topology: Topology) -> Floats:
    """Return the rotation of a head by the landmarks of any landmarker.

    Parameters
    ----------
    points : ndarray, shape (k, 2 or 3)
        In frame pixels; their number tells their set.
    topology : Topology
        The canonical shape.

    Returns
    -------
    ndarray, shape (3, 3)
        From an upright head's axes to the image's.
    """
    shape = _canonical_shape(topology)[1]
    return np.asarray(
        _fit_head(shape, _anchor_points(points, LANDMARK_SETS[len(points)])).rotation, np.float32
    )


def _canonical_shape(topology: Topology) -> tuple[Doubles, Doubles]:
    """Return the canonical shape with irises (478, 3), and its points for `_anchor_points` (10, 3)."""
    whole = canonical_mesh(topology)
    eyes = [whole[ring].mean(0) for ring in (topology.left_eye_ring, topology.right_eye_ring)]
    return whole, np.array([*eyes, *whole[[_NOSE_INDEX, *_MOUTH_INDICES, _CHIN_INDEX, *_EYE_CORNER_INDICES]]])


def _anchor_points(points: Floats, landmark_set: LandmarkSet) -> Doubles:
    """Return what is taken for known (10, 2): the five points, the chin, and the eyes' corners from left to right."""
    flat = np.asarray(points[:, :2], np.float64)
    five = landmark_set.alignment_points(points)
    across = _eye_direction(five)
    corners = []
    for eye in (landmark_set.left_eye, landmark_set.right_eye):
        ring = flat[list(eye)]
        along = ring @ across
        corners += [ring[along.argmin()], ring[along.argmax()]]
    return np.array([*five, flat[landmark_set.chin], *corners])


def _eye_direction(alignment_points: Floats) -> Doubles:
    """Return the direction (2,) from the eye on the left to the one on the right."""
    line = np.asarray(alignment_points[1] - alignment_points[0], np.float64)
    return np.asarray(line / max(float(np.linalg.norm(line)), 1e-9), np.float64)


def _fit_head(shape: Doubles, image_points: Doubles) -> HeadFit:
    """Fit a rigid head to (n, 2) points that are seen of its (n, 3)."""
    centred, goal = shape - shape.mean(0), image_points - image_points.mean(0)
    left, stretch, right = np.linalg.svd(np.linalg.lstsq(centred, goal, rcond=None)[0].T, full_matrices=False)
    across, down = left @ right
    rotation = np.array([across, down, np.cross(across, down)])
    scale = float(stretch.mean())
    shift = image_points.mean(0) - scale * (rotation[:2] @ shape.mean(0))
    for _ in range(_ITERATIONS):
        turned = shape @ rotation.T
        slopes = np.zeros((len(shape), 2, 6))
        slopes[:, 1, 0] = -scale * turned[:, 2]
        slopes[:, 0, 1] = scale * turned[:, 2]
        slopes[:, 0, 2], slopes[:, 1, 2] = -scale * turned[:, 1], scale * turned[:, 0]
        slopes[:, :, 3] = turned[:, :2]
        slopes[:, 0, 4] = slopes[:, 1, 5] = 1
        error = (image_points - scale * turned[:, :2] - shift).ravel()
        step = np.linalg.lstsq(slopes.reshape(-1, 6), error, rcond=None)[0]
        rotation = np.asarray(cv2.Rodrigues(step[:3])[0], np.float64) @ rotation
        scale, shift = scale + float(step[3]), shift + step[4:]
    return HeadFit(scale, rotation, shift)


def _pair_jaw_points(points: Floats, landmark_set: LandmarkSet, oval: Doubles) -> tuple[Doubles, Doubles]:
    """Pair points on the mesh's outline with the jaw's landmarks, by their direction from the face's middle."""
    five = landmark_set.alignment_points(points).astype(np.float64)
    middle = (five[:2].mean(0) + five[3:].mean(0)) / 2
    across = _eye_direction(np.asarray(five, np.float32))
    axes = np.array([across, [-across[1], across[0]]])
    hull = (convex_hull(np.asarray(oval, np.float32)) - middle) @ axes.T
    share = np.linspace(0, 1, 8, endpoint=False)[:, None]
    rim = np.concatenate([a + (b - a) * share for a, b in zip(hull, np.roll(hull, -1, 0), strict=True)])
    order = np.argsort(np.arctan2(rim[:, 0], rim[:, 1]))
    angles, lengths = np.arctan2(rim[:, 0], rim[:, 1])[order], np.linalg.norm(rim, axis=1)[order]
    jaw = (np.asarray(points[list(landmark_set.jaw), :2], np.float64) - middle) @ axes.T
    jaw = jaw[:: max(len(jaw) // (_JAW_POINT_COUNT - 1), 1)]
    # Beyond the ears a jaw's landmarks lie on hair as often as on skin.
    jaw = jaw[np.abs(np.arctan2(jaw[:, 0], jaw[:, 1])) < _JAW_REACH_RADIANS]
    direction = np.arctan2(jaw[:, 0], jaw[:, 1])
    length = np.interp(direction, angles, lengths, period=2 * np.pi)[:, None]
    from_places = length * np.stack([np.sin(direction), np.cos(direction)], 1)
    return from_places @ axes + middle, jaw @ axes + middle


def _bend_thin_plate(source: Doubles, target: Doubles, points: Doubles) -> Doubles:
    """Move (m, 2) places by the thin plate that brings (n, 2) points near to others; the stiffer, the less near."""
    count = len(source)
    flat = np.concatenate([np.ones((count, 1)), source], 1)
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = thin_plate_kernel(source, source) + _STIFFNESS * np.eye(count)
    system[:count, count:], system[count:, :count] = flat, flat.T
    goal = np.concatenate([target - source, np.zeros((3, 2))])
    bends = np.linalg.lstsq(system, goal, rcond=None)[0]
    even = np.concatenate([np.ones((len(points), 1)), points], 1)
    return np.asarray(
        points + thin_plate_kernel(points, source) @ bends[:count] + even @ bends[count:], np.float64
    )
