# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the masks that a person drew are in a frame: each is carried along with the face that it belongs to."""

from contextlib import suppress

import numpy as np

from ..analysis.analyser import Analyser
from ..analysis.stabilise import FrameFaces
from ..errors import ClipError
from ..face.types import Floats
from ..fusion.roto.follow import carry_points
from ..fusion.roto.matte import DrawnMask
from ..fusion.roto.raster import DrawnLayer
from ..fusion.roto.shapes import layer_points, opacity_at
from ..media.clip import Clip
from ..recipe.request import SwapRequest
from ..recipe.roto import Doubles, RotoLayer, RotoMask, RotoShape
from ..recipe.roto_text import parse_roto
from .edited_faces import edited_faces
from .face_selector import FaceSelector

_FEATHER = 6
_DIGITS = 7
"""Of the places of points that are carried: what a processor's last bits are changes no key."""


class RotoStage:
    """Places the masks of requests. Nothing of it is kept: it is small, and fusion's keys have it by value."""

    def __init__(self, analyser: Analyser, selector: FaceSelector) -> None:
        self._analyser = analyser
        self._selector = selector

    def draw(
        self, clip: Clip, number: int, request: SwapRequest, here: FrameFaces, index: int
    ) -> tuple[DrawnMask, ...]:
        """Return a request's masks as they are in a frame, for one of the faces there.

        A keyframe of a mask that follows the face is carried from where the person's face is in the keyframe's frame
        to where it is here. Where it is not seen there the keyframe keeps its place.

        Parameters
        ----------
        clip : Clip
            The clip.
        number : int
            The frame, counted from 0.
        request : SwapRequest
            What is asked for.
        here : FrameFaces
            The frame's faces.
        index : int
            Which of them is replaced.

        Returns
        -------
        tuple of DrawnMask
            In the request's order.

        Raises
        ------
        RecipeError
            The request's masks are not what they should be.
        FaceImageError, ModelError
            As the selector and the analyser raise them.
        """
        if not request.roto:
            return ()
        track = _FaceTrack(self, clip, number, request, here, index)
        return tuple(_draw_mask(mask, number, track) for mask in parse_roto(request.roto))

    def landmarks(self, clip: Clip, number: int, request: SwapRequest, embedding: Floats) -> Floats | None:
        """Return the landmarks of the person in another frame who is replaced there and looks most like `embedding`."""
        if not 0 <= number < clip.info.frame_count:
            return None
        with suppress(ClipError):
            asked = request.in_other_frame(number)
            there, indices = edited_faces(self._analyser, self._selector, clip, number, asked)
            likest = max(indices, key=lambda index: float(there.embeddings[index] @ embedding), default=None)
            return None if likest is None else there.faces[likest].landmarks
        return None


class _FaceTrack:
    """The landmarks of one face in the frames of a clip, looked up once each."""

    def __init__(
        self, stage: RotoStage, clip: Clip, number: int, request: SwapRequest, here: FrameFaces, index: int
    ) -> None:
        self._stage = stage
        self._clip = clip
        self._request = request
        self._embedding = here.embeddings[index]
        self._landmarks: dict[int, Floats | None] = {number: here.faces[index].landmarks}
        self.landmarks = here.faces[index].landmarks
        self.size = clip.info.width, clip.info.height

    def landmarks_at(self, number: int) -> Floats | None:
        """Return the face's landmarks in a frame, None where it is not seen."""
        if number not in self._landmarks:
            self._landmarks[number] = self._stage.landmarks(
                self._clip, number, self._request, self._embedding
            )
        return self._landmarks[number]


def _draw_mask(mask: RotoMask, number: int, track: _FaceTrack) -> DrawnMask:
    def carry(shape: RotoShape) -> tuple[Doubles, ...]:
        splines = tuple(_widen(points, mask.feather) for points in shape.splines)
        if mask.follow == "none":
            return splines
        before = track.landmarks_at(shape.frame)
        if before is None:
            return splines
        moved = carry_points(splines, before, track.landmarks, mask.follow, track.size)
        return splines if moved is splines else tuple(np.round(points, _DIGITS) for points in moved)

    def draw(layer: RotoLayer) -> DrawnLayer:
        return DrawnLayer(layer, layer_points(layer, number, carry), opacity_at(layer, number))

    return DrawnMask(tuple(draw(layer) for layer in mask.layers), mask.mode)


def _widen(points: Doubles, feather: float) -> Doubles:
    if not feather:
        return points
    widened = points.copy()
    widened[:, _FEATHER] += feather
    return widened
