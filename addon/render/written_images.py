# SPDX-License-Identifier: GPL-3.0-or-later
"""Images that Blender says it saved and that are not whole, as on a disk that is full: it notices no such thing."""

import os
from pathlib import Path

import bpy

from ...core.errors import os_error_reason
from ...core.filesystem import Folder
from .output_files import frame_paths, was_written_since

_TAIL_BYTES = 12
# How whole files of these formats begin and end. Others are known by their size and by the room on the disk.
_ENDS = (
    (b"\x89PNG\r\n\x1a\n", b"\0\0\0\0IEND\xaeB`\x82"),
    (b"\xff\xd8\xff", b"\xff\xd9"),
)


def written_image_faults(scene: bpy.types.Scene, since: float) -> list[str]:
    """Return what is wrong with the images of the scene's frame that were just written, a line each.

    `since` is when the render began, in seconds of the clock of files: what is older is something else's.
    """
    written = [path for path in frame_paths(scene, scene.frame_current) if was_written_since(path, since)]
    return [text for path in dict.fromkeys(written) if (text := _fault(path))]


def _fault(path: Path) -> str:
    """Say why an image is not whole; empty where it is."""
    try:
        with Folder(path.parent) as folder:
            size = folder.status(path.name).st_size
            head = folder.read_beginning(path.name, _TAIL_BYTES)
            tail = _read_tail(folder, path.name, size)
    except OSError as error:
        return f"{path} can't be read after it was saved: {os_error_reason(error)}"
    ends = [end for begin, end in _ENDS if head.startswith(begin)]
    if not size or not all(tail.endswith(end) for end in ends):
        return f"{path} is cut off after {size} bytes: look whether its disk is full"
    if not ends and _is_full(path.parent):
        return f"{path} may be cut off, since its disk is full: make room"
    return ""


def _read_tail(folder: Folder, name: str, size: int) -> bytes:
    fd = folder.open_file(name, os.O_RDONLY)
    try:
        os.lseek(fd, max(size - _TAIL_BYTES, 0), os.SEEK_SET)
        return os.read(fd, _TAIL_BYTES)
    finally:
        os.close(fd)


def _is_full(folder: Path) -> bool:
    if not hasattr(os, "statvfs"):  # Windows
        return False
    room = os.statvfs(folder)
    return room.f_blocks > 0 and room.f_bavail == 0
