# SPDX-License-Identifier: GPL-3.0-or-later
"""Movies that were replaced on disk, opened again as a render begins on another thread."""

import bpy

from ..layers.replaced_files import replaced_movies
from ..layers.scene_strips import SceneStrips
from ..layers.sync import sync_layers
from .main_thread_task import main_thread_task


def reload_movies() -> list[str]:
    """Have the main thread open replaced movies again, and wait for it; returns what it could not do, a line each."""
    problems: list[str] = []

    def sync_all() -> None:
        for scene in bpy.data.scenes:
            problems.extend(sync_layers(scene))

    if any(replaced_movies(SceneStrips(scene)) for scene in bpy.data.scenes):
        main_thread_task().run(sync_all)
    return problems
