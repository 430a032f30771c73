# SPDX-License-Identifier: GPL-3.0-or-later
"""Small pictures of faces for the panels: looked up in the cache on a thread of its own, never on the way of drawing.

They lie in the cache as its other entries do, so they are private, encrypted and purged as these are; Blender has
them in memory only.
"""

import math
import time
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from typing import Any, cast

import bpy
import bpy.utils.previews
from bpy.app.handlers import persistent

from ...core.errors import UnderstudyError
from ...core.face.types import Pixels
from ..blender.console import print_fault
from ..properties.status import redraw
from .lookups import Wanted

_TICK_SECONDS = 0.05


class Gallery:
    """Remembers what was looked up, and owns the icons. Called on the main thread."""

    def __init__(self) -> None:
        self._icons = bpy.utils.previews.new()
        self._thread = ThreadPoolExecutor(1, "understudy gallery")
        self._known: dict[Wanted, Any] = {}
        self._asked: dict[Wanted, Future[Any]] = {}
        self._since: dict[Wanted, float] = {}
        self._drawn: dict[Wanted, list[str]] = {}
        self._numbers = count()
        self._timer = self.tick  # one object: Blender knows timers by identity

    def known(self, wanted: Wanted, seconds: float = math.inf) -> Any | None:
        """Return what panels draw, None where it is not known or not yet; then it is looked up.

        What is older than `seconds` is looked up anew, and drawn until that is done.
        """
        since = self._since.get(wanted, -math.inf)
        old = since == -math.inf or time.monotonic() - since > seconds
        if old and wanted not in self._asked:
            self._asked[wanted] = self._thread.submit(_looked_up, wanted)
            if not bpy.app.timers.is_registered(self._timer):
                bpy.app.timers.register(self._timer, first_interval=_TICK_SECONDS)
        return self._known.get(wanted)

    def now(self, wanted: Wanted) -> Any | None:
        """Return the same, waiting for it."""
        if self._known.get(wanted) is None:
            self._keep(wanted, _looked_up(wanted))
        return self._known.get(wanted)

    def look_again(self) -> None:
        """Look everything up anew, since something was found or forgotten; until then what is known is drawn.

        A panel that lost its pictures for a moment would jump below the pointer.
        """
        for asked in self._asked.values():
            asked.cancel()
        self._asked.clear()
        self._since = dict.fromkeys(self._known, -math.inf)
        redraw()

    def forget(self) -> None:
        """Forget everything."""
        self.look_again()
        self._known.clear()
        self._since.clear()
        self._icons.clear()
        self._drawn.clear()

    def tick(self) -> float | None:
        """Take what was looked up; return the seconds to the next look, None when nothing is asked."""
        done = [wanted for wanted, asked in self._asked.items() if asked.done()]
        for wanted in done:
            self._take(wanted, self._asked.pop(wanted))
        if done:
            redraw()
        return _TICK_SECONDS if self._asked else None

    def close(self) -> None:
        """End the thread and free the icons."""
        if bpy.app.timers.is_registered(self._timer):
            bpy.app.timers.unregister(self._timer)
        self._thread.shutdown(wait=True, cancel_futures=True)
        bpy.utils.previews.remove(self._icons)

    def _take(self, wanted: Wanted, asked: Future[Any]) -> None:
        try:
            self._keep(wanted, asked.result())
        except Exception as error:  # noqa: BLE001 - the border: Blender would drop the timer, and no picture came
            print_fault(error)
            self._keep(wanted, None)

    def _keep(self, wanted: Wanted, found: Any) -> None:
        self._since[wanted] = time.monotonic()
        for name in self._drawn.pop(wanted, ()):
            del self._icons[name]
        names = self._drawn.setdefault(wanted, [])
        self._known[wanted] = (
            None if found is None else wanted.shown(found, lambda picture: self._icon(picture, names))
        )

    def _icon(self, picture: Pixels, names: list[str]) -> int:
        """Make an icon of an RGB picture; it has no name that says who it is."""
        from ...core.analysis.thumbnail import SIZE, as_icon

        names.append(str(next(self._numbers)))
        icon: Any = self._icons.new(names[-1])
        values = as_icon(picture)
        icon.icon_size = icon.image_size = (SIZE, SIZE)
        icon.icon_pixels_float.foreach_set(values)
        icon.image_pixels_float.foreach_set(values)
        return int(icon.icon_id)


def _looked_up(wanted: Wanted) -> Any | None:
    """Look one thing up; None where the cache has nothing of it."""
    try:
        return wanted.found()
    except (UnderstudyError, OSError):
        return None


# Blender gives its icons by number only, so whoever draws must be able to reach the one gallery.
_GALLERIES: list[Gallery] = []


def gallery() -> Gallery:
    """Return the gallery of this Blender."""
    return _GALLERIES[0]


def look_again() -> None:
    """Have everything looked up anew, if anybody shows it."""
    for shown in _GALLERIES:
        shown.look_again()


def forget() -> None:
    """Forget everything that is shown: it is deleted, or of another file."""
    for shown in _GALLERIES:
        shown.forget()


@persistent
def _loaded(*_: Any) -> None:
    forget()


def register() -> None:
    """Open the gallery."""
    _GALLERIES.append(Gallery())
    bpy.app.handlers.load_post.append(cast("Any", _loaded))


def unregister() -> None:
    """Close it."""
    bpy.app.handlers.load_post.remove(cast("Any", _loaded))
    while _GALLERIES:
        _GALLERIES.pop().close()
