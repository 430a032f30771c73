# SPDX-License-Identifier: GPL-3.0-or-later
"""From a clip and a frame number to the faces of that frame, computing only what is not known yet."""

from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from ..cache.base.compute import Flight, Uncoordinated
from ..cache.base.key import Key
from ..cache.base.store import Arrays, Store
from ..cache.stores.checked_store import FilteringStore
from ..concurrency.lru import LruCache
from ..errors import ClipError
from ..face.types import Detection, Face, Floats, Pixels
from ..geometry.mesh_topology import Topology
from ..media.clip import Clip
from ..media.light_space import light_space
from ..media.source_stamps import SourceStamps
from ..models.embedded import EmbeddedModels
from ..models.library import ModelLibrary
from ..models.session import ModelPool
from ..recipe import Recipe
from ..reporting.stage_counts import StageCounter
from .attributes import attribute_key
from .cuts import is_cut
from .detect import detect_key, detect_with, detections_from_arrays
from .embed import BUILT_IN_SPACE, embed_key, embed_with, face_vectors, fits_faces
from .face_exposure import FaceViews, expose_faces, exposure_key, placed_exposure_key
from .face_look import face_look_key, measure_looks
from .frame_reader import FrameReader
from .landmark import faces_from_arrays, landmark_key, landmark_with
from .model_adapters import ModelAdapters
from .recognisers.contract import EmbeddingSpace
from .track import follow_key, predict_detection

_MAX_CACHED_ANALYSES = 64


@dataclass(frozen=True, eq=False)
class Analysis:
    """What is known of the faces of one frame."""

    frame: str
    """The frame's id."""
    faces: tuple[Face, ...]
    """As landmarked: not steadied."""
    embeddings: Floats
    """(n, d), in the order of the faces."""
    space: EmbeddingSpace
    """The space of the embeddings."""
    key: Key
    """The key of the landmarks."""
    detection_key: Key
    thumbnail: Pixels
    """The frame from afar, see `FrameReader.thumbnail`."""


class Analyser:
    """Runs detect, landmark and embed over one store. Counts each frame's stages once in its tally."""

    def __init__(
        self,
        store: Store,
        models: EmbeddedModels,
        pool: ModelPool,
        topology: Topology,
        counter: StageCounter,
        flight: Flight | None = None,
        library: ModelLibrary | None = None,
        stamps: SourceStamps | None = None,
    ) -> None:
        """Use one store. What is missing is computed at once, or as `flight` has it.

        `library` has the models that a recipe may ask for besides the embedded ones. `stamps` say what clips are.
        """
        self._store = store
        self._flight = flight or Uncoordinated()
        self._adapters = ModelAdapters(models, library or ModelLibrary(), pool, topology)
        self._topology = topology
        self._counter = counter
        self._frames = FrameReader(store, stamps or SourceStamps(), counter)
        self._recent_analyses: LruCache[tuple[object, ...], Analysis] = LruCache(_MAX_CACHED_ANALYSES)

    @property
    def frames(self) -> FrameReader:
        """The frames of clips, and their ids."""
        return self._frames

    @property
    def adapters(self) -> ModelAdapters:
        """The adapters that recipes choose from."""
        return self._adapters

    def analysis(self, clip: Clip, number: int, recipe: Recipe) -> Analysis:
        """Return the faces of a frame. Raises ClipError or ModelError."""
        recipe = recipe.in_frame(number)
        recent_key = (self._frames.map_id(clip), number, recipe.detect, recipe.landmark, recipe.embed)
        known = self._recent_analyses.get(recent_key)
        if known is None:
            known = self._recent_analyses.put(recent_key, self._compute_analysis(clip, number, recipe))
        return known

    def attributes(self, clip: Clip, number: int, recipe: Recipe) -> Floats:
        """Return sex and age of the faces that `analysis` finds, see `GenderAge`.

        Parameters
        ----------
        clip : Clip
            The clip.
        number : int
            Which frame of it.
        recipe : Recipe
            Its analysis stages.

        Returns
        -------
        ndarray, shape (n, 2), float32
            A row for each face, in their order.

        Raises
        ------
        ClipError
            The frame can't be read.
        ModelError
            The network is not there.
        """
        analysis, network = self.analysis(clip, number, recipe), self._adapters.gender_age()

        def describe(pixels: Pixels, faces: list[Face]) -> Arrays:
            with self._counter.measure("attribute"):
                return {"attributes": network.attributes(pixels, faces)}

        def compute() -> Arrays:
            return FaceViews(self._frames, clip, number).describe(analysis.faces, describe)

        store = FilteringStore(self._store, lambda kept: len(kept["attributes"]) == len(analysis.faces))
        arrays, known = self._flight.get_or_compute(store, attribute_key(analysis.key, network), compute)
        if known:
            self._counter.record_hit("attribute")
        return np.asarray(arrays["attributes"], np.float32)

    def keys(self, clip: Clip, number: int, recipe: Recipe) -> tuple[Key, Key, Key]:
        """Return the keys of what detect, landmark and embed find in a frame. Raises ClipError."""
        return self._keys(self._frames.frame_id(clip, number), clip, number, recipe.in_frame(number))

    def _keys(self, frame: str, clip: Clip, number: int, recipe: Recipe) -> tuple[Key, Key, Key]:
        engines = self._adapters
        detected = detect_key(
            frame,
            recipe.detect,
            engines.detector(recipe.detect),
            engines.key_inputs,
        )
        before = self._frame_to_follow(clip, number, recipe)
        landmarked = landmark_key(
            detected if before is None else follow_key(detected, self.keys(clip, before, recipe)[1]),
            recipe.landmark,
            engines.landmarker(recipe.landmark),
            engines.pose_estimator(recipe.landmark),
        )
        return detected, landmarked, embed_key(landmarked, engines.recogniser(recipe.embed))

    def _frame_to_follow(self, clip: Clip, number: int, recipe: Recipe) -> int | None:
        """Return the frame from which the faces of a frame are followed, None where they are looked for.

        That depends on the clip alone, not on where a render begins.
        """
        if number % recipe.detect.every == 0:
            return None
        looks = {}
        for near in range(number - 2, min(number + 2, clip.info.frame_count)):
            with suppress(ClipError):
                looks[near] = self._frames.thumbnail(clip, near)
        return None if number - 1 not in looks or is_cut(number, looks) else number - 1

    def _compute_analysis(self, clip: Clip, number: int, recipe: Recipe) -> Analysis:
        frame, thumbnail = self._frames.look(clip, number)
        detected, landmarked, embedded = self._keys(frame, clip, number, recipe)
        meshes, known = self._flight.get_or_compute(
            self._store, landmarked, lambda: self._compute_landmarks(clip, number, recipe, detected)
        )
        if known:
            # The landmarks were made from the detections: whoever has the one need not look up the other.
            self._counter.record_hit("detect")
            self._counter.record_hit("landmark")
        faces = self._exposed_faces(clip, number, faces_from_arrays(meshes), exposure_key(landmarked))
        recogniser = self._adapters.recogniser(recipe.embed)
        store = FilteringStore(self._store, lambda kept: fits_faces(kept, faces, built_in=recogniser is None))
        described, known = self._flight.get_or_compute(
            store, embedded, lambda: self._compute_embeddings(clip, number, recipe, faces, landmarked)
        )
        if known:
            self._counter.record_hit("embed")
        mesh = recipe.landmark.finds_mesh
        vectors = face_vectors(described, own=recogniser is None, mesh=mesh)
        space = BUILT_IN_SPACE if recogniser is None else recogniser.space
        return Analysis(frame, tuple(faces), vectors, space, landmarked, detected, thumbnail)

    def _compute_embeddings(
        self, clip: Clip, number: int, recipe: Recipe, faces: list[Face], landmark_key: Key
    ) -> Arrays:
        looks = measure_looks(self._frames.frame(clip, number), faces, self._topology)
        self._store.put(face_look_key(landmark_key), looks)

        def describe(pixels: Pixels, some: list[Face]) -> Arrays:
            return embed_with(pixels, some, self._topology, self._adapters.recogniser(recipe.embed))

        with self._counter.measure("embed"):
            return FaceViews(self._frames, clip, number).describe(faces, describe)

    def _exposed_faces(self, clip: Clip, number: int, faces: list[Face], key: Key) -> list[Face]:
        """Return faces of a frame with the exposures that their light asks for, kept under a key or measured."""
        views = self._face_views(clip, number)
        if views is None:
            return faces
        arrays, _ = self._flight.get_or_compute(
            FilteringStore(self._store, lambda kept: len(kept["stops"]) == len(faces)),
            key,
            lambda: views.measure(faces),
        )
        return expose_faces(faces, arrays)

    def expose_placed_face(self, clip: Clip, number: int, frame: str, face: Face) -> Face:
        """Return a face that a person placed in a frame with this id, exposed as the others. Raises ClipError."""
        return self._exposed_faces(clip, number, [face], placed_exposure_key(frame, face))[0]

    def _compute_landmarks(self, clip: Clip, number: int, recipe: Recipe, detection_key: Key) -> Arrays:
        before = self._frame_to_follow(clip, number, recipe)
        if before is not None:
            expected = self.analysis(clip, before, recipe).faces
            followed = self._landmark_faces(
                clip, number, [predict_detection(face, self._topology) for face in expected], recipe
            )
            # A face that is lost may only be hard to follow: the detector says.
            if len(followed["scores"]) == len(expected):
                return followed
        boxes = self._store.get(detection_key)
        if boxes is None:
            boxes = self._detect(clip, number, recipe)
            self._store.put(detection_key, boxes)
        else:
            self._counter.record_hit("detect")
        return self._landmark_faces(clip, number, detections_from_arrays(boxes), recipe)

    def _detect(self, clip: Clip, number: int, recipe: Recipe) -> Arrays:
        pixels, views = self._frames.frame(clip, number), self._face_views(clip, number)
        detector = self._adapters.detector(recipe.detect)
        with self._counter.measure("detect"):
            return detect_with(
                pixels, recipe.detect, detector, None if views is None else views.further_views
            )

    def _face_views(self, clip: Clip, number: int) -> FaceViews | None:
        """Return a frame as its faces are seen; None where these are seen as the frame is."""
        return None if light_space(clip.source.reading) is None else FaceViews(self._frames, clip, number)

    def _landmark_faces(self, clip: Clip, number: int, detections: list[Detection], recipe: Recipe) -> Arrays:
        pixels, views = self._frames.frame(clip, number), self._face_views(clip, number)
        with self._counter.measure("landmark"):
            return landmark_with(
                pixels,
                detections,
                recipe.landmark,
                self._adapters.landmarker(recipe.landmark),
                self._topology,
                self._adapters.pose_estimator(recipe.landmark),
                None if views is None else views.view_around,
            )
