# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gallery can look up: people, images of a person, how much is kept, and engines."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ...core.cache.packs.disk_usage import size_on_disk
from ...core.errors import FaceImageError
from ...core.face.types import Pixels
from ...core.filesystem import Access
from ...core.layers.folder import LayerFolder
from ...core.layers.placeholder import has_placeholder_size
from ...core.media.file_status import status_if_there
from ...core.media.source import ClipSource
from ...core.models.library import ModelLibrary
from ...core.models.model_availability import ModelAvailability, model_availability
from ...core.recipe import Detect, Embed, Recipe
from ...core.recipe.request import FaceImage, Identity, SwapRequest
from ..properties.preferences import Preferences
from ..sessions.open import open_preview

if TYPE_CHECKING:
    from ...core.analysis.person_clustering import Person
    from ...core.pipeline.source_check import SourceImageReport
    from ...core.sessions.preview_session import PreviewSession

_MEMORY_MEGABYTES = 8


@dataclass(frozen=True)
class PersonView:
    """A person of a clip, with the icon that shows them."""

    person: "Person"
    icon: int


@dataclass(frozen=True)
class SourceImageView:
    """What an image of the source person shows: the icon of its face, None without one, and what is poor about it."""

    icon: int | None
    quality_issues: tuple[str, ...]
    face_icons: tuple[int, ...] = ()
    """Of every face in the image, from the left."""


@dataclass(frozen=True)
class SourceFacesView:
    """The faces of an image file, from the left: their icons, and what is poor about each."""

    icons: tuple[int, ...]
    quality_issues: tuple[tuple[str, ...], ...]
    fault: str
    """Why the file can't be used, whichever face is meant; empty where it can."""

    def view_of(self, image: FaceImage) -> SourceImageView:
        """Return what the image shows, with the face that is meant."""
        if self.fault:
            return SourceImageView(None, (self.fault,))
        try:
            index = image.face_index(len(self.icons))
        except FaceImageError as error:
            return SourceImageView(None, (str(error),), self.icons)
        return SourceImageView(self.icons[index], self.quality_issues[index], self.icons)


class Lookup(Protocol):
    """Something to be looked up; hashable."""

    def fetch(self) -> Any:
        """Look it up. Raises UnderstudyError or OSError where it is not known."""
        ...

    def to_view(self, result: Any, make_icon: Callable[[Pixels], int]) -> Any:
        """Return what panels draw."""
        ...


@dataclass(frozen=True)
class PeopleLookup:
    """The people in a stretch of a clip, as a recipe sees faces."""

    folder: Path
    preferences: Preferences
    source: ClipSource
    first: int
    last: int
    recipe: Recipe

    def fetch(self) -> "tuple[Person, ...]":
        """See `Lookup`."""
        with open_lookup_session(self.folder, self.preferences) as session:
            return session.find_people(self.source, self.first, self.last, self.recipe)

    def to_view(
        self, result: "tuple[Person, ...]", make_icon: Callable[[Pixels], int]
    ) -> tuple[PersonView, ...]:
        """See `Lookup`."""
        return tuple(PersonView(person, make_icon(person.thumbnail)) for person in result)


@dataclass(frozen=True)
class FileStampLookup:
    """Which file a path leads to, looked at beside drawing: on a share that can take long."""

    path: Path

    def fetch(self) -> tuple[int, ...]:
        """See `Lookup`."""
        return status_if_there(self.path) or ()

    def to_view(self, result: tuple[int, ...], _make_icon: Callable[[Pixels], int]) -> tuple[int, ...]:
        """See `Lookup`."""
        return result


@dataclass(frozen=True)
class SourceImageLookup:
    """Which faces an image file shows. Which of them is meant is no part of the question: a click costs no look-up."""

    folder: Path
    preferences: Preferences
    path: Path
    stamp: tuple[int, ...]
    """That of the image's file: another file is looked at anew."""
    detect: Detect
    """How the modifier has faces looked for."""

    def fetch(self) -> "SourceImageReport":
        """See `Lookup`."""
        with open_lookup_session(self.folder, self.preferences) as session:
            return session.inspect_source_image(FaceImage(self.path), self.detect)

    def to_view(self, result: "SourceImageReport", make_icon: Callable[[Pixels], int]) -> SourceFacesView:
        """See `Lookup`."""
        return SourceFacesView(
            tuple(make_icon(face.thumbnail) for face in result.faces),
            tuple(face.quality_issues for face in result.faces),
            "" if result.faces else result.fault,
        )


@dataclass(frozen=True)
class OtherPersonLookup:
    """Which images of a source person show somebody else, as the recogniser of a modifier tells."""

    folder: Path
    preferences: Preferences
    images: tuple[FaceImage, ...]
    stamps: tuple[tuple[int, ...], ...]
    """Those of the images' files."""
    detect: Detect
    embed: Embed

    def fetch(self) -> tuple[str, ...]:
        """See `Lookup`."""
        request = SwapRequest(Identity(self.images), Recipe(detect=self.detect, embed=self.embed))
        with open_lookup_session(self.folder, self.preferences) as session:
            return session.other_person_warnings(request)

    def to_view(self, result: tuple[str, ...], _make_icon: Callable[[Pixels], int]) -> tuple[str, ...]:
        """See `Lookup`."""
        return result


@dataclass(frozen=True)
class NeutralFaceLookup:
    """The face that shape understood from all images of the source person."""

    folder: Path
    preferences: Preferences
    images: tuple[FaceImage, ...]
    stamps: tuple[tuple[int, ...], ...]
    """Those of the images' files: see `SourceImageLookup`."""
    detect: Detect

    def fetch(self) -> Pixels:
        """See `Lookup`."""
        with open_lookup_session(self.folder, self.preferences) as session:
            return session.neutral_source_face(Identity(self.images), self.detect)

    def to_view(self, result: Pixels, make_icon: Callable[[Pixels], int]) -> int:
        """See `Lookup`."""
        return make_icon(result)


@dataclass(frozen=True)
class CacheSizes:
    """How much is kept."""

    layer_count: int
    """How many layer images of a strip are made."""
    layer_bytes: int
    result_bytes: int
    """Of the whole cache folder, layers not counted."""


@dataclass(frozen=True)
class CacheSizesLookup:
    """How much is kept of a strip, and in all."""

    folder: Path
    layers_root: Path
    layers_ids: tuple[str, ...]
    """The ids of the folders of the strip's layer images."""
    access: Access

    def fetch(self) -> CacheSizes:
        """See `Lookup`."""
        folders = (LayerFolder(self.layers_root, name, self.access) for name in self.layers_ids)
        made = [size for folder in folders for size in folder.sizes() if not has_placeholder_size(size)]
        return CacheSizes(len(made), sum(made), size_on_disk(self.folder))

    def to_view(self, result: CacheSizes, _make_icon: Callable[[Pixels], int]) -> CacheSizes:
        """See `Lookup`."""
        return result


@dataclass(frozen=True)
class ModelLookup:
    """Whether the file of an engine is there."""

    model_folder: Path
    """The folder of the user's models."""
    role: str
    name: str

    def fetch(self) -> ModelAvailability | None:
        """See `Lookup`."""
        return model_availability(ModelLibrary([self.model_folder]), self.role, self.name)

    def to_view(self, result: ModelAvailability, _make_icon: Callable[[Pixels], int]) -> ModelAvailability:
        """See `Lookup`."""
        return result


def open_lookup_session(folder: Path, preferences: Preferences) -> "closing[PreviewSession]":
    """Open a run that computes nothing, for a moment."""
    return closing(open_preview(folder, replace(preferences, memory_megabytes=_MEMORY_MEGABYTES)))
