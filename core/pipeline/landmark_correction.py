# SPDX-License-Identifier: GPL-3.0-or-later
"""Correct the landmarks of faces as a person asked, and place faces where that person saw them."""

from collections.abc import Sequence

import numpy as np

from ..analysis.detectors.contract import iou
from ..analysis.landmark import bounding_box
from ..analysis.stabilise import FrameFaces
from ..face.types import Face, Pose
from ..geometry.landmark_deformation import face_axes, move_landmarks, place_landmarks
from ..recipe.landmark_edits import LandmarkEdit, LandmarkKey

_MAX_PLACED_IOU = 0.2
"""How far a placed face may overlap another; one that overlaps further is taken for the same face."""


def correct_faces(
    here: FrameFaces, indices: list[int], edits: Sequence[LandmarkEdit], number: int
) -> tuple[FrameFaces, list[int]]:
    """Return the faces of a frame and the indices of those that are replaced, as a person corrected them.

    Parameters
    ----------
    here : FrameFaces
        The faces that are found or held in the frame.
    indices : list of int
        Those that are replaced.
    edits : sequence of LandmarkEdit
        The corrections that count in the frame.
    number : int
        The frame, counted from 0.

    Returns
    -------
    here : FrameFaces
        The faces, corrected, and those that are placed. A placed face has a vector of zeros: nobody knows whom it
        shows.
    indices : list of int
        Those that are replaced.
    """
    if not edits:
        return here, indices
    faces = list(here.faces)
    from_left = sorted(indices, key=lambda index: float(faces[index].box[0] + faces[index].box[2]))
    for edit in edits:
        if not edit.places_face and edit.face < len(from_left):
            index = from_left[edit.face]
            faces[index] = move_face(faces[index], edit.pose(number))
    here = FrameFaces(here.frame, tuple(faces), here.embeddings, here.space)
    for edit in edits:
        face = placed_face(edit.pose(number)) if edit.places_face else None
        if face is not None:
            here, indices = _add_face(here, indices, face)
    return here, indices


def move_face(face: Face, key: LandmarkKey) -> Face:
    """Return a face as a key moves it."""
    points = move_landmarks(face.landmarks, key.shift, key.rotation, key.scale, key.offsets)
    roll = (face.pose.roll + key.rotation + 180) % 360 - 180
    pose = Pose(face.pose.yaw, face.pose.pitch, roll)
    return Face(bounding_box(points), face.score, points, pose, face.stops)


def placed_face(key: LandmarkKey) -> Face | None:
    """Return the face that a key places and moves, seen from the front; None where its three points are no face."""
    points = place_landmarks(key.place)
    if points is None:
        return None
    _, (right, _) = face_axes(points)
    roll = float(np.degrees(np.arctan2(right[1], right[0])))
    return move_face(Face(bounding_box(points), 1.0, points, Pose(0.0, 0.0, roll)), key)


def _add_face(here: FrameFaces, indices: list[int], face: Face) -> tuple[FrameFaces, list[int]]:
    """Add a face that is replaced. What is found in its place is taken for the same face, and not replaced."""
    others = [
        index for index in indices if float(iou(face.box, here.faces[index].box[None])[0]) < _MAX_PLACED_IOU
    ]
    unknown = np.zeros((1, here.embeddings.shape[1]), np.float32)
    embeddings = np.concatenate([here.embeddings, unknown])
    faces = FrameFaces(here.frame, (*here.faces, face), embeddings, here.space)
    return faces, [*others, len(here.faces)]
