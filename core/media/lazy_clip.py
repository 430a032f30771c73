# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip of which the facts are known, and that is opened only where that is not enough."""

from collections.abc import Callable

from ..cache.base.store import Store
from ..concurrency.closing import Closeable
from ..errors import ClipError
from .clip import Clip, ClipInfo, FramePixels, SampledFrames
from .clip_info_cache import CachedClip, ClipNotCachedError, load_clip_info, store_clip_info
from .file_status import ClipChangedError
from .source import ClipSource
from .source_stamps import SourceStamps


class LazyClip(Closeable):
    """See `Clip`. Opening a movie means decoding its first images: a run that decodes nothing is spared that."""

    def __init__(self, cached_clip: CachedClip, opener: Callable[[], Clip]) -> None:
        self._cached_clip = cached_clip
        self._opener = opener
        self._clip: Clip | None = None
        self._closed = False

    @property
    def info(self) -> ClipInfo:
        """The facts of this clip."""
        return self._cached_clip.info

    @property
    def source(self) -> ClipSource:
        """The clip's files."""
        return self._cached_clip.source

    @property
    def clip_id(self) -> str:
        """See `Clip.clip_id`. Raises ClipError."""
        return self._open().clip_id

    @property
    def stamp(self) -> str:
        """See `Clip.stamp`."""
        return self._cached_clip.stamp

    @property
    def image_count(self) -> int:
        """See `Clip.image_count`."""
        return self._open().image_count

    @property
    def faults(self) -> tuple[str, ...]:
        """See `Clip.faults`."""
        return () if self._clip is None else self._clip.faults

    def read(self, number: int) -> FramePixels:
        """See `Clip.read`."""
        return self._open().read(number)

    def read_samples(self, number: int, step: int) -> FramePixels | None:
        """See `SampledFrames`."""
        clip = self._open()
        return clip.read_samples(number, step) if isinstance(clip, SampledFrames) else None

    def close(self) -> None:
        """Let go of the files, if they were opened at all."""
        self._closed = True
        if self._clip is not None:
            self._clip.close()

    def _open(self) -> Clip:
        if self._closed:
            raise ClipError(f"{self.info.path} was closed; open it again")
        if self._clip is None:
            clip = self._opener()
            if clip.stamp != self._cached_clip.stamp:
                # Its frames would be kept as those of the file that was there before.
                clip.close()
                raise ClipChangedError(f"{self.info.path} was replaced since the run began; run it again")
            self._clip = clip
        return self._clip


def open_lazily(store: Store, stamps: SourceStamps, source: ClipSource, opener: Callable[[], Clip]) -> Clip:
    """Return the clip that `opener` opens, later if its facts are known, at once if not; its facts then are kept.

    Raises ClipError.
    """
    try:
        return LazyClip(load_clip_info(store, stamps, source), opener)
    except ClipNotCachedError:
        clip = opener()
        store_clip_info(store, stamps, source, clip)
        return clip
