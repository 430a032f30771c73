# SPDX-License-Identifier: GPL-3.0-or-later
"""What the replaced faces of a frame do, told by its analysis alone: how they are turned, their mouths, their light."""

import math
from dataclasses import dataclass, replace

from ..analysis.analyser import Analyser
from ..analysis.expression import unposed_points
from ..analysis.person_clustering import FaceSample
from ..face.types import Face, Pixels
from ..geometry.face_form import mouth_opening
from ..geometry.mesh_topology import Topology
from ..media.clip import Clip
from ..recipe.request import SwapRequest
from .edited_faces import edited_faces
from .face_selector import FaceSelector


@dataclass(frozen=True, eq=False)
class FaceTraits:
    """A face that is replaced, and what it does.

    Attributes
    ----------
    sample : FaceSample
        The face and what tells it from others.
    mouth_opening : float
        How far the lips are apart, in eye distances: closed mouths have up to .04, speech .09 to .13, open ones .2 and
        more. 0 where the landmarks are no mesh.
    light : float
        How bright the frame's thumbnail is where the face is: 0 (black) to 1 (white), of the display-coded values.
    """

    sample: FaceSample
    mouth_opening: float
    light: float

    @property
    def yaw(self) -> float:
        """How far the face is turned to the image's right, in degrees."""
        return self.sample.face.pose.yaw


@dataclass(frozen=True, eq=False)
class FrameTraits:
    """What is known of a frame and of the faces that are replaced in it.

    Attributes
    ----------
    number : int
        The frame, counted from 0.
    thumbnail : ndarray, shape (18, 32, 3), uint8
        The frame from afar, RGB, by which cuts are found.
    faces : tuple of FaceTraits
        The faces that are replaced.
    match_threshold : float
        The cosine that the embeddings of one person reach.
    """

    number: int
    thumbnail: Pixels
    faces: tuple[FaceTraits, ...]
    match_threshold: float


def frame_traits(
    analyser: Analyser,
    selector: FaceSelector,
    topology: Topology,
    clip: Clip,
    number: int,
    request: SwapRequest,
) -> FrameTraits:
    """Return the traits of a frame, see `Pipeline.frame_traits`. An excluded frame has its faces all the same."""
    bare = replace(request, exclusions=(), holds=(), landmark_edits=())
    asked = request.in_frame(number) or bare.with_analysis_of(number)
    here, indices = edited_faces(analyser, selector, clip, number, asked)
    thumbnail = analyser.frames.thumbnail(clip, number)
    size = clip.info.width, clip.info.height
    faces = []
    for index in indices:
        face = here.faces[index]
        opening = mouth_opening(unposed_points(face.landmarks, topology)) if face.has_mesh else 0.0
        sample = FaceSample((number, index), face, here.embeddings[index])
        faces.append(FaceTraits(sample, opening, _light(thumbnail, face, size)))
    return FrameTraits(number, thumbnail, tuple(faces), here.space.match_threshold)


def _light(thumbnail: Pixels, face: Face, size: tuple[int, int]) -> float:
    """Return the mean brightness of a thumbnail where a face is, 0 to 1; one pixel of it at least."""
    height, width = thumbnail.shape[:2]
    box = [float(value) for value in face.box]
    columns = _span(box[0] / size[0] * width, box[2] / size[0] * width, width)
    rows = _span(box[1] / size[1] * height, box[3] / size[1] * height, height)
    return float(thumbnail[rows, columns].mean()) / 255


def _span(low: float, high: float, length: int) -> slice:
    """Return the whole pixels from `low` to `high`, at least one of `length`."""
    first = min(max(math.floor(low + 0.5), 0), length - 1)
    return slice(first, min(max(math.floor(high + 0.5), first + 1), length))
