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
from .mesh_topology import Topology

Doubles = npt.NDArray[np.float64]

_STEPS = 8
_JAW_PLACES = 17
_JAW_REACH = np.radians(115)
_STIFFNESS = 1.0
_NOSE, _MOUTH, _CHIN, _CORNERS = 4, (61, 291), 152, (33, 133, 362, 263)


@dataclass(frozen=True, eq=False)
class Posed:
    """A rigid head seen from far away: picture = scale * (rotation @ shape)[:2] + shift."""

    scale: float
    rotation: Doubles
    """(3, 3) from the canonical shape's axes to the picture's."""
    shift: Doubles

    def seen(self, shape: npt.NDArray[Any]) -> Doubles:
        """Return where (n, 3) points of the canonical shape are in the picture, (n, 2)."""
        return np.asarray(self.scale * (shape @ self.rotation.T)[:, :2] + self.shift, np.float64)


def mesh_of(points: Floats, topology: Topology) -> Floats:
    """Return a mesh (478, 3) for the landmarks (k, 3) of any landmarker: FaceMesh's own as they are."""
    if len(points) == LANDMARK_COUNT:
        return points
    known = LANDMARK_SETS[len(points)]
    whole, shape = _canonical(topology)
    places = _places(points, known)
    head = _posed(shape, places)
    flat = head.seen(whole)
    from_jaw, onto_jaw = _jaw_places(points, known, flat[topology.oval])
    away = np.concatenate([head.seen(shape), from_jaw]) - head.shift
    onto = np.concatenate([places, onto_jaw]) - head.shift
    bent = _bent(away / head.scale, onto / head.scale, (flat - head.shift) / head.scale)
    mesh = np.zeros((LANDMARK_COUNT, 3), np.float32)
    mesh[:, :2] = bent * head.scale + head.shift
    mesh[:, 2] = head.scale * (whole @ head.rotation.T)[:, 2]
    return mesh


def head_rotation_of(points: Floats, topology: Topology) -> Floats:
    """Return the rotation (3, 3) from an upright head's axes to the picture's, by landmarks (k, 2 or 3)."""
    shape = _canonical(topology)[1]
    return np.asarray(_posed(shape, _places(points, LANDMARK_SETS[len(points)])).rotation, np.float32)


def _canonical(topology: Topology) -> tuple[Doubles, Doubles]:
    """Return the canonical shape with irises (478, 3), and its points for `_places` (10, 3)."""
    whole = np.zeros((LANDMARK_COUNT, 3))
    whole[: len(topology.shape)] = topology.shape
    eyes = [whole[ring].mean(0) for ring in (topology.left_eye_ring, topology.right_eye_ring)]
    whole[468:473], whole[473:478] = eyes
    return whole, np.array([*eyes, *whole[[_NOSE, *_MOUTH, _CHIN, *_CORNERS]]])


def _places(points: Floats, known: LandmarkSet) -> Doubles:
    """Return what is taken for known (10, 2): the five points, the chin, and the eyes' corners from left to right."""
    flat = np.asarray(points[:, :2], np.float64)
    five = known.five(points)
    across = _across(five)
    corners = []
    for eye in (known.left_eye, known.right_eye):
        ring = flat[list(eye)]
        along = ring @ across
        corners += [ring[along.argmin()], ring[along.argmax()]]
    return np.array([*five, flat[known.chin], *corners])


def _across(five: Floats) -> Doubles:
    """Return the direction (2,) from the eye on the left to the one on the right."""
    line = np.asarray(five[1] - five[0], np.float64)
    return np.asarray(line / max(float(np.linalg.norm(line)), 1e-9), np.float64)


def _posed(shape: Doubles, seen: Doubles) -> Posed:
    """Fit a rigid head to (n, 2) points that are seen of its (n, 3)."""
    centred, goal = shape - shape.mean(0), seen - seen.mean(0)
    left, stretch, right = np.linalg.svd(np.linalg.lstsq(centred, goal, rcond=None)[0].T, full_matrices=False)
    across, down = left @ right
    rotation = np.array([across, down, np.cross(across, down)])
    scale = float(stretch.mean())
    shift = seen.mean(0) - scale * (rotation[:2] @ shape.mean(0))
    for _ in range(_STEPS):
        turned = shape @ rotation.T
        slopes = np.zeros((len(shape), 2, 6))
        slopes[:, 1, 0] = -scale * turned[:, 2]
        slopes[:, 0, 1] = scale * turned[:, 2]
        slopes[:, 0, 2], slopes[:, 1, 2] = -scale * turned[:, 1], scale * turned[:, 0]
        slopes[:, :, 3] = turned[:, :2]
        slopes[:, 0, 4] = slopes[:, 1, 5] = 1
        error = (seen - scale * turned[:, :2] - shift).ravel()
        step = np.linalg.lstsq(slopes.reshape(-1, 6), error, rcond=None)[0]
        rotation = np.asarray(cv2.Rodrigues(step[:3])[0], np.float64) @ rotation
        scale, shift = scale + float(step[3]), shift + step[4:]
    return Posed(scale, rotation, shift)


def _jaw_places(points: Floats, known: LandmarkSet, oval: Doubles) -> tuple[Doubles, Doubles]:
    """Pair points on the mesh's outline with the jaw's landmarks, by their direction from the face's middle."""
    five = known.five(points).astype(np.float64)
    middle = (five[:2].mean(0) + five[3:].mean(0)) / 2
    across = _across(np.asarray(five, np.float32))
    axes = np.array([across, [-across[1], across[0]]])
    hull = (cv2.convexHull(oval.astype(np.float32))[:, 0] - middle) @ axes.T
    share = np.linspace(0, 1, 8, endpoint=False)[:, None]
    rim = np.concatenate([a + (b - a) * share for a, b in zip(hull, np.roll(hull, -1, 0), strict=True)])
    order = np.argsort(np.arctan2(rim[:, 0], rim[:, 1]))
    angles, lengths = np.arctan2(rim[:, 0], rim[:, 1])[order], np.linalg.norm(rim, axis=1)[order]
    jaw = (np.asarray(points[list(known.jaw), :2], np.float64) - middle) @ axes.T
    jaw = jaw[:: max(len(jaw) // (_JAW_PLACES - 1), 1)]
    # Beyond the ears a jaw's landmarks lie on hair as often as on skin.
    jaw = jaw[np.abs(np.arctan2(jaw[:, 0], jaw[:, 1])) < _JAW_REACH]
    direction = np.arctan2(jaw[:, 0], jaw[:, 1])
    length = np.interp(direction, angles, lengths, period=2 * np.pi)[:, None]
    from_places = length * np.stack([np.sin(direction), np.cos(direction)], 1)
    return from_places @ axes + middle, jaw @ axes + middle


def _bent(away: Doubles, onto: Doubles, places: Doubles) -> Doubles:
    """Move (m, 2) places by the thin plate that brings (n, 2) points near to others; the stiffer, the less near."""
    count = len(away)
    flat = np.concatenate([np.ones((count, 1)), away], 1)
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = _plate(away, away) + _STIFFNESS * np.eye(count)
    system[:count, count:], system[count:, :count] = flat, flat.T
    goal = np.concatenate([onto - away, np.zeros((3, 2))])
    bends = np.linalg.lstsq(system, goal, rcond=None)[0]
    even = np.concatenate([np.ones((len(places), 1)), places], 1)
    return np.asarray(places + _plate(places, away) @ bends[:count] + even @ bends[count:], np.float64)


def _plate(places: Doubles, centres: Doubles) -> Doubles:
    squares = ((places[:, None] - centres[None]) ** 2).sum(-1)
    return np.asarray(squares * np.log(squares + 1e-9) / 2, np.float64)
