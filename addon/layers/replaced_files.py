# SPDX-License-Identifier: GPL-3.0-or-later
"""Movies that were replaced while Blender has them open: it goes on showing the file that it opened."""

import threading
from pathlib import Path
from typing import Any

import bpy

from ..sequencer.strips import all_strips
from .scene_strips import SceneStrips
from .sync_memory import sync_memory


def replaced_movies(strips: SceneStrips) -> list[Any]:
    """List the clips whose movies are other files than those that Blender has open. On any thread."""
    movies = [(clip, _path(clip)) for clip in strips.clips if clip.type == "MOVIE"]
    replaced = {path for path in {path for _, path in movies} if sync_memory().is_replaced(path)}
    return [clip for clip, path in movies if path in replaced]


def reload_replaced_movies(strips: SceneStrips) -> bool:
    """Have Blender open the movies of clips again that are other files than those it has open; True if there were any.

    On the main thread alone: what draws meanwhile would read from a movie that is just being closed.
    """
    if threading.current_thread() is not threading.main_thread():
        return False
    replaced = {_path(clip) for clip in replaced_movies(strips)}
    remember_movies(strips)
    if not replaced:
        return False
    for scene in bpy.data.scenes:
        for strip in all_strips(scene):
            movie: Any = strip
            if movie.type == "MOVIE" and _path(movie) in replaced:
                # Its range stays, as with Reload Strips.
                movie.filepath = movie.filepath
    return True


def remember_movies(strips: SceneStrips) -> None:
    """Keep which files the movies of clips are that Blender has open, or is about to open. On the main thread."""
    for path in {_path(clip) for clip in strips.clips if clip.type == "MOVIE"}:
        sync_memory().remember_file(path)


def _path(movie: Any) -> Path:
    return Path(bpy.path.abspath(movie.filepath))
