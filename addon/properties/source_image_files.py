# SPDX-License-Identifier: GPL-3.0-or-later
"""Which file an image of a source person is read from, wherever its project was taken.

The path that the user chose counts as long as a file is there. A data-block of Blender's of the same file goes with it:
what looks for a project's files (Blender itself, a farm's tracer) finds those, may give them other paths, and can pack
them into the .blend.
"""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from pathlib import Path, PurePath
from typing import Any, cast

import bpy

from ...core.filesystem import Folder, make_folder
from ...core.recipe.request import FaceImage
from ..blender.normal_path import normal_path

_FOLDER_NAME = "understudy_images"
_MAX_UNPACKED = 64


def source_image_path(image: Any) -> Path:
    """Return the file of an image of a source person. It may be missing."""
    chosen, block = absolute_path(image.filepath), image.image
    if block is None or chosen.is_file():
        return chosen
    traced = absolute_path(block.filepath, block.library)
    if traced.is_file():
        return traced
    packed = block.packed_file
    if packed is None:
        return chosen
    return (
        _unpack(bpy.data.filepath, block.name_full, packed.as_pointer(), packed.size, chosen.suffix) or chosen
    )


def absolute_path(path: str, library: Any = None) -> Path:
    """Return a path of the project, or of the `library` that a data-block comes from, without `..` in it."""
    return normal_path(bpy.path.abspath(path, library=library))


def chosen_face_images(paths: Iterable[str]) -> tuple[FaceImage, ...]:
    """Return the images of people that a user chooses. FaceImageError where one is missing or can't be read.

    A movie is none, though the first frame of one that a project names counts.
    """
    from ...core.export.inputs import readable_face_images  # what else it opens is not for Blender's start

    return readable_face_images([absolute_path(path) for path in paths])


@lru_cache(_MAX_UNPACKED)
def _unpack(_project: str, block_name: str, _pointer: int, _size: int, suffix: str) -> Path | None:
    """Write a packed image into Blender's temporary folder, which is the user's alone and gone when Blender ends.

    It is called by its hash and has always the same time, so that labels of layers take it for the same file in every
    process. None where it can't be written.
    """
    blocks = (block for block in cast("Any", bpy.data.images) if block.name_full == block_name)
    data = next(blocks).packed_file.data
    folder = Path(bpy.app.tempdir) / _FOLDER_NAME
    path = folder / f"{sha256(data).hexdigest()}{PurePath(suffix).suffix}"
    try:
        make_folder(folder)
        with Folder(folder) as opened:
            opened.write_file(path.name, data)
            opened.set_times(path.name, 0)
    except OSError:
        return None
    return path
