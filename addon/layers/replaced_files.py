# SPDX-License-Identifier: GPL-3.0-or-later
"""Movies that were replaced while Blender has them open: it goes on showing the file that it opened."""

import threading
from pathlib import Path
from typing import Any

import bpy

from ..sequencer.strips import all_strips
from .scene_strips import SceneStrips
from .sync_memory import sync_memory


def reload_replaced_movies(strips: SceneStrips) -> bool:
    """Have Blender open the movies of clips again whose files are others since the last look; True if there were any.

    On the main thread alone: what draws meanwhile would read from a movie that is just being closed.
    """
    if threading.current_thread() is not threading.main_thread():
        return False
    paths = {bpy.path.abspath(clip.filepath) for clip in strips.clips if clip.type == "MOVIE"}
    replaced = {path for path in paths if sync_memory().is_replaced(Path(path))}
    if not replaced:
        return False
    for scene in bpy.data.scenes:
        for strip in all_strips(scene):
            movie: Any = strip
            if movie.type == "MOVIE" and bpy.path.abspath(movie.filepath) in replaced:
                # Its range stays, as with Reload Strips.
                movie.filepath = movie.filepath
    return True
