# SPDX-License-Identifier: GPL-3.0-or-later
"""The frames of clips, and what is kept of each: its id and what it looks like from afar."""

from typing import cast
from weakref import WeakKeyDictionary

import numpy as np

from ..cache.base.key import Key, Scalar, stage_key
from ..cache.base.schema import ArraySpec, Schema
from ..cache.base.store import Arrays, Store
from ..cache.stores.checked_store import FilteringStore
from ..concurrency.lru import LruCache
from ..face.types import Floats, Pixels
from ..media.clip import FRAME_CACHE_SIZE, Clip, FramePixels, SampledFrames
from ..media.file_status import ClipChangedError, change_text
from ..media.light import view_levels
from ..media.light_space import light_space
from ..media.source_stamps import SourceStamps
from ..reporting.stage_counts import StageCounter
from ..system.library_versions import library_inputs
from .cuts import FRAME_THUMBNAIL_SIZE, frame_thumbnail, thumbnail_step
from .display import display_pixels, require_light
from .frame_fingerprint import frame_fingerprint
from .light_views import LightViews

DECODER_VERSION = 2
_ID = ArraySpec("id", "uint8", (32,))
CLIP_SCHEMA = Schema((_ID,))
FRAME_SCHEMA = Schema(
    (_ID, ArraySpec("look", "uint8", (FRAME_THUMBNAIL_SIZE[1], FRAME_THUMBNAIL_SIZE[0], 3)))
)


class FrameReader:
    """Reads frames, each once where that is enough, and keeps a map of each clip's frames in the store."""

    def __init__(self, store: Store, stamps: SourceStamps, counter: StageCounter) -> None:
        """`stamps` say what clips are."""
        self._store = store
        self._stamps = stamps
        self._counter = counter
        self._clip_ids: WeakKeyDictionary[Clip, str] = WeakKeyDictionary()
        # Of clips whose frames are others than the cache says, though their files are the same.
        self._own_maps: WeakKeyDictionary[Clip, dict[int, Arrays]] = WeakKeyDictionary()
        self._light_views = LightViews()
        self._counted_frames: LruCache[tuple[str, int], None] = LruCache(FRAME_CACHE_SIZE)

    def clip_id(self, clip: Clip) -> str:
        """Return the clip's id; its file is hashed once, then known by its stamp."""
        known = self._clip_ids.get(clip)
        if known is None:
            stamp = self._stamps.look_at_clip(clip)
            key = stage_key("clip", 1, {"stamp": stamp.text})
            kept = self._store.get(key)
            if kept is None:
                known = stamp.content or clip.clip_id
                self._store.put(key, {"id": np.frombuffer(bytes.fromhex(known), np.uint8)})
            else:
                known = kept["id"].tobytes().hex()
            self._stamps.learn(stamp, known)
            self._clip_ids[clip] = known
        return known

    def map_id(self, clip: Clip) -> str:
        """Return what a clip's frames are known by in this run: they may be others than those of its id."""
        name = " ".join((self.clip_id(clip), *clip.source.key_inputs.values()))
        return f"{name} own" if self.has_own_map(clip) else name

    def has_own_map(self, clip: Clip) -> bool:
        """Tell whether a clip's frames are others than its id says: what is found in them has no key of the clip."""
        return clip in self._own_maps

    def frame_id(self, clip: Clip, number: int) -> str:
        """Return the id of a frame: from the clip's frame map, or by decoding the frame once."""
        return self.look(clip, number)[0]

    def thumbnail(self, clip: Clip, number: int) -> Pixels:
        """Return what a frame looks like from afar, by which cuts are found.

        Parameters
        ----------
        clip : Clip
            An open clip.
        number : int
            The frame's number.

        Returns
        -------
        ndarray, shape (18, 32, 3), uint8
            See `cuts.frame_thumbnail`.
        """
        return self.look(clip, number)[1]

    def passing_thumbnail(self, clip: Clip, number: int) -> Pixels:
        """Return what `thumbnail` does, of a frame of which nothing else is needed now, and keep nothing of it.

        Where the clip can, it is not even converted: for whoever looks through many frames.
        """
        has_own_map, samples = self.has_own_map(clip), None
        kept = None if has_own_map else self._store.get(self._map_key(clip, number))
        if kept is not None:
            return np.asarray(kept["look"], np.uint8)
        if not has_own_map and isinstance(clip, SampledFrames) and light_space(clip.source.reading) is None:
            samples = clip.read_samples(number, thumbnail_step((clip.info.height, clip.info.width)))
        if samples is None:
            return self.thumbnail(clip, number)
        self._count_decoding(clip, number)
        return frame_thumbnail(cast("Pixels", samples))

    def look(self, clip: Clip, number: int) -> tuple[str, Pixels]:
        """Return both what `frame_id` and what `thumbnail` return."""
        entry = self._load_map_entry(clip, number)
        return entry["id"].tobytes().hex(), np.asarray(entry["look"], np.uint8)

    def _load_map_entry(self, clip: Clip, number: int) -> Arrays:
        """Return a frame's entry in the clip's frame map: `id` (32,) uint8 and `look`, its thumbnail."""
        own = self._own_maps.get(clip)
        if own is not None:
            if number not in own:
                own[number] = self._replace_map_entry(clip, number)
            return own[number]
        key = self._map_key(clip, number)
        kept = self._store.get(key)
        if kept is None:
            self._read(clip, number)
            kept = self._store.get(key)
        return self._map_entry(clip, number) if kept is None else kept

    def _replace_map_entry(self, clip: Clip, number: int) -> Arrays:
        """Return a frame's entry by its pixels, and keep it where the store has another, for the next run."""
        entry = self._map_entry(clip, number)
        if self._matching_map_entry(clip, number) is None:
            self._store.put(self._map_key(clip, number), entry)
        return entry

    def _matching_map_entry(self, clip: Clip, number: int) -> Arrays | None:
        """Return the entry with the id of a frame's pixels, if the store has one; others are left out from then on."""
        known = frame_fingerprint(clip, number)
        store = FilteringStore(self._store, lambda kept: kept["id"].tobytes().hex() == known)
        return store.get(self._map_key(clip, number))

    def frame(self, clip: Clip, number: int, stops: float | None = None) -> Pixels:
        """Decode a frame; 16-bit clips are reduced to what the models see.

        Parameters
        ----------
        clip : Clip
            An open clip.
        number : int
            The frame's number.
        stops : float, optional
            The exposure of the view, of a clip of light: `Face.stops` of who is looked at, or else the frame's own.

        Returns
        -------
        ndarray, shape (H, W, 3), uint8
            The frame, RGB.

        Raises
        ------
        ClipError
            The frame can't be read.
        ClipChangedError
            The clip's frame map knows it as another frame, see `check_frame`.
        """
        pixels, space = self._read(clip, number), light_space(clip.source.reading)
        if space is None:
            return display_pixels(clip, pixels)
        return self._light_views.pixels((self.map_id(clip), number), space, pixels, stops)

    def levels(
        self, clip: Clip, number: int, place: tuple[slice, slice], stops: float | None = None
    ) -> Floats:
        """Decode a part of a frame's view with all its bits.

        Parameters
        ----------
        clip : Clip
            An open clip of more than 8 bits.
        number : int
            The frame's number.
        place : tuple of slice
            The rows and columns of the part.
        stops : float, optional
            See `frame`.

        Returns
        -------
        ndarray, shape (h, w, 3), float32
            RGB in levels, from 0 to 255.

        Raises
        ------
        ClipError, ClipChangedError
            As for `frame`.
        """
        if light_space(clip.source.reading) is not None:
            stops = self.view_stops(clip, number) if stops is None else stops
            return view_levels(self.exposed_light(clip, number, place, stops))
        return self._read(clip, number)[place].astype(np.float32) / np.float32(257)

    def exposed_light(self, clip: Clip, number: int, place: tuple[slice, slice], stops: float) -> Floats:
        """Decode a part of a frame of a clip of light.

        Parameters
        ----------
        clip, number, place
            As for `levels`.
        stops : float
            By how much it is brightened.

        Returns
        -------
        ndarray, shape (h, w, 3), float32
            Linear, with Rec.709 primaries.

        Raises
        ------
        ClipError, ClipChangedError
            As for `frame`.
        """
        light = require_light(clip).to_light(self._read(clip, number)[place])
        return light * np.float32(2.0**stops) if stops else light

    def view_stops(self, clip: Clip, number: int) -> int:
        """Return the exposure of the view of a frame of a clip of light. Raises ClipError, ClipChangedError."""
        pixels, space = self._read(clip, number), require_light(clip)
        return self._light_views.stops((self.map_id(clip), number), space, pixels)

    def _read(self, clip: Clip, number: int) -> FramePixels:
        """Return a frame as it is stored, and keep what it is known by. Raises ClipError, ClipChangedError."""
        pixels = clip.read(number)
        if self.check_frame(clip, number) is None and clip not in self._own_maps:
            self._store.put(self._map_key(clip, number), self._map_entry(clip, number))
        self._count_decoding(clip, number)
        return pixels

    def check_frame(self, clip: Clip, number: int) -> Arrays | None:
        """Compare a frame's pixels with the clip's frame map.

        Where they differ, the map is another file's. It is given up, with one warning: what was planned for this frame
        has to be planned anew.

        Parameters
        ----------
        clip : Clip
            An open clip.
        number : int
            The frame's number.

        Returns
        -------
        dict of str to ndarray or None
            The frame's entry in the map, `id` (32,) uint8 and `look` (18, 32, 3) uint8, or None if it has none.

        Raises
        ------
        ClipChangedError
            They differ.
        """
        if clip in self._own_maps:
            return None
        kept = self._store.get(self._map_key(clip, number))
        if kept is None or kept["id"].tobytes().hex() == frame_fingerprint(clip, number):
            return kept
        text = change_text(clip.info.path)
        if self._matching_map_entry(clip, number) is None:  # an earlier run may have mended it
            before = self.clip_id(clip)
            self._clip_ids[clip] = self._stamps.check_content(clip.source).content
            if self._clip_ids[clip] == before:
                self._own_maps[clip] = {}
            self._counter.warn(text)
        raise ClipChangedError(text)

    def check_content(self, clip: Clip) -> None:
        """Read all of a clip's files, where frames are to be judged by the map alone; warn if it was another's."""
        before, content = self.clip_id(clip), self._stamps.check_content(clip.source).content
        if content != before:
            self._clip_ids[clip] = content
            self._counter.warn(change_text(clip.info.path))

    def _count_decoding(self, clip: Clip, number: int) -> None:
        """Count a frame that was read, unless the clip still remembered it from a moment ago."""
        read = (self.map_id(clip), number)
        self._counter.frames_decoded += read not in self._counted_frames
        self._counted_frames.put(read, None)

    def _map_key(self, clip: Clip, number: int) -> Key:
        inputs: dict[str, Scalar | Key] = {"clip": self.clip_id(clip), "number": number}
        inputs |= library_inputs("av", "opencv") | clip.source.key_inputs
        return stage_key("frame", DECODER_VERSION, inputs)

    def _map_entry(self, clip: Clip, number: int) -> Arrays:
        identity = np.frombuffer(bytes.fromhex(frame_fingerprint(clip, number)), np.uint8)
        pixels, space = clip.read(number), light_space(clip.source.reading)
        if space is None:
            return {"id": identity, "look": frame_thumbnail(cast("Pixels", pixels))}
        name = self.map_id(clip), number
        return {"id": identity, "look": self._light_views.thumbnail(name, space, pixels)}
