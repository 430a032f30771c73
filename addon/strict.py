# SPDX-License-Identifier: GPL-3.0-or-later
"""Rendering strictly: a frame that is not as it was asked for counts as failed, and nothing of it looks finished.

Asked for by `blender -b project.blend -a -- --understudy-strict`, or by a setting of the scene. Then Blender
without a window stops at that frame as at Ctrl-C, before it is written, and ends with an exit code of its own.
With a window, and in the module `bpy`, a render can't be stopped from outside: it goes on, and the pictures of
failed frames are removed as soon as they are written.
"""

import atexit
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from .properties import settings_of

FLAG = "--understudy-strict"
EXIT_CODE = 3
"""How Blender ends when a frame failed."""
FAILED = ".failed"


def is_strict(scene: bpy.types.Scene) -> bool:
    """Tell whether a scene is to be rendered strictly."""
    words = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
    return FLAG in words or bool(settings_of(scene).strict)


def stop_render() -> None:
    """Stop the render where that is possible, and see to the exit code. Nobody waits for one with a window."""
    if not bpy.app.background:
        return
    atexit.unregister(_leave)
    atexit.register(_leave)
    # Blender's own answer to the signal ends the render, closes what it writes and tells `render_cancel`. In the
    # module `bpy` the answer is Python's, an exception that would end nothing but our handler.
    if signal.getsignal(signal.SIGINT) is None:
        signal.raise_signal(signal.SIGINT)


def _leave() -> None:
    """End the process with our exit code: it can't be given to Blender, which is through with its work by now."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(EXIT_CODE)


def remove_picture(scene: bpy.types.Scene, frame: int) -> None:
    """Remove the picture of a frame of an animation, which an earlier render may have left. Raises OSError."""
    for path in _pictures(scene, frame):
        path.unlink(missing_ok=True)


def remove_written(scene: bpy.types.Scene, frame: int, since: float) -> None:
    """Remove what was just written of a frame, an animation's or a still's. Raises OSError.

    `since` is when the render began, in seconds of the clock of files: what is older is something else's.
    """
    render: Any = scene.render
    still = Path(bpy.path.abspath(render.filepath))
    names = [still.name, still.name + render.file_extension]
    for path in (*_pictures(scene, frame), *(still.with_name(name) for name in names if name)):
        if path.is_file() and path.stat().st_mtime >= since:
            path.unlink()


def mark_movie(scene: bpy.types.Scene) -> Path | None:
    """Give a movie with failed frames a name that says so; None where there is no movie. Raises OSError."""
    render: Any = scene.render
    movie = Path(render.frame_path(frame=scene.frame_start))
    if not render.is_movie_format or not movie.is_file():
        return None
    marked = movie.with_name(movie.stem + FAILED + movie.suffix)
    movie.replace(marked)
    return marked


def _pictures(scene: bpy.types.Scene, frame: int) -> Iterator[Path]:
    """Yield where Blender writes a frame of an animation, of every view that is rendered."""
    render: Any = scene.render
    if render.is_movie_format:
        return
    views = [view.name for view in render.views if view.use] if render.use_multiview else []
    for view in ("", *views):
        yield Path(render.frame_path(frame=frame, view=view))
