# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that a render of Blender's writes, and which of them may be taken away when a frame failed.

The project says where they are, and may come from anyone. So a file is removed only where it is known as what it
should be: written by this render, or an earlier image in a folder that the project may change; an image by what
is in it, and never through a link.
"""

import stat
import time
from collections.abc import Iterator
from itertools import chain, count
from pathlib import Path
from typing import Any, cast

import bpy

from ...core.errors import os_error_reason
from ...core.filesystem import Folder
from ...core.system.trust import TRUST_VARIABLE, is_allowed, trusted_folders

FAILED_SUFFIX = ".failed"
# How images begin that Blender writes: PNG, JPEG, TIFF, OpenEXR, BMP, Radiance, DPX, Cineon, WebP, JPEG 2000, IRIS.
_IMAGE_SIGNATURES = (
    b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"v/1\x01", b"BM", b"#?", b"SDPX", b"XPDS",
    b"\x80*_\xd7", b"\xd7_*\x80", b"RIFF", b"\0\0\0\x0cjP", b"\xff\x4f\xff\x51", b"\x01\xda",
)  # fmt: skip
# Targa has no such beginning: its kind and its bits a pixel are looked at.
_TARGA_HEADER_BYTES = 18
_TARGA_KINDS, _TARGA_BITS = (2, 3, 10, 11), (8, 16, 24, 32)
# Clocks of file servers may go ahead of ours.
_CLOCK_SKEW_SECONDS = 60.0
_REMOVAL_HINT = f"name its folder in {TRUST_VARIABLE}, or remove it yourself"


def remove_earlier_image(scene: bpy.types.Scene, frame: int) -> list[str]:
    """Remove the image of a frame of an animation that an earlier render left; say what must stay, a line each."""
    return [text for path in frame_paths(scene, frame) if (text := _remove(path, None))]


def remove_written_image(scene: bpy.types.Scene, frame: int, since: float) -> list[str]:
    """Remove what was just written of a frame, an animation's or a still's; say what could not be, a line each.

    `since` is when the render began, in seconds of the clock of files: what is older is something else's.
    """
    if cast("Any", scene.render).is_movie_format:
        return []  # it is marked as a whole when the render ends
    written = [path for path in frame_paths(scene, frame) if was_written_since(path, since)]
    return [text for path in written or _still_paths(scene) if (text := _remove(path, since))]


def written_images(scene: bpy.types.Scene, frame: int, since: float) -> list[Path]:
    """List the images of a frame, an animation's or a still's, that were written since a moment."""
    written = [path for path in frame_paths(scene, frame) if was_written_since(path, since)]
    if written or cast("Any", scene.render).is_movie_format:
        return list(dict.fromkeys(written))
    return [path for path in dict.fromkeys(_still_paths(scene)) if was_written_since(path, since)]


def movie_path(scene: bpy.types.Scene) -> Path:
    """Return where Blender writes a movie."""
    return Path(cast("Any", scene.render).frame_path(frame=scene.frame_start))


def mark_movie(scene: bpy.types.Scene, since: float) -> list[str]:
    """Give a movie with failed frames that this render wrote a name that says so; say what could not be."""
    movie = movie_path(scene)
    if not cast("Any", scene.render).is_movie_format:
        return []
    try:
        with Folder(movie.parent) as folder:
            if not _is_from_render(folder.status(movie.name), since):
                return []
            # In a folder that is not the project's own nothing is replaced: the name gets a number.
            taken = set() if _may_change(movie) else set(folder.names())
            names = (
                f"{movie.stem}{FAILED_SUFFIX}{number}{movie.suffix}"
                for number in chain([""], map("-{}".format, count(2)))
            )
            folder.rename(
                movie.name, next(name for name in names if name not in taken)
            )  # gate: a Folder is the gate
    except FileNotFoundError:
        return []
    except OSError as error:
        return [f"{movie} has failed frames, but can't be renamed: {error.strerror}"]
    return []


def _remove(path: Path, since: float | None) -> str:
    """Remove an image; return why it stays, an empty text where it is gone or is none of this render's."""
    try:
        with Folder(path.parent) as folder:
            if since is not None and not _is_from_render(folder.status(path.name), since):
                return ""
            if not _is_image(folder, path.name):
                return f"{path} has the name of a failed frame, but is not an image: it is not removed"
            if since is None and not _may_change(path):
                return (
                    f"{path} of an earlier render is not removed, though this frame failed: {_REMOVAL_HINT}"
                )
            folder.remove_file(path.name)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"can't remove the failed {path}: {os_error_reason(error)}"
    return ""


def was_written_since(path: Path, since: float) -> bool:
    """Tell whether a file was written since a moment, in seconds of the clock of files."""
    try:
        with Folder(path.parent) as folder:
            return _is_from_render(folder.status(path.name), since)
    except OSError:
        return False


def _is_from_render(status: Any, since: float) -> bool:
    """Tell whether a file was written by a render that began at a moment, in seconds of the clock of files."""
    return stat.S_ISREG(status.st_mode) and since <= status.st_mtime <= time.time() + _CLOCK_SKEW_SECONDS


def _is_image(folder: Folder, name: str) -> bool:
    """Tell whether a file is an image by how it begins. Raises OSError, also for what is no regular file."""
    head = folder.read_beginning(name, _TARGA_HEADER_BYTES)
    if head.startswith(_IMAGE_SIGNATURES):
        return True
    is_targa = len(head) == _TARGA_HEADER_BYTES and head[1] == 0 and head[2] in _TARGA_KINDS
    return name.lower().endswith(".tga") and is_targa and head[16] in _TARGA_BITS


def _may_change(path: Path) -> bool:
    """Tell whether the project may change files in a file's folder: in its own, and where the user trusts it."""
    project = Path(bpy.data.filepath).parent if bpy.data.filepath else None
    return is_allowed(path.parent, project, trusted_folders())


def _still_paths(scene: bpy.types.Scene) -> list[Path]:
    """List where Blender may write a still."""
    render: Any = scene.render
    still = Path(bpy.path.abspath(render.filepath))
    names = (still.name, still.name + render.file_extension)
    return [still.with_name(name) for name in names if still.name]


def frame_paths(scene: bpy.types.Scene, frame: int) -> Iterator[Path]:
    """Yield where Blender writes a frame of an animation, of every view that is rendered."""
    render: Any = scene.render
    if render.is_movie_format:
        return
    views = [view.name for view in render.views if view.use] if render.use_multiview else []
    for view in ("", *views):
        yield Path(render.frame_path(frame=frame, view=view))
