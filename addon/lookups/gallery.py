# SPDX-License-Identifier: GPL-3.0-or-later
"""Small images of faces for the panels: looked up in the cache on a thread of its own, never on the way of drawing.

They lie in the cache as its other entries do, so they are private, encrypted and purged as these are; Blender has
them in memory only.
"""

import math
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from typing import Any, TypeVar, cast

import bpy
import bpy.utils.previews
from bpy.app.handlers import persistent

from ...core.concurrency.lru import LruCache
from ...core.errors import UnderstudyError
from ...core.face.types import Pixels
from ..blender.console import print_traceback
from ..properties.status import redraw
from .lookups import Lookup

_TICK_SECONDS = 0.05
_MAX_VALUES = 64
_T = TypeVar("_T")


class LookupCache:
    """Remembers what was looked up, and owns the icons. Called on the main thread."""

    def __init__(self) -> None:
        self._icons = bpy.utils.previews.new()
        self._thread = ThreadPoolExecutor(1, "understudy gallery")
        self._results: dict[Lookup, Any] = {}
        self._pending: dict[Lookup, Future[Any]] = {}
        self._fetch_times: dict[Lookup, float] = {}
        self._icon_names: dict[Lookup, list[str]] = {}
        self._icon_numbers = count()
        self._result_count = 0
        self._values: LruCache[Hashable, Any] = LruCache(_MAX_VALUES)
        self._timer = self.tick  # one object: Blender knows timers by identity

    @property
    def result_count(self) -> int:
        """How often something was looked up so far: what follows from several answers is good until it changes."""
        return self._result_count

    def get(self, lookup: Lookup, max_age_seconds: float = math.inf) -> Any | None:
        """Return what panels draw, None where it is not known or not yet; then it is looked up.

        What is older than `max_age_seconds` is looked up anew, and drawn until that is done.
        """
        since = self._fetch_times.get(lookup, -math.inf)
        old = since == -math.inf or time.monotonic() - since > max_age_seconds
        if old and lookup not in self._pending:
            self._pending[lookup] = self._thread.submit(_fetch, lookup)
            if not bpy.app.timers.is_registered(self._timer):
                bpy.app.timers.register(self._timer, first_interval=_TICK_SECONDS)
        return self._results.get(lookup)

    def is_unknown(self, lookup: Lookup) -> bool:
        """Tell whether something was looked up and is not known."""
        fetched = self._fetch_times.get(lookup, -math.inf) > -math.inf and lookup not in self._pending
        return fetched and self._results.get(lookup) is None

    def peek(self, lookup: Lookup) -> Any | None:
        """Return what was looked up before, None where it was not; nothing is looked up."""
        return self._results.get(lookup)

    def get_or_compute(self, key: Hashable, compute: Callable[[], _T]) -> _T:
        """Return what `compute` returned for a key when it was last used: for what every redraw needs again."""
        known: _T | None = self._values.get(key)
        return self._values.put(key, compute()) if known is None else known

    def get_or_fetch(self, lookup: Lookup) -> Any | None:
        """Return the same, waiting for it."""
        if self._results.get(lookup) is None:
            self._store(lookup, _fetch(lookup))
        return self._results.get(lookup)

    def refresh(self) -> None:
        """Look everything up anew, since something was found or forgotten; until then what is known is drawn.

        A panel that lost its images for a moment would jump below the pointer.
        """
        for asked in self._pending.values():
            asked.cancel()
        self._pending.clear()
        self._fetch_times = dict.fromkeys(self._results, -math.inf)
        redraw()

    def clear(self) -> None:
        """Forget everything."""
        self.refresh()
        self._results.clear()
        self._fetch_times.clear()
        self._values.clear()
        self._icons.clear()
        self._icon_names.clear()

    def tick(self) -> float | None:
        """Take what was looked up; return the seconds to the next look, None when nothing is asked."""
        done = [wanted for wanted, asked in self._pending.items() if asked.done()]
        for wanted in done:
            self._collect(wanted, self._pending.pop(wanted))
        if done:
            redraw()
        return _TICK_SECONDS if self._pending else None

    def close(self) -> None:
        """End the thread and free the icons."""
        if bpy.app.timers.is_registered(self._timer):
            bpy.app.timers.unregister(self._timer)
        self._thread.shutdown(wait=True, cancel_futures=True)
        bpy.utils.previews.remove(self._icons)

    def _collect(self, lookup: Lookup, future: Future[Any]) -> None:
        try:
            self._store(lookup, future.result())
        except Exception as error:  # noqa: BLE001 - the border: Blender would drop the timer, and no image came
            print_traceback(error)
            self._store(lookup, None)

    def _store(self, lookup: Lookup, result: Any) -> None:
        self._fetch_times[lookup] = time.monotonic()
        self._result_count += 1
        for name in self._icon_names.pop(lookup, ()):
            del self._icons[name]
        names = self._icon_names.setdefault(lookup, [])
        self._results[lookup] = (
            None if result is None else lookup.to_view(result, lambda picture: self._add_icon(picture, names))
        )

    def _add_icon(self, image: Pixels, names: list[str]) -> int:
        """Make an icon of an RGB image; it has no name that says who it is."""
        from ...core.analysis.thumbnail import to_icon_pixels

        names.append(str(next(self._icon_numbers)))
        icon: Any = self._icons.new(names[-1])
        values = to_icon_pixels(image)
        icon.icon_size = icon.image_size = (image.shape[1], image.shape[0])
        icon.icon_pixels_float.foreach_set(values)
        icon.image_pixels_float.foreach_set(values)
        return int(icon.icon_id)


def _fetch(lookup: Lookup) -> Any | None:
    """Look one thing up; None where the cache has nothing of it."""
    try:
        return lookup.fetch()
    except (UnderstudyError, OSError):
        return None


# Blender gives its icons by number only, so whoever draws must be able to reach the one gallery.
_LOOKUP_CACHES: list[LookupCache] = []


def lookup_cache() -> LookupCache:
    """Return the gallery of this Blender."""
    return _LOOKUP_CACHES[0]


def refresh_lookups() -> None:
    """Have everything looked up anew, if anybody shows it."""
    for shown in _LOOKUP_CACHES:
        shown.refresh()


def clear_lookups() -> None:
    """Forget everything that is shown: it is deleted, or of another file."""
    for shown in _LOOKUP_CACHES:
        shown.clear()


@persistent
def _on_load(*_: Any) -> None:
    clear_lookups()


def register() -> None:
    """Open the gallery."""
    _LOOKUP_CACHES.append(LookupCache())
    bpy.app.handlers.load_post.append(cast("Any", _on_load))


def unregister() -> None:
    """Close it."""
    bpy.app.handlers.load_post.remove(cast("Any", _on_load))
    while _LOOKUP_CACHES:
        _LOOKUP_CACHES.pop().close()
