# SPDX-License-Identifier: GPL-3.0-or-later
"""The faces that are replaced in frames of a clip, as the cache knows them."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import RecipeError
from ..face.types import Face
from ..media.clip import Clip
from ..pipeline.pipeline import Pipeline
from ..recipe.analysis import MESH_LANDMARKERS
from ..recipe.request import SwapRequest


@dataclass(frozen=True, eq=False)
class ClipFaces:
    """The faces of some frames of a clip.

    Attributes
    ----------
    width, height : int
        The clip's size in pixels.
    frames : tuple of tuple of Face
        The faces of each frame that was asked for, with the landmarks of a mesh.
    """

    width: int
    height: int
    frames: tuple[tuple[Face, ...], ...]


def read_clip_faces(
    pipeline: Pipeline, clip: Clip, numbers: Sequence[int], request: SwapRequest
) -> ClipFaces:
    """Return the faces that a request replaces in frames of a clip.

    Parameters
    ----------
    pipeline : Pipeline
        What analyses what the cache does not know.
    clip : Clip
        The clip.
    numbers : sequence of int
        Its frames, counted from 0; each is looked at once.
    request : SwapRequest
        Whose face replaces whose.

    Raises
    ------
    RecipeError
        The landmarker finds no mesh.
    ClipError, FaceImageError, ModelError
        A frame, an image or a model can't be used.
    """
    if not request.recipe.landmark.finds_mesh:
        raise RecipeError(
            f"landmarker {request.recipe.landmark.landmarker} finds no mesh: set landmark.landmarker to "
            f"{' or '.join(MESH_LANDMARKERS)}"
        )
    faces: dict[int, tuple[Face, ...]] = {}
    for number in sorted(set(numbers)):
        traits = pipeline.frame_traits(clip, number, request)
        faces[number] = tuple(entry.sample.face for entry in traits.faces)
    return ClipFaces(clip.info.width, clip.info.height, tuple(faces[number] for number in numbers))
