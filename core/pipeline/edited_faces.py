# SPDX-License-Identifier: GPL-3.0-or-later
"""Which faces of a frame are replaced, with the landmarks that a person corrected and the faces that one placed."""

import numpy as np

from ..analysis.analyser import Analyser
from ..analysis.detectors.contract import iou
from ..analysis.landmark import bounding_box
from ..analysis.stabilise import FrameFaces
from ..face.types import Face, Pose
from ..geometry.landmark_deformation import face_axes, move_landmarks, place_landmarks
from ..media.clip import Clip
from ..recipe.landmark_edits import LandmarkKey
from ..recipe.request import SwapRequest
from .face_selector import FaceSelector
from .held_faces import replaced_faces

_MAX_PLACED_IOU = 0.2
"""How far a placed face may overlap another; one that overlaps further is taken for the same face."""


def edited_faces(
    analyser: Analyser, selector: FaceSelector, clip: Clip, number: int, request: SwapRequest
) -> tuple[FrameFaces, list[int]]:
    """Return the faces of a frame and the indices of those that a request replaces, as a person corrected them.

    Parameters
    ----------
    analyser : Analyser
        It finds the faces.
    selector : FaceSelector
        It chooses among them.
    clip : Clip
        The clip.
    number : int
        The frame, counted from 0.
    request : SwapRequest
        What is asked for in this frame, see `SwapRequest.in_frame`.

    Returns
    -------
    here : FrameFaces
        The faces: those that are found or held, corrected, and those that are placed. A placed face has a vector of
        zeros: nobody knows whom it shows.
    indices : list of int
        Those that are replaced.

    Raises
    ------
    ClipError
        The frame can't be read.
    FaceImageError, ModelError, RecipeError
        As the selector and the analyser raise them.
    """
    here, indices = replaced_faces(analyser, selector, clip, number, request)
    if not request.landmark_edits:
        return here, indices
    faces = list(here.faces)
    from_left = sorted(indices, key=lambda index: float(faces[index].box[0] + faces[index].box[2]))
    for edit in request.landmark_edits:
        if not edit.places_face and edit.face < len(from_left):
            index = from_left[edit.face]
            faces[index] = move_face(faces[index], edit.pose(number))
    here = FrameFaces(here.frame, tuple(faces), here.embeddings, here.space)
    for edit in request.landmark_edits:
        face = placed_face(edit.pose(number)) if edit.places_face else None
        if face is not None:
            here, indices = _add_face(here, indices, face)
    return here, indices


def move_face(face: Face, key: LandmarkKey) -> Face:
    """Return a face as a key moves it."""
    points = move_landmarks(face.landmarks, key.shift, key.rotation, key.scale, key.offsets)
    roll = (face.pose.roll + key.rotation + 180) % 360 - 180
    return Face(bounding_box(points), face.score, points, Pose(face.pose.yaw, face.pose.pitch, roll))


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
