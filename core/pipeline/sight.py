# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scan needs of a frame, read from what is kept of its analysis."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from ..analysis.analyser import Analyser, Analysis
from ..analysis.face_look import FaceLook, face_look_key, looks_from_arrays
from ..analysis.stabilise import FrameFaces
from ..cache.base.key import Key
from ..cache.base.store import Arrays, Store
from ..errors import FaceImageError, ModelError
from ..face.types import Face, Floats, Pixels
from ..media.clip import Clip
from ..media.clip_info_cache import NotCachedError
from ..recipe.redetection import require_same_points
from ..recipe.request import SwapRequest
from ..swap.mesh_swapper import MeshSwapper
from ..swap.neural_swapper import NeuralSwapper
from ..swap.swap_look import change_from_arrays, swap_look_key
from .face_selector import FaceSelector

_ANY_MOVE = Key("")
"""In the place of how one face is moved: `swap_look_key` leaves it out, but not what else a form adds to a key."""
_NEAR = 0.5
"""A detection is a face's if their middles are no further apart than this share of the face's larger side."""


@dataclass(frozen=True, eq=False)
class FrameSighting:
    """The faces that are replaced in a frame, as its analysis has them: not steadied, and none filled in.

    Attributes
    ----------
    number : int
        The frame of the clip, counted from 0.
    thumbnail : ndarray, shape (18, 32, 3), uint8
        The frame from afar, RGB, by which cuts are found.
    faces : tuple of Face
        The n faces.
    embeddings : ndarray, shape (n, d), float32
        Their vectors, of length 1.
    match_threshold : float
        The cosine that the vectors of one person reach.
    detection_scores : tuple of float
        How sure the detector was of each face; NaN where that is not known.
    refused_score : float
        How sure the detector was of a face where no face is left; 0 where it saw none, or one is left.
    size : tuple of int
        Width and height of the frame in pixels.
    looks : tuple of FaceLook
        How the faces are seen; none where that is not known.
    changes : tuple of (ndarray or None)
        What was measured of each face's swap, see `measure_swap`, (8, 8) float32; none where that is not known.
    """

    number: int
    thumbnail: Pixels
    faces: tuple[Face, ...]
    embeddings: Floats
    match_threshold: float
    detection_scores: tuple[float, ...]
    refused_score: float
    size: tuple[int, int]
    looks: tuple[FaceLook, ...] = ()
    changes: tuple[Floats | None, ...] = ()


class SightStage:
    """Sees what a scan needs of frames. While it is asked by one request, images of people may not change."""

    def __init__(
        self,
        store: Store,
        analyser: Analyser,
        selector: FaceSelector,
        swappers: tuple[MeshSwapper, NeuralSwapper],
    ) -> None:
        self._store = store
        self._analyser = analyser
        self._selector = selector
        self._mesh, self._neural = swappers
        # Of the last request: all frames of a scan have the same.
        self._swap: tuple[SwapRequest, Key | None] | None = None

    def sight_frame(self, clip: Clip, number: int, request: SwapRequest) -> FrameSighting:
        """Return what is seen of the faces that a request replaces in a frame, see `Pipeline.sight_frame`."""
        request = without_steady_choice(request.with_analysis_of(number))
        recipe = request.recipe
        require_same_points(recipe, number)
        here = self._analyser.analysis(clip, number, recipe)
        frame_faces = FrameFaces(here.frame, here.faces, here.embeddings, here.space)
        indices = self._selector.select(clip, number, request, frame_faces)
        detections = self._store.get(here.detection_key)
        faces = tuple(here.faces[index] for index in indices)
        looks = looks_from_arrays(self._store.get(face_look_key(here.key)), len(here.faces))
        return FrameSighting(
            number,
            here.thumbnail,
            faces,
            here.embeddings[indices],
            here.space.match_threshold,
            detection_scores(faces, detections),
            refused_score(here.faces, detections, recipe.select.min_height),
            (clip.info.width, clip.info.height),
            tuple(looks[index] for index in indices) if looks else (),
            self._changes(request, here, indices),
        )

    def _changes(
        self, request: SwapRequest, here: Analysis, indices: Sequence[int]
    ) -> tuple[Floats | None, ...]:
        """Return what was measured of the swaps of a frame's faces; none without a source person."""
        swap = self._swap_key(request, here.faces[indices[0]]) if indices else None
        if swap is None:
            return ()
        keys = (swap_look_key(swap, here, index, request.recipe) for index in indices)
        return tuple(change_from_arrays(self._store.get(key)) for key in keys)

    def _swap_key(self, request: SwapRequest, face: Face) -> Key | None:
        """Return the key of a swap by a request, of whichever face; None where nothing can have been swapped by it."""
        if not request.identity.images:
            return None
        if self._swap is None or self._swap[0] is not request:
            swap: Key | None = None
            with suppress(FaceImageError, ModelError, NotCachedError):
                if request.recipe.swap.is_neural:
                    swap = self._neural.swap_key("", face, request)
                else:
                    move = _ANY_MOVE if request.recipe.swap.shape > 0 else None
                    swap = self._mesh.swap_key("", b"", request, move)
            self._swap = request, swap
        return self._swap[1]


def without_steady_choice(request: SwapRequest) -> SwapRequest:
    """Return a request that chooses faces by each frame alone: the very request where it does.

    As landmarks are not steadied: what is mended by itself is seen all the same, and a scan stays quick.
    """
    recipe = request.recipe
    if not recipe.select.steady:
        return request
    return replace(request, recipe=replace(recipe, select=replace(recipe.select, steady=False)))


def detection_scores(faces: tuple[Face, ...], detections: Arrays | None) -> tuple[float, ...]:
    """Return how sure the detector was of each face.

    Parameters
    ----------
    faces : tuple of Face
        The faces of a frame.
    detections : dict of str to ndarray or None
        What `detect_with` found in it, `boxes` (n, 4) and `scores` (n,), both float32; None where that is not known.

    Returns
    -------
    tuple of float
        The score of the surest detection in each face's place, NaN where there is none.
    """
    if detections is None or not len(detections["scores"]):
        return (float("nan"),) * len(faces)
    boxes, scores = np.asarray(detections["boxes"], np.float32), detections["scores"]
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    matched = []
    for face in faces:
        gaps = middles - (face.box[:2] + face.box[2:]) / 2
        near = np.hypot(gaps[:, 0], gaps[:, 1]) <= _NEAR * float((face.box[2:] - face.box[:2]).max())
        matched.append(float(scores[near].max()) if near.any() else float("nan"))
    return tuple(matched)


def refused_score(faces: tuple[Face, ...], detections: Arrays | None, min_height: float) -> float:
    """Return how sure the detector was of a face that is none to the landmarker, in a frame where no face is left.

    Parameters
    ----------
    faces : tuple of Face
        The faces of the frame.
    detections : dict of str to ndarray or None
        See `detection_scores`.
    min_height : float
        Boxes that are lower, in pixels, do not count.

    Returns
    -------
    float
        The highest score; 0 where there is none.
    """
    if faces or detections is None or not len(detections["scores"]):
        return 0.0
    boxes = np.asarray(detections["boxes"], np.float32)
    large = boxes[:, 3] - boxes[:, 1] >= min_height
    return float(detections["scores"][large].max()) if large.any() else 0.0
