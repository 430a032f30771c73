# SPDX-License-Identifier: GPL-3.0-or-later
"""Which faces of a frame are replaced, with the points that a hold carries there from the frames around it."""

from contextlib import suppress
from typing import NamedTuple

import numpy as np

from ..analysis.analyser import Analyser
from ..analysis.face_exposure import blend_exposures
from ..analysis.landmark import bounding_box
from ..analysis.recognisers.contract import unit_vector
from ..analysis.stabilise import FrameFaces, stabilised_faces
from ..errors import ClipError
from ..face.types import Face, Floats, Pose
from ..media.clip import Clip
from ..recipe.frame_ranges import Hold
from ..recipe.redetection import require_same_points
from ..recipe.request import SwapRequest
from .face_selector import FaceSelector
from .landmark_correction import correct_faces


class _KnownFace(NamedTuple):
    face: Face
    embedding: Floats


def replaced_faces(
    analyser: Analyser, selector: FaceSelector, clip: Clip, number: int, request: SwapRequest
) -> tuple[FrameFaces, list[int]]:
    """Return the faces of a frame and the indices of those that a request replaces.

    In a frame that is held these are the faces that are replaced in the frame before the range and in the one after
    it, with their points, as a person corrected them, on the straight way from there to there. Who is seen on one side
    only is carried as they are there. Where nobody is replaced on either side, the frame has its own faces.

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
        The faces.
    indices : list of int
        Those that are replaced.

    Raises
    ------
    ClipError
        The frame can't be read.
    FaceImageError, ModelError, RecipeError
        As the selector and the analyser raise them.
    """
    require_same_points(request.recipe, number)
    here = stabilised_faces(analyser, clip, number, request.recipe)
    for hold in request.holds:
        carried = _carried_faces(analyser, selector, clip, number, request, hold)
        if carried:
            embeddings = np.stack([known.embedding for known in carried])
            faces = tuple(known.face for known in carried)
            return FrameFaces(here.frame, faces, embeddings, here.space), list(range(len(faces)))
    return here, selector.select(clip, number, request, here)


def _carried_faces(
    analyser: Analyser, selector: FaceSelector, clip: Clip, number: int, request: SwapRequest, hold: Hold
) -> list[_KnownFace]:
    sides = hold.first - 1, hold.last + 1
    before, after = (_faces_at(analyser, selector, clip, side, request) for side in sides)
    share = (number - sides[0]) / (sides[1] - sides[0])
    pairs = sorted(
        (
            (float(one.embedding @ other.embedding), first, second)
            for first, one in enumerate(before)
            for second, other in enumerate(after)
        ),
        reverse=True,
    )
    matches: dict[int, int] = {}
    for _, first, second in pairs:
        if first not in matches and second not in matches.values():
            matches[first] = second
    carried = [
        _between(known, after[matches[first]], share) if first in matches else known
        for first, known in enumerate(before)
    ]
    return carried + [known for second, known in enumerate(after) if second not in matches.values()]


def _faces_at(
    analyser: Analyser, selector: FaceSelector, clip: Clip, number: int, request: SwapRequest
) -> list[_KnownFace]:
    """Return the faces that are replaced in a frame, corrected; none beyond the clip or where it can't be read."""
    if 0 <= number < clip.info.frame_count:
        with suppress(ClipError):
            asked = request.beside_hold(number)
            there = stabilised_faces(analyser, clip, number, asked.recipe)
            indices = selector.select(clip, number, asked, there)
            there, indices = correct_faces(there, indices, asked.landmark_edits, number)
            return [_KnownFace(there.faces[index], there.embeddings[index]) for index in indices]
    return []


def _between(known: _KnownFace, other: _KnownFace, share: float) -> _KnownFace:
    one, two = known.face, other.face
    points = np.asarray(one.landmarks + share * (two.landmarks - one.landmarks), np.float32)
    was, will = one.pose, two.pose
    roll = was.roll + share * ((will.roll - was.roll + 180) % 360 - 180)
    pose = Pose(was.yaw + share * (will.yaw - was.yaw), was.pitch + share * (will.pitch - was.pitch), roll)
    face = Face(
        bounding_box(points), min(one.score, two.score), points, pose, blend_exposures(one, two, share)
    )
    return _KnownFace(face, unit_vector(known.embedding + other.embedding))
