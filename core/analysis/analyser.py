# SPDX-License-Identifier: GPL-3.0-or-later
"""From a clip and a frame number to the faces of that frame, computing only what is not known yet."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from ..cache.key import Key, stage_key
from ..cache.lease import Alone, Flight
from ..cache.store import Arrays, Store
from ..clip_info import REMEMBERED_FRAMES, Clip, frame_id
from ..face import Face, Floats, Pixels
from ..mesh.topology import Topology
from ..models.embedded import EmbeddedModels
from ..models.session import ModelPool
from ..recipe import Recipe
from ..tally import Tally
from .detect import detect, detect_key, detections
from .embed import embed, embed_key
from .landmark import faces, landmark, landmark_key

if TYPE_CHECKING:
    import numpy.typing as npt

DECODER_VERSION = 1
_REMEMBERED = 64


@dataclass(frozen=True, eq=False)
class Analysis:
    """What is known of the faces of one frame."""

    frame: str
    """The frame's id."""
    faces: tuple[Face, ...]
    """As landmarked: not steadied."""
    embeddings: Floats
    """(n, d), in the order of the faces."""
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
        tally: Tally,
        flight: Flight | None = None,
    ) -> None:
        """Use one store. What is missing is computed at once, or as `flight` has it."""
        self._store = store
        self._flight = flight or Alone()
        self._models = models
        self._pool = pool
        self._topology = topology
        self._tally = tally
        self._clip_ids: WeakKeyDictionary[Clip, str] = WeakKeyDictionary()
        self._read: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._recent: OrderedDict[tuple[str, int, Recipe], Analysis] = OrderedDict()

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
        key = self._map_key(clip, number)
        kept = self._store.get(key)
        if kept is not None:
            return kept["id"].tobytes().hex()
        self.frame(clip, number)
        kept = self._store.get(key)
        return kept["id"].tobytes().hex() if kept is not None else frame_id(clip.read(number))

    def frame(self, clip: Clip, number: int) -> Pixels:
        """Decode a frame: (H, W, 3) RGB uint8; 16-bit clips are reduced to what the models see."""
        pixels = clip.read(number)
        key = self._map_key(clip, number)
        if key not in self._store:
            identity = bytes.fromhex(frame_id(pixels))
            self._store.put(key, {"id": np.frombuffer(identity, np.uint8)})
        self._count_decoding(clip, number)
        return eight_bit(pixels)

    def _count_decoding(self, clip: Clip, number: int) -> None:
        """Count a frame that was read, unless the clip still remembered it from a moment ago."""
        read = (self.clip_id(clip), number)
        if read in self._read:
            self._read.move_to_end(read)
            return
        self._tally.frames_decoded += 1
        self._read[read] = None
        if len(self._read) > REMEMBERED_FRAMES:
            self._read.popitem(last=False)

    def analysis(self, clip: Clip, number: int, recipe: Recipe) -> Analysis:
        """Return the faces of a frame. Raises ClipError or ModelError."""
        wanted = Recipe(detect=recipe.detect, landmark=recipe.landmark)
        recent_key = (self.clip_id(clip), number, wanted)
        known = self._recent.get(recent_key)
        if known is not None:
            self._recent.move_to_end(recent_key)
            return known
        known = self._analysed(clip, number, recipe)
        self._recent[recent_key] = known
        if len(self._recent) > _REMEMBERED:
            self._recent.popitem(last=False)
        return known

    def keys(self, frame: str, recipe: Recipe) -> tuple[Key, Key, Key]:
        """Return the keys of what detect, landmark and embed find in the frame with this id."""
        detected = detect_key(frame, recipe.detect, self._models.detector)
        landmarked = landmark_key(detected, recipe.landmark, self._models.landmarker)
        return detected, landmarked, embed_key(landmarked)

    def _analysed(self, clip: Clip, number: int, recipe: Recipe) -> Analysis:
        frame = self.frame_id(clip, number)
        detected, landmarked, embedded = self.keys(frame, recipe)
        meshes, known = self._flight.result(
            self._store, landmarked, lambda: self._landmarked(clip, number, recipe, detected)
        )
        if known:
            # The landmarks were made from the detections: whoever has the one need not look up the other.
            self._tally.hit("detect")
            self._tally.hit("landmark")
        found = faces(meshes)
        described, known = self._flight.result(
            self._store, embedded, lambda: self._embedded(clip, number, found)
        )
        if known:
            self._tally.hit("embed")
        vectors: npt.NDArray[np.float32] = np.asarray(described["embeddings"], np.float32)
        return Analysis(frame, tuple(found), vectors, landmarked)

    def _embedded(self, clip: Clip, number: int, found: list[Face]) -> Arrays:
        pixels = self.frame(clip, number)
        with self._tally.running("embed"):
            return embed(pixels, found, self._topology)

    def _landmarked(self, clip: Clip, number: int, recipe: Recipe, detected: Key) -> Arrays:
        boxes = self._store.get(detected)
        pixels = self.frame(clip, number)
        if boxes is None:
            with self._tally.running("detect"):
                boxes = detect(pixels, recipe.detect, self._models.detector, self._pool)
            self._store.put(detected, boxes)
        else:
            self._tally.hit("detect")
        with self._tally.running("landmark"):
            return landmark(
                pixels,
                detections(boxes),
                recipe.landmark,
                self._models.landmarker,
                self._pool,
                self._topology,
            )

    def _map_key(self, clip: Clip, number: int) -> Key:
        return stage_key("frame", DECODER_VERSION, {"clip": self.clip_id(clip), "number": number})


def eight_bit(pixels: "npt.NDArray[np.uint8] | npt.NDArray[np.uint16]") -> Pixels:
    """Reduce uint16 pixels to uint8 by rounding (65535 becomes 255); uint8 is returned as it is."""
    if pixels.dtype == np.uint8:
        return np.asarray(pixels, np.uint8)
    return ((pixels.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
