# SPDX-License-Identifier: GPL-3.0-or-later
"""Movies that were replaced while Blender has them open: it goes on showing the file that it opened."""

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import bpy

from ..sequencer.strips import all_strips
from .scene_strips import SceneStrips
from .sync_memory import sync_memory


def replaced_movies(strips: SceneStrips) -> list[Any]:
    """List the clips whose movies are other files than those that Blender has open. On any thread."""
    movies = _movies_by_file(strips.clips)
    return [movie for file in _replaced_files(movies) for movie in movies[file]]


def reload_replaced_movies(strips: SceneStrips) -> bool:
    """Have Blender open the movies of clips again that are other files than those it has open; True if there were any.

    On the main thread alone: what draws meanwhile would read from a movie that is just being closed.
    """
    if threading.current_thread() is not threading.main_thread():
        return False
    files = _movies_by_file(strips.clips)
    replaced = {_path(file) for file in _replaced_files(files)}
    _remember_files(files)
    if not replaced:
        return False
    for scene in bpy.data.scenes:
        for file, movies in _movies_by_file(all_strips(scene)).items():
            if _path(file) in replaced:
                for movie in movies:
                    # Its range stays, as with Reload Strips.
                    movie.filepath = movie.filepath
    return True


def remember_movies(strips: SceneStrips) -> None:
    """Keep which files the movies of clips are that Blender has open, or is about to open. On the main thread."""
    _remember_files(_movies_by_file(strips.clips))


def _replaced_files(files: Iterable[str]) -> list[str]:
    return [file for file in files if sync_memory().is_replaced(_path(file))]


def _remember_files(files: Iterable[str]) -> None:
    for file in files:
        sync_memory().remember_file(_path(file))


def _movies_by_file(strips: Iterable[Any]) -> dict[str, list[Any]]:
    """Group the movie strips by their file as Blender writes it: one file may be on the timeline a thousand times."""
    movies: dict[str, list[Any]] = {}
    for strip in strips:
        if strip.type == "MOVIE":
            movies.setdefault(strip.filepath, []).append(strip)
    return movies


def _path(file: str) -> Path:
    return Path(bpy.path.abspath(file))
