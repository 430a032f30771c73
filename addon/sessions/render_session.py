# SPDX-License-Identifier: GPL-3.0-or-later
"""The session of renders, which stays open from one to the next where nobody works in a window.

A farm renders single frames one after the other (`--render-frame 1..24`, `render(write_still=True)`), and for each of
them Blender calls `render_init`: without this every frame would load the models and open the clip anew.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from ...core.sessions.settings import RunSettings
from ..properties.preferences import Preferences
from .open import run_settings

if TYPE_CHECKING:
    from ...core.models.library import ModelLibrary
    from ...core.sessions.prefetching_session import PrefetchingSession


class RenderSession:
    """Opens the session of each render, or goes on with the last one. One render at a time."""

    def __init__(self) -> None:
        """Nothing is open yet."""
        self._session: PrefetchingSession | None = None
        self._opened_with: tuple[RunSettings, Path | None] | None = None

    def begin_run(
        self,
        cache_folder: Path,
        preferences: Preferences,
        fallback: Path | None,
        consent_file: Path | None = None,
    ) -> "PrefetchingSession":
        """Begin the run of a render; `fallback` is for images that can't be where they belong.

        `consent_file` is the project's file of consent records.
        """
        from ...core.sessions.prefetching_session import PrefetchingSession

        wanted = run_settings(cache_folder, preferences, consent_file), fallback
        if self._session is not None and (wanted != self._opened_with or not self._session.renew()):
            self.close()
        if self._session is None:
            self._session = PrefetchingSession(*wanted, busy_host=True)
            self._opened_with = wanted
        return self._session

    @property
    def library(self) -> "ModelLibrary | None":
        """The models of the run that was begun last; None before the first."""
        return self._opened_with[0].library if self._opened_with is not None else None

    def end_run(self) -> None:
        """A render is over, and was reported: in a Blender with a window nothing stays open."""
        if not bpy.app.background:
            self.close()

    def close(self) -> None:
        """Let go of models, clips and cache; the next render opens them again."""
        session, self._session = self._session, None
        if session is not None:
            session.close()
