# SPDX-License-Identifier: GPL-3.0-or-later
"""The form of who is replaced and of who replaces them, and the faces and pictures that are moved by their difference.

The target's form is learned from frames at fixed places of the whole clip, so that it is the same wherever a render
begins, and every frame of it moves alike. Points are those that the landmarker found: never steadied or moved ones.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from ..analysis.analyser import Analyser
from ..analysis.person_clustering import FaceSample, group_by_person
from ..analysis.recognisers.contract import l2_normalise
from ..analysis.stabilise import FrameFaces, averaged_embeddings
from ..cache.base.compute import Flight
from ..cache.base.key import Key, Scalar, stage_key
from ..cache.base.schema import ArraySpec, Schema
from ..cache.base.store import Arrays, Store
from ..cache.stores.checked_store import FilteringStore
from ..concurrency.lru import LruCache
from ..errors import ClipError
from ..face.types import Face, Floats, Pixels
from ..geometry.face_form import FORM_LIMIT, FaceForm, form_displacement, neutral_form, pose_displacement
from ..geometry.mesh_topology import Topology
from ..media.clip import Clip
from ..recipe import Recipe
from ..recipe.request import SwapRequest
from ..reporting.stage_counts import StageCounter
from ..swap import shape
from ..swap.shape import MovedFace, face_height, move_face
from ..swap.source import Sources
from ..system.library_versions import library_inputs

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


@dataclass(frozen=True, eq=False)
class ShapePlan:
    """How a face of a frame is to be moved.

    Attributes
    ----------
    key
        The key of the moved face.
    displacement
        (468, 3) float32: how far the face's points are to go, in frame pixels.
    resting
        The boxes (4,) of other faces nearby, in frame pixels.
    size
        Width and height of the frame in pixels.
    seed
        Of the grain, 32 bits: the frame's own.
    """

    key: Key
    displacement: Floats
    resting: tuple[Floats, ...]
    size: tuple[int, int]
    seed: int


class ShapeStage:
    """Learns forms and moves faces over one store."""

    def __init__(
        self,
        store: Store,
        flight: Flight,
        analyser: Analyser,
        sources: Sources,
        topology: Topology,
        counter: StageCounter,
    ) -> None:
        self._store = store
        self._flight = flight
        self._analyser = analyser
        self._sources = sources
        self._topology = topology
        self._counter = counter
        self._targets: LruCache[tuple[object, ...], Arrays] = LruCache(_MAX_CACHED_FORMS)
        self._source_forms: LruCache[Key, FaceForm] = LruCache(_MAX_CACHED_FORMS)
        self._displacements: LruCache[tuple[Key, bytes], Floats] = LruCache(_MAX_CACHED_FORMS)

    def plan(
        self, clip: Clip, number: int, request: SwapRequest, frame_faces: FrameFaces, index: int
    ) -> ShapePlan:
        """Find out how a face of a frame is to be moved. Raises ClipError, FaceImageError, ModelError, RecipeError."""
        face, amount = frame_faces.faces[index], request.recipe.swap.shape
        target = self._target_form(clip, number, request.recipe, frame_faces, index)
        form = sha256(target.points.tobytes() + target.spread.tobytes()).digest()
        source = self._sources.texture_key(request.identity, request.recipe.detect)
        between = self._displacement(request, source, target, form)
        moved = pose_displacement(between, target, face.landmarks, self._topology)
        resting = _faces_around(frame_faces.faces, index)
        inputs: dict[str, Scalar | Key] = {
            "frame": frame_faces.frame,
            "landmarks": sha256(np.ascontiguousarray(face.landmarks).tobytes()).digest(),
            # By value: another cut of the clip, whose samples give the same form, has the same pictures.
            "form": sha256(form + between.tobytes()).digest(),
            "source": source,
            "shape": amount,
        }
        if resting:
            inputs["resting"] = sha256(np.concatenate(resting).tobytes()).digest()
        key = stage_key("move", shape.VERSION, inputs | library_inputs("numpy", "opencv"))
        size = clip.info.width, clip.info.height
        seed = int.from_bytes(sha256(frame_faces.frame.encode()).digest()[:4], "little")
        return ShapePlan(key, np.asarray(amount * moved, np.float32), resting, size, seed)

    def moved_face(self, plan: ShapePlan, face: Face, decode_frame: Callable[[], Pixels]) -> MovedFace:
        """Return a planned face moved, kept or made.

        `decode_frame` gives the (H, W, 3) RGB uint8 frame, and is called only if the picture has to be made.
        """

        def compute() -> Arrays:
            frame = decode_frame()
            with self._counter.measure("shape"):
                return move_face(
                    frame, face.landmarks, plan.displacement, plan.resting, self._topology
                ).to_arrays()

        store = FilteringStore(self._store, lambda kept: MovedFace.from_arrays(kept).fits(plan.size))
        arrays, hit = self._flight.get_or_compute(store, plan.key, compute)
        if hit:
            self._counter.record_hit("shape")
        return MovedFace.from_arrays(arrays)

    def _target_form(
        self, clip: Clip, number: int, recipe: Recipe, frame_faces: FrameFaces, index: int
    ) -> FaceForm:
        """Return the form of the person whose face it is: of those in the clip's samples the one most like it."""
        people = self._people(clip, recipe)
        count = len(people["forms"])
        if not count:
            return FaceForm(self._topology.shape, np.zeros(468, np.float32))
        person = 0
        if count > 1:
            vectors = averaged_embeddings(self._analyser, clip, number, recipe, frame_faces, ahead=0)
            person = int((np.asarray(people["vectors"], np.float32) @ vectors[index]).argmax())
        return FaceForm(
            np.asarray(people["forms"][person], np.float32), np.asarray(people["spreads"][person], np.float32)
        )

    def _people(self, clip: Clip, recipe: Recipe) -> Arrays:
        analysis = Recipe(detect=recipe.detect, landmark=recipe.landmark, embed=recipe.embed)
        known = (self._analyser.frames.map_id(clip), analysis)
        kept = self._targets.get(known)
        if kept is not None:
            return kept
        keys: dict[str, Scalar | Key] = {}
        numbers = []
        for sample in sample_numbers(clip.info.frame_count):
            # A frame that can't be read is reported at its own turn; the others show the person too.
            with suppress(ClipError):
                keys[f"face{sample:08d}"] = embedded = self._analyser.keys(clip, sample, analysis)[2]
                numbers.append(sample)
                if embedded not in self._store:
                    # While its pixels are at hand: a second way through the samples decodes a movie once more.
                    self._analyser.analysis(clip, sample, analysis)
        samples: dict[str, Scalar | Key] = {
            f"face{place:02d}": key for place, key in enumerate(keys.values())
        }

        def fits(arrays: Arrays) -> bool:
            vectors = arrays["vectors"]
            return not len(vectors) or vectors.shape[1] == self._dimensions(clip, numbers, analysis)

        key = stage_key("shape", VERSION, samples | library_inputs("numpy"))
        store = FilteringStore(self._store, fits)
        arrays, _ = self._flight.get_or_compute(store, key, lambda: self._learn(clip, numbers, analysis))
        return self._targets.put(known, arrays)

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
        rows: list[list[FaceSample]] = []
        threshold = 1.0
        for number in numbers:
            with suppress(ClipError):
                analysis = self._analyser.analysis(clip, number, recipe)
                threshold = analysis.space.match_threshold
                rows.append(
                    [
                        FaceSample((number, place), face, analysis.embeddings[place])
                        for place, face in enumerate(analysis.faces)
                        if face_height(face.landmarks) >= _MIN_SAMPLE_PIXELS
                    ]
                )
        people = group_by_person(rows, threshold)
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

    def _displacement(self, request: SwapRequest, source: Key, target: FaceForm, form: bytes) -> Floats:
        kept = self._displacements.get((source, form))
        if kept is not None:
            return kept
        own = self._source_forms.get(source)
        if own is None:
            shown_faces = self._sources.source_faces(request.identity, request.recipe.detect)
            meshes = [shown.face.landmarks for shown in shown_faces]
            own = self._source_forms.put(source, neutral_form(meshes, self._topology))
        return self._displacements.put((source, form), form_displacement(own, target, self._topology))


def sample_numbers(frame_count: int) -> list[int]:
    """Return the frames of a clip that a form is learned from: at most 16, in the middles of equal stretches."""
    count = min(SAMPLE_FRAMES, frame_count)
    return [(2 * place + 1) * frame_count // (2 * count) for place in range(count)]


def _faces_around(faces: Sequence[Face], index: int) -> tuple[Floats, ...]:
    """Return the boxes of the other faces that a face's picture could pull along, in whole pixels."""
    own = faces[index].box
    reach = float(np.max(own[2:] - own[:2]))
    boxes = [np.round(face.box).astype(np.float32) for place, face in enumerate(faces) if place != index]
    return tuple(
        box
        for box in boxes
        if (box[:2] < own[2:] + reach).all()
        and (box[2:] > own[:2] - reach).all()
        and not ((own[:2] < (middle := (box[:2] + box[2:]) / 2)).all() and (middle < own[2:]).all())
    )
