# SPDX-License-Identifier: GPL-3.0-or-later
"""The forms of the people of a clip, which are theirs and not the clip's: learned once, they can be kept.

A form is learned from frames at fixed places of the whole clip, so that it is the same wherever a render begins, and
every frame of it moves alike. Points are those that the landmarker found: never steadied or moved ones. A request may
bring forms that were learned before: a person who is among them has that form in every clip, however it is cut.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from ..analysis.analyser import Analyser
from ..analysis.person_clustering import FaceRef, FaceSample, group_by_person
from ..analysis.recognisers.contract import l2_normalise
from ..analysis.shots import VisitFrame
from ..analysis.stabilise import FrameFaces, averaged_embeddings
from ..cache.base.compute import Flight
from ..cache.base.key import Key, Scalar, stage_key
from ..cache.base.schema import ArraySpec, Schema
from ..cache.base.store import Arrays, Store
from ..cache.stores.checked_store import FilteringStore
from ..concurrency.lru import LruCache
from ..errors import ClipError
from ..face.types import Floats
from ..geometry.face_form import FORM_LIMIT, FaceForm, neutral_form
from ..geometry.glasses import RimShares
from ..geometry.mesh_topology import Topology
from ..media.clip import Clip
from ..recipe import Recipe
from ..recipe.request import SwapRequest
from ..swap.shape import face_height
from ..system.library_versions import library_inputs
from .form_text import forms_from_text, forms_to_text
from .target_glasses import glasses_key, judge_glasses, measure_samples

VERSION = 1
SAMPLE_FRAMES = 16
"""From how many frames of a clip a form is learned."""
_MIN_SAMPLE_PIXELS = 40.0
_MAX_PEOPLE = SAMPLE_FRAMES * 64
_MAX_CACHED_FORMS = 8
_MAX_DIMENSIONS = 1 << 14
SHAPE_SCHEMA = Schema(
    (
        ArraySpec("forms", "float32", ("people", 468, 3), -FORM_LIMIT, FORM_LIMIT),
        ArraySpec("spreads", "float32", ("people", 468), 0.0, FORM_LIMIT),
        ArraySpec("vectors", "float32", ("people", "dimensions"), -1.01, 1.01),
    ),
    {"people": range(_MAX_PEOPLE), "dimensions": range(_MAX_DIMENSIONS)},
)


LookThrough = Callable[[Clip, int, VisitFrame], None]
"""Called with a clip, a frame and what may look at frames: has it look at those that are read for something else."""


@dataclass(frozen=True, eq=False)
class TargetPerson:
    """What is known of a person of a clip.

    Attributes
    ----------
    form
        Their form.
    thick_frames
        Whether they wear glasses with a thick frame.
    """

    form: FaceForm
    thick_frames: bool


class TargetForms:
    """Learns the forms of the people of clips, over one store."""

    def __init__(
        self,
        store: Store,
        flight: Flight,
        analyser: Analyser,
        topology: Topology,
        look_through: LookThrough,
    ) -> None:
        """`look_through` is called before frames are decoded to learn forms that a frame needs."""
        self._store = store
        self._flight = flight
        self._analyser = analyser
        self._topology = topology
        self._look_through = look_through
        self._people_of_clips: LruCache[tuple[object, ...], Arrays] = LruCache(_MAX_CACHED_FORMS)
        self._rims_of_clips: LruCache[tuple[object, ...], dict[FaceRef, RimShares]] = LruCache(
            _MAX_CACHED_FORMS
        )
        self._kept: LruCache[str, Arrays] = LruCache(_MAX_CACHED_FORMS)

    def text(self, clip: Clip, recipe: Recipe, origin: str) -> str:
        """Return the forms of a clip's people as a text that a request can bring; empty where it shows nobody."""
        return forms_to_text(self._people(clip, recipe), origin)

    def visitor(self, clip: Clip, recipe: Recipe) -> VisitFrame:
        """Return what looks at a frame of a clip if forms are learned from it. It raises what `Analyser.analysis` does.

        Called with frames that are decoded for something else it spares decoding them once more.
        """
        numbers, analysis = frozenset(sample_numbers(clip.info.frame_count)), _analysis_recipe(recipe)

        def visit(number: int) -> None:
            if number in numbers:
                self._look_at_sample(clip, number, analysis)

        return visit

    def person(
        self, clip: Clip, number: int, request: SwapRequest, frame_faces: FrameFaces, index: int
    ) -> TargetPerson:
        """Return the person whose face it is. Raises ClipError, ModelError, RecipeError.

        That is the one of the clip's people who is most like it. Where the request brings that person's form it is
        taken, else the one that the clip shows. Glasses are those of the clip.
        """
        recipe = request.recipe
        if self._clip_name(clip, _analysis_recipe(recipe)) not in self._people_of_clips:
            self._look_through(clip, number, self.visitor(clip, recipe))
        people = self._people(clip, recipe)
        count = len(people["forms"])
        if not count:
            return TargetPerson(FaceForm(self._topology.shape, np.zeros(468, np.float32)), thick_frames=False)
        person = 0
        if count > 1:
            vectors = averaged_embeddings(self._analyser, clip, number, recipe, frame_faces, ahead=0)
            person = int((np.asarray(people["vectors"], np.float32) @ vectors[index]).argmax())
        thick_frames = bool(people["thick"][person])
        kept = self._kept_person(request.target_forms, people["vectors"][person], frame_faces)
        if kept is not None:
            people, person = kept
        form = FaceForm(
            np.asarray(people["forms"][person], np.float32), np.asarray(people["spreads"][person], np.float32)
        )
        return TargetPerson(form, thick_frames)

    def _kept_person(self, text: str, vector: Floats, frame_faces: FrameFaces) -> tuple[Arrays, int] | None:
        """Return the people whose forms are kept and which of them is the one with this vector (d,), if any is.

        A person is compared by all of the clip's samples of them, so that the answer is the same in all of its frames.
        """
        if not text:
            return None
        kept = self._kept.get(text)
        if kept is None:
            kept = self._kept.put(text, forms_from_text(text))
        vectors = np.asarray(kept["vectors"], np.float32)
        if vectors.shape[1] != len(vector):  # of another recogniser
            return None
        similarity = vectors @ vector
        person = int(similarity.argmax())
        return (kept, person) if similarity[person] >= frame_faces.space.match_threshold else None

    def _people(self, clip: Clip, recipe: Recipe) -> Arrays:
        """Return the arrays of `SHAPE_SCHEMA` and `GLASSES_SCHEMA` of a clip's people."""
        analysis = _analysis_recipe(recipe)
        name = self._clip_name(clip, analysis)
        kept = self._people_of_clips.get(name)
        if kept is not None:
            return kept
        keys: dict[str, Scalar | Key] = {}
        numbers = []
        for sample in sample_numbers(clip.info.frame_count):
            # A frame that can't be read is reported at its own turn; the others show the person too.
            with suppress(ClipError):
                keys[f"face{sample:08d}"] = self._analyser.keys(clip, sample, analysis)[2]
                numbers.append(sample)
                self._look_at_sample(clip, sample, analysis)
        rims = self._rims_of_clips.get(name) or {}
        samples: dict[str, Scalar | Key] = {
            f"face{place:02d}": key for place, key in enumerate(keys.values())
        }

        def fits(arrays: Arrays) -> bool:
            vectors = arrays["vectors"]
            return not len(vectors) or vectors.shape[1] == self._dimensions(clip, numbers, analysis)

        key = stage_key("shape", VERSION, samples | library_inputs("numpy"))
        store = FilteringStore(self._store, fits)
        forms, _ = self._flight.get_or_compute(store, key, lambda: self._learn(clip, numbers, analysis))
        glasses, _ = self._flight.get_or_compute(
            FilteringStore(self._store, lambda kept: len(kept["thick"]) == len(forms["forms"])),
            glasses_key(key),
            lambda: self._judge_glasses(clip, numbers, analysis, rims),
        )
        self._rims_of_clips.discard(name)
        return self._people_of_clips.put(name, {**forms, **glasses})

    def _clip_name(self, clip: Clip, analysis: Recipe) -> tuple[object, ...]:
        return self._analyser.frames.map_id(clip), analysis

    def _look_at_sample(self, clip: Clip, number: int, analysis: Recipe) -> None:
        """Analyse a sample frame, unless it is known; its rims are measured then, while its pixels are at hand."""
        if self._analyser.keys(clip, number, analysis)[2] in self._store:
            return
        name = self._clip_name(clip, analysis)
        rims = self._rims_of_clips.get(name)
        rims = self._rims_of_clips.put(name, {}) if rims is None else rims
        rims |= self._measure_rims(clip, self._frame_samples(clip, number, analysis))

    def _dimensions(self, clip: Clip, numbers: Sequence[int], recipe: Recipe) -> int:
        return next(
            (
                analysis.embeddings.shape[1]
                for number in numbers
                if len((analysis := self._analyser.analysis(clip, number, recipe)).faces)
            ),
            0,
        )

    def _learn(self, clip: Clip, numbers: Sequence[int], recipe: Recipe) -> Arrays:
        """Learn the form of each person in the sample frames, the one seen most first."""
        people = self._samples_by_person(clip, numbers, recipe)
        if not people:
            empty = np.zeros((0, 468, 3), np.float32)
            return {"forms": empty, "spreads": empty[..., 0], "vectors": np.zeros((0, 0), np.float32)}
        forms = [neutral_form([one.face.landmarks for one in person], self._topology) for person in people]
        vectors = np.stack([np.sum([one.embedding for one in person], axis=0) for person in people])
        return {
            "forms": np.stack([form.points for form in forms]),
            "spreads": np.stack([form.spread for form in forms]),
            "vectors": l2_normalise(vectors),
        }

    def _judge_glasses(
        self, clip: Clip, numbers: Sequence[int], recipe: Recipe, rims: Mapping[FaceRef, RimShares]
    ) -> Arrays:
        """Tell who wears thick frames; `rims` are those that were measured while the samples were at hand."""
        people = self._samples_by_person(clip, numbers, recipe)
        by_frame: dict[int, list[FaceSample]] = {}
        for sample in sorted((one for person in people for one in person), key=lambda one: one.face_ref):
            if sample.face_ref not in rims:
                by_frame.setdefault(sample.face_ref[0], []).append(sample)
        rims = dict(rims)
        for samples in by_frame.values():
            rims |= self._measure_rims(clip, samples)
        return judge_glasses(people, rims)

    def _samples_by_person(
        self, clip: Clip, numbers: Sequence[int], recipe: Recipe
    ) -> list[list[FaceSample]]:
        rows: list[list[FaceSample]] = []
        threshold = 1.0
        for number in numbers:
            with suppress(ClipError):
                threshold = self._analyser.analysis(clip, number, recipe).space.match_threshold
                rows.append(self._frame_samples(clip, number, recipe))
        return group_by_person(rows, threshold)

    def _frame_samples(self, clip: Clip, number: int, recipe: Recipe) -> list[FaceSample]:
        """Return the faces of a frame that are large enough to learn from."""
        analysis = self._analyser.analysis(clip, number, recipe)
        return [
            FaceSample((number, place), face, analysis.embeddings[place])
            for place, face in enumerate(analysis.faces)
            if face_height(face.landmarks) >= _MIN_SAMPLE_PIXELS
        ]

    def _measure_rims(self, clip: Clip, samples: Sequence[FaceSample]) -> dict[FaceRef, RimShares]:
        """Measure the rims of faces of one frame."""
        if not samples:
            return {}
        number = samples[0].face_ref[0]
        rims: dict[FaceRef, RimShares] = {}
        for stops in dict.fromkeys(sample.face.stops for sample in samples):
            alike = [sample for sample in samples if sample.face.stops == stops]
            image = self._analyser.frames.frame(clip, number, stops)
            rims |= measure_samples(image, alike, self._topology)
        return rims


def _analysis_recipe(recipe: Recipe) -> Recipe:
    """Return what of a recipe matters to the faces that are found."""
    return Recipe(detect=recipe.detect, landmark=recipe.landmark, embed=recipe.embed)


def sample_numbers(frame_count: int) -> list[int]:
    """Return the frames of a clip that a form is learned from: at most 16, in the middles of equal stretches."""
    count = min(SAMPLE_FRAMES, frame_count)
    return [(2 * place + 1) * frame_count // (2 * count) for place in range(count)]
