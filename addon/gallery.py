# SPDX-License-Identifier: GPL-3.0-or-later
"""Small pictures of faces for the panels: looked up in the cache on a thread of its own, never on the way of drawing.

They lie in the cache as its other entries do, so they are private, encrypted and purged as these are; Blender has
them in memory only.
"""

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import bpy
import bpy.utils.previews
from bpy.app.handlers import persistent

from ..core.cache.layout import size_on_disk
from ..core.errors import UnderstudyError
from ..core.face import Pixels
from ..core.fusion.stand_in import STAND_IN
from ..core.identity import Picture
from ..core.layer_job import ClipSource
from ..core.models.engine_state import EngineState, engine_state
from ..core.models.library import ModelLibrary
from ..core.recipe import Recipe
from .folders import layer_sizes
from .preferences import Preferences
from .session import open_preview
from .window_state import redraw

if TYPE_CHECKING:
    from ..core.analysis.people_found import FoundPerson
    from ..core.preview_session import PreviewSession

_TICK_SECONDS = 0.05
_MEMORY_MEGABYTES = 8


@dataclass(frozen=True)
class ShownPerson:
    """A person of a clip, with the icon that shows them."""

    person: "FoundPerson"
    icon: int


@dataclass(frozen=True)
class ShownPicture:
    """What a picture of who plays the part shows: the icon of its face, None without one, and what is poor about it."""

    icon: int | None
    faults: tuple[str, ...]


class Wanted(Protocol):
    """Something to be looked up; hashable."""

    def found(self) -> Any:
        """Look it up. Raises UnderstudyError or OSError where it is not known."""
        ...

    def shown(self, found: Any, icon: Callable[[Pixels], int]) -> Any:
        """Return what panels draw."""
        ...


@dataclass(frozen=True)
class WantedPeople:
    """The people in a stretch of a clip, as a recipe sees faces."""

    folder: Path
    preferences: Preferences
    source: ClipSource
    first: int
    last: int
    recipe: Recipe

    def found(self) -> "tuple[FoundPerson, ...]":
        """See `Wanted`."""
        with _looking(self.folder, self.preferences) as session:
            return session.people(self.source, self.first, self.last, self.recipe)

    def shown(
        self, found: "tuple[FoundPerson, ...]", icon: Callable[[Pixels], int]
    ) -> tuple[ShownPerson, ...]:
        """See `Wanted`."""
        return tuple(ShownPerson(person, icon(person.picture)) for person in found)


@dataclass(frozen=True)
class WantedPicture:
    """What a picture of a person shows."""

    folder: Path
    preferences: Preferences
    picture: Picture

    def found(self) -> tuple[Pixels | None, tuple[str, ...]]:
        """See `Wanted`."""
        with _looking(self.folder, self.preferences) as session:
            note = session.note(self.picture)
        return note.face, note.faults

    def shown(
        self, found: tuple[Pixels | None, tuple[str, ...]], icon: Callable[[Pixels], int]
    ) -> ShownPicture:
        """See `Wanted`."""
        face, faults = found
        return ShownPicture(None if face is None else icon(face), faults)


@dataclass(frozen=True)
class Sizes:
    """How much is kept."""

    prepared: int
    """How many layer pictures of a strip are made."""
    layer_bytes: int
    result_bytes: int
    """Of the whole cache folder, layers not counted."""


@dataclass(frozen=True)
class WantedSizes:
    """How much is kept of a strip, and in all."""

    folder: Path
    layers: Path
    """The folder of the strip's layer pictures."""

    def found(self) -> Sizes:
        """See `Wanted`."""
        made = [size for size in layer_sizes(self.layers) if size > len(STAND_IN)]
        return Sizes(len(made), sum(made), size_on_disk(self.folder))

    def shown(self, found: Sizes, _icon: Callable[[Pixels], int]) -> Sizes:
        """See `Wanted`."""
        return found


@dataclass(frozen=True)
class WantedEngine:
    """Whether the file of an engine is there."""

    models: Path
    """The folder of the user's models."""
    role: str
    name: str

    def found(self) -> EngineState | None:
        """See `Wanted`."""
        return engine_state(ModelLibrary([self.models]), self.role, self.name)

    def shown(self, found: EngineState, _icon: Callable[[Pixels], int]) -> EngineState:
        """See `Wanted`."""
        return found


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
            self._keep(wanted, self._asked.pop(wanted).result())
        if done:
            redraw()
        return _TICK_SECONDS if self._asked else None

    def close(self) -> None:
        """End the thread and free the icons."""
        if bpy.app.timers.is_registered(self._timer):
            bpy.app.timers.unregister(self._timer)
        self._thread.shutdown(wait=True, cancel_futures=True)
        bpy.utils.previews.remove(self._icons)

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
        from ..core.analysis.face_picture import SIZE, as_icon

        names.append(str(next(self._numbers)))
        icon: Any = self._icons.new(names[-1])
        values = as_icon(picture)
        icon.icon_size = icon.image_size = (SIZE, SIZE)
        icon.icon_pixels_float.foreach_set(values)
        icon.image_pixels_float.foreach_set(values)
        return int(icon.icon_id)


@contextmanager
def _looking(folder: Path, preferences: Preferences) -> "Iterator[PreviewSession]":
    """Open a run that computes nothing, for a moment."""
    session = open_preview(folder, replace(preferences, memory_megabytes=_MEMORY_MEGABYTES))
    try:
        yield session
    finally:
        session.close()


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
