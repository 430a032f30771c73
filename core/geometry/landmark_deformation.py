# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks of a face moved by hand: by handles, as a whole, or onto the eyes and the mouth that a person points at.

Handles move a face mesh by a thin-plate spline of the canonical shape as it is seen from the front. How far each
landmark goes along is therefore the same in every frame, however the head is turned, and no frame tears the mesh.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ..face.landmark_handles import EYES_TO_CHIN, HANDLES
from ..face.landmark_sets import LANDMARK_SETS
from ..face.types import LANDMARK_COUNT, Floats
from .mesh_topology import canonical_mesh, load_topology
from .thin_plate import Doubles, thin_plate_weights

_FOREHEAD, _CHIN = HANDLES["forehead"], HANDLES["chin"]
_EYES = HANDLES["left_eye"], HANDLES["right_eye"]
_LIPS = (13, 14)
"""The middles of the lips' inner edges: the mouth is between them."""
_MIN_AREA = 1e-3
"""What eyes and mouth enclose at least, in squares of the distance of the eyes."""


@cache
def handle_weights() -> Doubles:
    """Return how far each landmark of the face mesh goes along with each handle: (478, 15) float64.

    See `thin_plate_weights`; it is made once and shared (it is immutable).
    """
    flat = canonical_mesh(load_topology())[:, :2]
    weights = thin_plate_weights(flat, flat[list(HANDLES.values())])
    for column, landmark in enumerate(HANDLES.values()):
        weights[landmark] = np.arange(len(HANDLES)) == column  # to the last bit
    weights.flags.writeable = False
    return weights


def face_axes(landmarks: Floats) -> tuple[Doubles, Doubles]:
    """Return a face's middle and its axes, by which it is moved.

    Parameters
    ----------
    landmarks : ndarray, shape (k, 3), float32
        Landmarks of any set, in frame pixels.

    Returns
    -------
    middle : ndarray, shape (2,), float64
        Halfway between forehead and chin, in frame pixels.
    axes : ndarray, shape (2, 2), float64
        Its rows go to the face's right and down, each as long as the face is high, in frame pixels.
    """
    points = np.asarray(landmarks[:, :2], np.float64)
    if len(points) == LANDMARK_COUNT:
        top, chin = points[_FOREHEAD], points[_CHIN]
    else:
        known = LANDMARK_SETS[len(points)]
        eyes = known.alignment_points(landmarks)[:2].astype(np.float64).mean(0)
        chin = points[known.chin]
        top = chin - EYES_TO_CHIN * (chin - eyes)
    down = chin - top
    return (top + chin) / 2, np.array([[down[1], -down[0]], down])


def move_landmarks(
    landmarks: Floats,
    shift: Sequence[float],
    rotation: float,
    scale: float,
    offsets: npt.NDArray[Any] | Sequence[Sequence[float]],
) -> Floats:
    """Return the landmarks of a face with its handles moved, and then the face scaled, rotated and moved.

    Parameters
    ----------
    landmarks : ndarray, shape (k, 3), float32
        In frame pixels. Handles move the 478 of FaceMesh only, the others move with the whole face.
    shift : sequence of 2 float
        How far the face goes along its own axes, to its right and down, in heights of the face.
    rotation : float
        By how many degrees it is rotated clockwise around its middle.
    scale : float
        How many times as large it becomes.
    offsets : array-like, shape (15, 2)
        How far each handle goes along the face's axes, in heights of the face, in the order of `HANDLES`.

    Returns
    -------
    ndarray, shape (k, 3), float32
        In frame pixels: the very landmarks where nothing is moved.
    """
    moves = np.asarray(offsets, np.float64)
    middle, axes = face_axes(landmarks)
    moved = np.array(landmarks, np.float64)
    if len(landmarks) == LANDMARK_COUNT and moves.any():
        moved[:, :2] += handle_weights() @ (moves @ axes)
    if rotation or scale != 1:
        moved[:, :2] = (moved[:, :2] - middle) @ _turn(rotation).T * scale + middle
        moved[:, 2] *= scale
    moved[:, :2] += np.asarray(shift, np.float64) @ axes
    return np.asarray(moved, np.float32)


def handle_offset(
    landmarks: Floats,
    handle: int,
    goal: Sequence[float],
    shift: Sequence[float],
    rotation: float,
    scale: float,
) -> tuple[float, float]:
    """Return the offset by which `move_landmarks` takes a handle to a place.

    Parameters
    ----------
    landmarks : ndarray, shape (478, 3), float32
        Before anything is moved, in frame pixels.
    handle : int
        Its number in the order of `HANDLES`.
    goal : sequence of 2 float
        The place, in frame pixels.
    shift, rotation, scale
        See `move_landmarks`.

    Returns
    -------
    tuple of 2 float
        In heights of the face along its axes.
    """
    middle, axes = face_axes(landmarks)
    onto = np.asarray(goal, np.float64) - np.asarray(shift, np.float64) @ axes - middle
    own = landmarks[list(HANDLES.values())[handle], :2].astype(np.float64) - middle
    right, down = (onto @ _turn(rotation) / scale - own) @ np.linalg.inv(axes)
    return float(right), float(down)


def place_landmarks(points: Sequence[float]) -> Floats | None:
    """Return a face mesh whose eyes and mouth are where a person points at.

    Parameters
    ----------
    points : sequence of 6 float
        x and y of the eye on the image's left, of the one on its right, and of the mouth's middle, in frame pixels.

    Returns
    -------
    ndarray, shape (478, 3), float32, or None
        In frame pixels: the canonical shape seen from the front, drawn so that these three are met. None where they are
        nearly on one line, or would mirror the face.
    """
    goals = np.asarray(points, np.float64).reshape(3, 2)
    mesh = canonical_mesh(load_topology())
    own = np.array([*mesh[list(_EYES), :2], mesh[list(_LIPS), :2].mean(0)])
    across, down = goals[1] - goals[0], goals[2] - goals[0]
    area = across[0] * down[1] - across[1] * down[0]
    if not area > _MIN_AREA * max(across @ across, 1.0):
        return None
    affine = np.linalg.solve(np.concatenate([own, np.ones((3, 1))], 1), goals)
    placed = np.zeros((LANDMARK_COUNT, 3), np.float32)
    placed[:, :2] = mesh[:, :2] @ affine[:2] + affine[2]
    placed[:, 2] = mesh[:, 2] * np.sqrt(np.linalg.det(affine[:2]))
    return placed


def _turn(degrees: float) -> Doubles:
    """Return the matrix that rotates clockwise in an image, whose y goes down."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[cos, -sin], [sin, cos]])
