# SPDX-License-Identifier: GPL-3.0-or-later
"""From a clip and a frame number to the faces of that frame, computing only what is not known yet."""

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from ..cache.base.compute import Flight, Uncoordinated
from ..cache.base.key import Key, stage_key
from ..cache.base.schema import ArraySpec, Schema
from ..cache.base.store import Arrays, Store
from ..cache.stores.checked_store import FilteringStore
from ..concurrency.lru import LruCache
from ..errors import ClipError
from ..face.types import Detection, Face, Floats, Pixels
from ..geometry.mesh_topology import Topology
from ..media.clip import FRAME_CACHE_SIZE, Clip, frame_id
from ..media.prefetching_clip import PrefetchingClip
from ..models.embedded import EmbeddedModels
from ..models.library import ModelLibrary
from ..models.session import ModelPool
from ..recipe import Recipe
from ..reporting.stage_counts import StageCounter
from .attributes import attribute_key
from .cuts import FRAME_THUMBNAIL_SIZE, frame_thumbnail, is_cut
from .detect import detect_key, detect_with, detections_from_arrays
from .embed import BUILT_IN_SPACE, embed_key, embed_with, face_vectors, fits_faces
from .landmark import faces_from_arrays, landmark_key, landmark_with
from .model_adapters import MESH_LANDMARKERS, ModelAdapters
from .recognisers.contract import EmbeddingSpace
from .track import follow_key, predict_detection

if TYPE_CHECKING:
    import numpy.typing as npt

DECODER_VERSION = 2
_ID = ArraySpec("id", "uint8", (32,))
CLIP_SCHEMA = Schema((_ID,))
FRAME_SCHEMA = Schema(
    (_ID, ArraySpec("look", "uint8", (FRAME_THUMBNAIL_SIZE[1], FRAME_THUMBNAIL_SIZE[0], 3)))
)
_MAX_CACHED_ANALYSES = 64
_BAND_SAMPLES = 1 << 20  # samples


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
    ) -> None:
        """Use one store. What is missing is computed at once, or as `flight` has it.

        `library` has the models that a recipe may ask for besides the embedded ones.
        """
        self._store = store
        self._flight = flight or Uncoordinated()
        self._adapters = ModelAdapters(models, library or ModelLibrary(), pool, topology)
        self._topology = topology
        self._counter = counter
        self._clip_ids: WeakKeyDictionary[Clip, str] = WeakKeyDictionary()
        self._counted_frames: LruCache[tuple[str, int], None] = LruCache(FRAME_CACHE_SIZE)
        self._recent_analyses: LruCache[tuple[object, ...], Analysis] = LruCache(_MAX_CACHED_ANALYSES)

    @property
    def adapters(self) -> ModelAdapters:
        """The adapters that recipes choose from."""
        return self._adapters

    def clip_id(self, clip: Clip) -> str:
        """Return the clip's id; its file is hashed once, then known by path, size and time."""
        known = self._clip_ids.get(clip)
        if known is None:
            key = stage_key("clip", 1, {"stamp": clip.stamp})
            kept = self._store.get(key)
            if kept is None:
                known = clip.clip_id
                self._store.put(key, {"id": np.frombuffer(bytes.fromhex(known), np.uint8)})
            else:
                known = kept["id"].tobytes().hex()
            self._clip_ids[clip] = known
        return known

    def frame_id(self, clip: Clip, number: int) -> str:
        """Return the id of a frame: from the clip's frame map, or by decoding the frame once."""
        return self._load_map_entry(clip, number)["id"].tobytes().hex()

    def thumbnail(self, clip: Clip, number: int) -> Pixels:
        """Return what a frame looks like from afar, by which cuts are found; see `cuts.frame_thumbnail`."""
        return np.asarray(self._load_map_entry(clip, number)["look"], np.uint8)

    def _load_map_entry(self, clip: Clip, number: int) -> Arrays:
        """Return a frame's entry in the clip's frame map: `id` (32,) uint8 and `thumbnail`."""
        key = self._map_key(clip, number)
        kept = self._store.get(key)
        if kept is None:
            self.frame(clip, number)
            kept = self._store.get(key)
        return _map_entry(clip, number) if kept is None else kept

    def frame(self, clip: Clip, number: int) -> Pixels:
        """Decode a frame: (H, W, 3) RGB uint8; 16-bit clips are reduced to what the models see."""
        pixels = clip.read(number)
        key = self._map_key(clip, number)
        if key not in self._store:
            self._store.put(key, _map_entry(clip, number))
        self._count_decoding(clip, number)
        return to_eight_bit(pixels)

    def _count_decoding(self, clip: Clip, number: int) -> None:
        """Count a frame that was read, unless the clip still remembered it from a moment ago."""
        read = (self.clip_id(clip), number)
        self._counter.frames_decoded += read not in self._counted_frames
        self._counted_frames.put(read, None)

    def analysis(self, clip: Clip, number: int, recipe: Recipe) -> Analysis:
        """Return the faces of a frame. Raises ClipError or ModelError."""
        recent_key = (self.clip_id(clip), number, recipe.detect, recipe.landmark, recipe.embed)
        known = self._recent_analyses.get(recent_key)
        if known is None:
            known = self._recent_analyses.put(recent_key, self._compute_analysis(clip, number, recipe))
        return known

    def attributes(self, clip: Clip, number: int, recipe: Recipe) -> Floats:
        """Return sex and age (n, 2) of the faces that `analysis` finds, see `GenderAge`. ClipError or ModelError."""
        analysis, network = self.analysis(clip, number, recipe), self._adapters.gender_age()

        def compute() -> Arrays:
            pixels = self.frame(clip, number)
            with self._counter.measure("attribute"):
                return {"attributes": network.attributes(pixels, analysis.faces)}

        store = FilteringStore(self._store, lambda kept: len(kept["attributes"]) == len(analysis.faces))
        arrays, known = self._flight.get_or_compute(store, attribute_key(analysis.key, network), compute)
        if known:
            self._counter.record_hit("attribute")
        return np.asarray(arrays["attributes"], np.float32)

    def keys(self, clip: Clip, number: int, recipe: Recipe) -> tuple[Key, Key, Key]:
        """Return the keys of what detect, landmark and embed find in a frame. Raises ClipError."""
        engines = self._adapters
        detected = detect_key(
            self.frame_id(clip, number), recipe.detect, engines.detector(recipe.detect), engines.key_inputs
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
                looks[near] = self.thumbnail(clip, near)
        return None if number - 1 not in looks or is_cut(number, looks) else number - 1

    def _compute_analysis(self, clip: Clip, number: int, recipe: Recipe) -> Analysis:
        frame = self.frame_id(clip, number)
        detected, landmarked, embedded = self.keys(clip, number, recipe)
        meshes, known = self._flight.get_or_compute(
            self._store, landmarked, lambda: self._compute_landmarks(clip, number, recipe, detected)
        )
        if known:
            # The landmarks were made from the detections: whoever has the one need not look up the other.
            self._counter.record_hit("detect")
            self._counter.record_hit("landmark")
        faces = faces_from_arrays(meshes)
        recogniser = self._adapters.recogniser(recipe.embed)
        store = FilteringStore(self._store, lambda kept: fits_faces(kept, faces, built_in=recogniser is None))
        described, known = self._flight.get_or_compute(
            store, embedded, lambda: self._compute_embeddings(clip, number, recipe, faces)
        )
        if known:
            self._counter.record_hit("embed")
        mesh = recipe.landmark.landmarker in MESH_LANDMARKERS
        vectors = face_vectors(described, own=recogniser is None, mesh=mesh)
        space = BUILT_IN_SPACE if recogniser is None else recogniser.space
        return Analysis(frame, tuple(faces), vectors, space, landmarked)

    def _compute_embeddings(self, clip: Clip, number: int, recipe: Recipe, faces: list[Face]) -> Arrays:
        pixels = self.frame(clip, number)
        with self._counter.measure("embed"):
            return embed_with(pixels, faces, self._topology, self._adapters.recogniser(recipe.embed))

    def _compute_landmarks(self, clip: Clip, number: int, recipe: Recipe, detection_key: Key) -> Arrays:
        pixels = self.frame(clip, number)
        before = self._frame_to_follow(clip, number, recipe)
        if before is not None:
            expected = self.analysis(clip, before, recipe).faces
            followed = self._landmark_faces(
                pixels, [predict_detection(face, self._topology) for face in expected], recipe
            )
            # A face that is lost may only be hard to follow: the detector says.
            if len(followed["scores"]) == len(expected):
                return followed
        boxes = self._store.get(detection_key)
        if boxes is None:
            with self._counter.measure("detect"):
                boxes = detect_with(pixels, recipe.detect, self._adapters.detector(recipe.detect))
            self._store.put(detection_key, boxes)
        else:
            self._counter.record_hit("detect")
        return self._landmark_faces(pixels, detections_from_arrays(boxes), recipe)

    def _landmark_faces(self, pixels: Pixels, detections: list[Detection], recipe: Recipe) -> Arrays:
        with self._counter.measure("landmark"):
            return landmark_with(
                pixels,
                detections,
                recipe.landmark,
                self._adapters.landmarker(recipe.landmark),
                self._topology,
                self._adapters.pose_estimator(recipe.landmark),
            )

    def _map_key(self, clip: Clip, number: int) -> Key:
        return stage_key("frame", DECODER_VERSION, {"clip": self.clip_id(clip), "number": number})


def _map_entry(clip: Clip, number: int) -> Arrays:
    pixels = clip.read(number)
    identity = clip.fingerprint(number) if isinstance(clip, PrefetchingClip) else frame_id(pixels)
    return {"id": np.frombuffer(bytes.fromhex(identity), np.uint8), "look": frame_thumbnail(pixels)}


def to_eight_bit(pixels: "npt.NDArray[np.uint8] | npt.NDArray[np.uint16]") -> Pixels:
    """Reduce uint16 pixels to uint8 by rounding (65535 becomes 255); uint8 is returned as it is."""
    if pixels.dtype == np.uint8:
        return np.asarray(pixels, np.uint8)
    result = np.empty(pixels.shape, np.uint8)
    # A few rows at a time: the sums of a large image take four times its memory.
    rows = max(1, _BAND_SAMPLES // max(1, pixels[:1].size))
    for row in range(0, len(pixels), rows):
        result[row : row + rows] = (pixels[row : row + rows].astype(np.uint32) * 255 + 32767) // 65535
    return result
