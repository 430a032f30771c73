# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gallery can look up: people, pictures of a person, how much is kept, and engines."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ...core.cache.packs.disk_usage import size_on_disk
from ...core.face.types import Pixels
from ...core.filesystem import Access
from ...core.layers.folder import LayerFolder
from ...core.layers.placeholder import STAND_IN
from ...core.media.source import ClipSource
from ...core.models.library import ModelLibrary
from ...core.models.model_availability import EngineState, engine_state
from ...core.recipe import Recipe
from ...core.recipe.request import Picture
from ..properties.preferences import Preferences
from ..sessions.open import open_preview

if TYPE_CHECKING:
    from ...core.analysis.person_clustering import FoundPerson
    from ...core.sessions.preview_session import PreviewSession

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
    strip_id: str
    access: Access

    def found(self) -> Sizes:
        """See `Wanted`."""
        layers = LayerFolder(self.folder, self.strip_id, self.access)
        made = [size for size in layers.sizes() if size > len(STAND_IN)]
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


def _looking(folder: Path, preferences: Preferences) -> "closing[PreviewSession]":
    """Open a run that computes nothing, for a moment."""
    return closing(open_preview(folder, replace(preferences, memory_megabytes=_MEMORY_MEGABYTES)))
