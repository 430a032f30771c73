# SPDX-License-Identifier: GPL-3.0-or-later
"""The faces of a frame and of the frames beside it, as they were found: looked up beside drawing, from the cache."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ...core.errors import UnderstudyError
from ...core.face.types import Floats, Pixels
from ...core.media.source import ClipSource
from ...core.recipe.request import Identity, SwapRequest
from ..layers.folders import cache_folder
from ..properties.preferences import Preferences, preferences
from ..properties.range_properties import holds_of, redetections_of
from .clip_source import clip_source
from .lookups import open_lookup_session
from .people import face_selection_recipe

if TYPE_CHECKING:
    from ...core.sessions.preview_session import PreviewSession

Faces = tuple[Floats, ...]
"""The landmarks of the faces that are replaced in a frame, from the left, (478, 3) each, in pixels of the frame."""


@dataclass(frozen=True, eq=False)
class FrameLandmarks:
    """The faces of a frame, those of the frame before and of the one after, and the size of the frames."""

    size: tuple[int, int]
    here: Faces
    before: Faces
    after: Faces


@dataclass(frozen=True)
class LandmarkLookup:
    """The faces that a modifier replaces in a frame, before a person corrects them."""

    folder: Path
    preferences: Preferences
    source: ClipSource
    number: int
    request: SwapRequest

    def fetch(self) -> FrameLandmarks:
        """See `Lookup`."""
        with open_lookup_session(self.folder, self.preferences) as session:
            size, here = self._faces(session, self.number)
            beside = []
            for number in (self.number - 1, self.number + 1):
                try:
                    beside.append(self._faces(session, number)[1] if number >= 0 else ())
                except UnderstudyError:  # beyond the clip's end, or not prepared
                    beside.append(())
        return FrameLandmarks(size, here, beside[0], beside[1])

    def to_view(self, result: FrameLandmarks, _make_icon: Callable[[Pixels], int]) -> FrameLandmarks:
        """See `Lookup`."""
        return result

    def _faces(self, session: "PreviewSession", number: int) -> tuple[tuple[int, int], Faces]:
        faces = session.clip_faces(self.source, [number], self.request)
        ordered = sorted(faces.frames[0], key=lambda face: float(face.box[0] + face.box[2]))
        return (faces.width, faces.height), tuple(face.landmarks for face in ordered)


def landmark_lookup(scene: bpy.types.Scene, strip: Any, modifier: Any, number: int) -> LandmarkLookup:
    """Return the question which faces a modifier replaces in a frame of a strip's clip."""
    request = SwapRequest(
        Identity(()),
        face_selection_recipe(modifier),
        holds=holds_of(modifier),
        redetections=redetections_of(modifier),
    )
    return LandmarkLookup(cache_folder(scene), preferences(), clip_source(strip), number, request)
