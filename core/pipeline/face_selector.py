# SPDX-License-Identifier: GPL-3.0-or-later
"""Which person of a clip is replaced, and whether the images of the source person will do."""

from collections.abc import Sequence

import numpy as np

from ..analysis.analyser import Analyser
from ..analysis.attributes import filter_by_attributes, needs_attributes
from ..analysis.face_tracker import FaceTracker
from ..analysis.quality import quality_issues
from ..analysis.recognisers.contract import Embeddings
from ..analysis.select import best_match, filter_by_height, indices_left_to_right, rank_faces
from ..analysis.stabilise import FrameFaces, averaged_embeddings, mean_attributes
from ..analysis.track import match_faces
from ..errors import RecipeError
from ..face.types import Face
from ..geometry.mesh_topology import Topology
from ..media.clip import Clip
from ..recipe import BUILT_IN_RECOGNISER, Recipe
from ..recipe.request import Identity, SwapRequest
from ..reporting.stage_counts import StageCounter
from ..swap.source import Sources
from .steady_choice import steady_choice

_CERTAIN_SIMILARITY = 0.7
"""Of the built-in description: above, hardly ever somebody else, where nobody else is there to compare with."""


class FaceSelector:
    """Knows people in a clip and in images."""

    def __init__(
        self,
        clip_analyser: Analyser,
        image_analyser: Analyser,
        sources: Sources,
        topology: Topology,
        counter: StageCounter,
    ) -> None:
        """`clip_analyser` analyses clips, `image_analyser` and `sources` images of people; `counter` takes warnings."""
        self._clip_analyser = clip_analyser
        self._tracker = FaceTracker(clip_analyser)
        self._image_analyser = image_analyser
        self._sources = sources
        self._topology = topology
        self._counter = counter

    def warn_of_poor_images(self, request: SwapRequest) -> None:
        """Name images that show too little of the source person, and those that seem to show somebody else.

        Raises FaceImageError if an image can't be used at all.
        """
        images = request.identity.images
        if not images:
            return
        shown_faces = self._sources.source_faces(request.identity, request.recipe.detect)
        for image, shown in zip(images, shown_faces, strict=True):
            poor = quality_issues(
                self._image_analyser.frames.frame(shown.clip, 0), shown.face, self._topology
            )
            if poor:
                self._counter.warn(f"{image.path.name} is a poor source: its face is {'; '.join(poor)}")
        for text in self.other_person_warnings(request):
            self._counter.warn(text)

    def other_person_warnings(self, request: SwapRequest) -> tuple[str, ...]:
        """Say which images show another person than the first does, by the threshold of the recipe's recogniser.

        Nothing of the built-in description, which tells people of one scene apart: between photographs of one person it
        gives .26 to .66, between those of two up to .61; MobileFace .69 and more, and .21 at most (on 17 portraits of
        11 people, some of them in two or three photographs).

        Raises FaceImageError if an image can't be used at all.
        """
        images = request.identity.images
        if request.recipe.embed.recogniser == BUILT_IN_RECOGNISER or len(images) < 2:
            return ()
        shown_by = self._image_embeddings(request.identity, request.recipe)
        similarity = shown_by.cosine_similarity(shown_by)[0]
        return tuple(
            f"{image.path.name} seems to show another person than {images[0].path.name}: use images of one person"
            for image, similarity_to_first in zip(images[1:], similarity[1:], strict=True)
            if similarity_to_first < shown_by.space.match_threshold
        )

    def select(self, clip: Clip, number: int, request: SwapRequest, frame_faces: FrameFaces) -> list[int]:
        """Return the indices of the faces of a frame that are replaced. Raises RecipeError, FaceImageError."""
        candidates = self._candidates(clip, number, request.recipe, frame_faces)
        match request.recipe.select.which:
            case "all":
                return candidates
            case "track":
                return self._select_tracked(clip, number, request.recipe, frame_faces, candidates)
            case "reference":
                return self._select_by_reference(clip, number, request, frame_faces, candidates)
            case order:
                return self._select_first(clip, number, request.recipe, frame_faces, candidates, order)

    def _candidates(self, clip: Clip, number: int, recipe: Recipe, frame_faces: FrameFaces) -> list[int]:
        """Return the faces with the attributes and the height that a recipe asks for, whoever they are."""
        indices = list(range(len(frame_faces.faces)))
        if needs_attributes(recipe.select):
            attributes = mean_attributes(self._clip_analyser, clip, number, recipe, frame_faces)
            indices = filter_by_attributes(attributes, recipe.select)
        return filter_by_height(frame_faces.faces, indices, recipe.select.min_height)

    def _select_first(
        self,
        clip: Clip,
        number: int,
        recipe: Recipe,
        frame_faces: FrameFaces,
        candidates: list[int],
        order: str,
    ) -> list[int]:
        """Return the first candidate of an order, the one of the frames around where that is asked for."""
        if not recipe.select.steady or needs_attributes(recipe.select):
            return rank_faces(frame_faces.faces, candidates, order)[:1]

        def choose(faces: Sequence[Face]) -> int | None:
            indices = filter_by_height(faces, range(len(faces)), recipe.select.min_height)
            return next(iter(rank_faces(faces, indices, order)), None)

        index = steady_choice(self._clip_analyser, clip, number, recipe, frame_faces, choose)
        return [] if index is None else [index]

    def _select_tracked(
        self, clip: Clip, number: int, recipe: Recipe, frame_faces: FrameFaces, candidates: list[int]
    ) -> list[int]:
        """Return the face that was picked and followed from there, if it is seen in this frame and a candidate."""
        frame, picked = recipe.select.reference_frame, recipe.select.reference_face
        _, place = self._face_at(clip, frame, picked, recipe, "reference_face")
        index, last_face = self._tracker.face_at(clip, number, recipe, (frame, place))
        if index is None and last_face is not None:
            # The analysis has missed it; among the faces here it is one that was filled in.
            analysed = len(self._clip_analyser.analysis(clip, number, recipe).faces)
            nearest = match_faces([last_face], frame_faces.faces[analysed:])[0]
            index = None if nearest is None else analysed + nearest
        return [index] if index in candidates else []

    def _select_by_reference(
        self,
        clip: Clip,
        number: int,
        request: SwapRequest,
        frame_faces: FrameFaces,
        candidates: list[int],
    ) -> list[int]:
        """Return the candidate most like the person of the reference images, or of the reference frame."""
        recipe = request.recipe
        if request.target_references:
            meant, others = self._reference_embeddings(request), None
        else:
            meant, others = self._picked_embeddings(clip, recipe)
        embeddings = Embeddings(
            averaged_embeddings(self._clip_analyser, clip, number, recipe, frame_faces), frame_faces.space
        )
        similarity = embeddings.cosine_similarity(meant)[:, 0]
        strangers = None
        if others is not None and len(others.rows):
            strangers = embeddings.cosine_similarity(others).max(1)
        best = best_match(candidates, similarity, strangers, frame_faces.space.match_threshold)
        if best is None:
            return []
        nobody_to_compare = recipe.embed.recogniser == "mesh" and strangers is None
        if nobody_to_compare and similarity[best] < _CERTAIN_SIMILARITY:
            self._counter.warn(
                f"in {clip.info.path.name} a replaced face is only a little like the chosen one: "
                "shape and look alone don't distinguish people across cuts. Name the other people (select.others), "
                "or set embed.recogniser to a network's"
            )
        return [best]

    def _reference_embeddings(self, request: SwapRequest) -> Embeddings:
        """Return the mean vector (1, d) of the images of who is replaced."""
        if request.recipe.embed.recogniser == "mesh":
            raise RecipeError(
                "to find a person by an image a recognizer is needed: set embed.recogniser to arcface, ghostface, "
                "sface, mobileface or auraface"
            )
        return self._image_embeddings(Identity(request.target_references), request.recipe).mean()

    def _picked_embeddings(self, clip: Clip, recipe: Recipe) -> tuple[Embeddings, Embeddings]:
        """Return the vector (1, d) of the face that was picked, and those (m, d) of people who are not meant.

        These are the others in the reference frame, and whom `select.others` names.
        """
        frame, number = recipe.select.reference_frame, recipe.select.reference_face
        picked, place = self._face_at(clip, frame, number, recipe, "reference_face")
        others = [np.delete(picked.rows, place, 0)]
        for there, face in _parse_face_refs(recipe.select.others):
            embeddings, which = self._face_at(clip, there, face, recipe, "others")
            others.append(embeddings.rows[which : which + 1])
        meant = Embeddings(picked.rows[place : place + 1], picked.space)
        return meant, Embeddings(np.concatenate(others), picked.space)

    def _face_at(
        self, clip: Clip, frame: int, number: int, recipe: Recipe, parameter: str
    ) -> tuple[Embeddings, int]:
        """Return the vectors (n, d) of a frame's faces, and the index of the one that is `number`th from the left."""
        analysis = self._clip_analyser.analysis(clip, frame, recipe.around)
        ordered = indices_left_to_right(analysis.faces)
        if number >= len(ordered):
            raise RecipeError(
                f"frame {frame} of {clip.info.path.name} has {len(ordered)} faces, so select.{parameter} can't be "
                f"{number}: pick the person in a frame that shows them"
            )
        return Embeddings(analysis.embeddings, analysis.space), ordered[number]

    def _image_embeddings(self, identity: Identity, recipe: Recipe) -> Embeddings:
        """Return a vector (n, d) for each image of a person."""
        analyses = [
            (
                self._image_analyser.analysis(shown.clip, 0, Recipe(detect=shown.detect, embed=recipe.embed)),
                shown.index,
            )
            for shown in self._sources.source_faces(identity, recipe.detect)
        ]
        rows = [analysis.embeddings[index] for analysis, index in analyses]
        return Embeddings(np.asarray(rows, np.float32), analyses[0][0].space)


def _parse_face_refs(text: str) -> list[tuple[int, int]]:
    """Read pairs such as `90:0 204:1`. Raises RecipeError."""
    try:
        pairs = [(int(frame), int(face)) for frame, face in (word.split(":") for word in text.split())]
        if all(frame >= 0 and face >= 0 for frame, face in pairs):
            return pairs
    except ValueError:
        pass
    raise RecipeError(f"select.others is written frame:face, such as 90:0 204:1, not {text!r}")
