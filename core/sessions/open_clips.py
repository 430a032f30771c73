# SPDX-License-Identifier: GPL-3.0-or-later
"""The clips that a run has open, each opened anew where its files were replaced."""

from ..cache.base.store import Store
from ..concurrency.lru import LruCache
from ..media.clip import Clip
from ..media.source import ClipSource
from ..media.source_stamps import SourceStamps

MAX_OPEN_CLIPS = 8


class OpenClips:
    """Clips by their files. For one thread at a time."""

    def __init__(self, stamps: SourceStamps) -> None:
        """`stamps` say which files clips are."""
        self._stamps = stamps
        self._clips: LruCache[ClipSource, Clip] = LruCache(MAX_OPEN_CLIPS, on_evict=lambda clip: clip.close())

    def clip(self, store: Store, source: ClipSource, number: int = 0) -> Clip:
        """Return a clip, opened if need be; `store` may know its facts. Raises ClipError.

        File `number` of a sequence is looked at whenever this is called.
        """
        known = self._clips.get(source)
        if known is not None and known.stamp != self._stamps.look(source, number).local:
            self._clips.discard(source)
            known.close()
            known = None
        if known is None:
            # Where nothing changed no clip is opened.
            from ..media.lazy_clip import open_lazily
            from ..media.open import open_source
            from ..media.prefetching_clip import PrefetchingClip

            clip = open_lazily(store, self._stamps, source, lambda: open_source(source))
            known = self._clips.put(source, PrefetchingClip(clip))
        return known

    @property
    def faults(self) -> tuple[str, ...]:
        """What was wrong with the files so far, one line each."""
        return tuple(text for clip in self._clips.values() for text in clip.faults)

    def close(self) -> None:
        """Close every clip; they are opened again when they are needed."""
        self._clips.clear()
