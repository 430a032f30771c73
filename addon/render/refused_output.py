# SPDX-License-Identifier: GPL-3.0-or-later
"""A refused render writes nothing, and takes away nothing that an earlier one wrote.

Blender lets no handler stop a render, but as one begins it reads its settings once all handlers were called: "so user
can alter the render settings" (RE_RenderAnim in pipeline.cc, 4.5 to 5.2). An animation that has a path which can't be
understood ends before its first frame, and Blender reports that path: so it says why. A still is rendered all the same,
but not written, and too small to tell anybody by. Afterwards the settings are again what they were.
"""

from pathlib import Path
from typing import Any

import bpy

# A template is begun and not ended, so that Blender takes it for none.
_PATH_PREFIX = "{Understudy: "
_TEMPORARY_NAME = "understudy_refused_"
_PERCENTAGE = 1


class RefusedOutput:
    """The settings of a scene whose render is refused."""

    def __init__(self) -> None:
        """Nothing is refused yet."""
        self._settings: tuple[str, str, int] | None = None

    @property
    def is_set(self) -> bool:
        """Whether a scene has the settings of a refused render now."""
        return self._settings is not None

    def prevent(self, scene: bpy.types.Scene, title: str) -> None:
        """Have the render that begins now write nothing. Called by a handler of `render_init` only.

        `title` is what Blender then says of it.
        """
        render: Any = scene.render
        self._settings = scene.name, render.filepath, render.resolution_percentage
        if render.is_movie_format and bpy.app.background:
            # Of a movie that can't be begun Blender says nothing to handlers, so nobody could restore the settings.
            render.filepath = str(Path(bpy.app.tempdir) / _TEMPORARY_NAME)
            return
        # A colon would make the rest a format.
        render.filepath = _PATH_PREFIX + title[:1].lower() + title[1:].replace(":", ", since")
        if not render.is_movie_format:
            render.resolution_percentage = _PERCENTAGE

    def restore(self) -> None:
        """Give the scene its own settings back."""
        settings, self._settings = self._settings, None
        scene: Any = None if settings is None else bpy.data.scenes.get(settings[0])
        if settings is not None and scene is not None:
            _, scene.render.filepath, scene.render.resolution_percentage = settings
