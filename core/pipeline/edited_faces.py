# SPDX-License-Identifier: GPL-3.0-or-later
"""Which faces of a frame are replaced, with the landmarks that a person corrected and the faces that one placed."""

from dataclasses import replace

from ..analysis.analyser import Analyser
from ..analysis.stabilise import FrameFaces
from ..media.clip import Clip
from ..media.light_space import light_space
from ..recipe.request import SwapRequest
from .face_selector import FaceSelector
from .held_faces import replaced_faces
from .landmark_correction import correct_faces


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
    here, indices = correct_faces(here, indices, request.landmark_edits, number)
    if all(face.stops is not None for face in here.faces) or light_space(clip.source.reading) is None:
        return here, indices
    faces = (
        face if face.stops is not None else analyser.expose_placed_face(clip, number, here.frame, face)
        for face in here.faces
    )
    return replace(here, faces=tuple(faces)), indices
