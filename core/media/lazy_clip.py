# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip of which the facts are known, and that is opened only where that is not enough."""

from collections.abc import Callable

from ..cache.base.store import Store
from ..concurrency.closing import Closing
from ..errors import ClipError
from .clip import Clip, ClipInfo, Pixels
from .clip_info_cache import KnownClip, UnknownClipError, keep_facts, known_clip
from .source import ClipSource


class LateClip(Closing):
    """See `Clip`. Opening a movie means decoding its first pictures: a run that decodes nothing is spared that."""

    def __init__(self, facts: KnownClip, opening: Callable[[], Clip]) -> None:
        self._facts = facts
        self._opening = opening
        self._clip: Clip | None = None
        self._closed = False

    @property
    def info(self) -> ClipInfo:
        """The facts of this clip."""
        return self._facts.info

    @property
    def clip_id(self) -> str:
        """See `Clip.clip_id`. Raises ClipError."""
        return self._opened().clip_id

    @property
    def stamp(self) -> str:
        """See `Clip.stamp`."""
        return self._facts.stamp

    def read(self, number: int) -> Pixels:
        """See `Clip.read`."""
        return self._opened().read(number)

    def close(self) -> None:
        """Let go of the files, if they were opened at all."""
        self._closed = True
        if self._clip is not None:
            self._clip.close()

    def _opened(self) -> Clip:
        if self._closed:
            raise ClipError(f"{self.info.path} was closed; open it again")
        if self._clip is None:
            clip = self._opening()
            if clip.stamp != self._facts.stamp:
                # Its frames would be kept as those of the file that was there before.
                clip.close()
                raise ClipError(f"{self.info.path} was replaced since the run began; run it again")
            self._clip = clip
        return self._clip


def known_or_opened(store: Store, source: ClipSource, opening: Callable[[], Clip]) -> Clip:
    """Return the clip that `opening` opens, later if its facts are known, at once if not; its facts then are kept.

    Raises ClipError.
    """
    try:
        return LateClip(known_clip(store, source), opening)
    except UnknownClipError:
        clip = opening()
        keep_facts(store, clip)
        return clip
