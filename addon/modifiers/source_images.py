# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of source persons go with their project: by paths from where it is saved, and as images of Blender's."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, cast

import bpy

from ..properties.scene_properties import settings_of
from ..properties.source_image_files import absolute_path

_RELATIVE_PREFIX = "//"


class SourceImagePaths:
    """The paths of a project's images around a save. Main thread only."""

    def __init__(self) -> None:
        """Nothing is being saved."""
        self._files: list[tuple[Any, Path]] = []

    def store(self, project_folder: Path) -> None:
        """Give each image the path that it has from the folder where the project is about to be saved.

        That is Blender's own preference for relative paths; a path that is relative already names the same file.
        """
        self._files = []
        for image in _images():
            if image.filepath.startswith(_RELATIVE_PREFIX) and not bpy.data.filepath:
                continue  # relative to nothing
            file = absolute_path(image.filepath)
            self._files.append((image, file))
            _link_block(image, file, Path(bpy.data.filepath).parent if bpy.data.filepath else project_folder)
            _set_path(image, file, project_folder)

    def change(self, path_of: Callable[[str], str]) -> None:
        """Give each image the path that a function makes of its own, and its data-block likewise."""
        for image in _images():
            block = image.image
            if block is not None and path_of(block.filepath) != block.filepath:
                block.filepath = path_of(block.filepath)
            _change_path(image, path_of(image.filepath))

    def restore(self) -> None:
        """After a copy was saved elsewhere, or saving failed, name the files from the project's own folder again."""
        files, self._files = self._files, []
        for image, file in files:
            if bpy.data.filepath:
                _set_path(image, file, Path(bpy.data.filepath).parent)
            else:
                _change_path(image, str(file))


@cache
def source_image_paths() -> SourceImagePaths:
    """Return the paths of this Blender's project."""
    return SourceImagePaths()


def _images() -> Iterator[Any]:
    for scene in bpy.data.scenes:
        if cast("Any", scene).library is None:
            for modifier in settings_of(scene).modifiers:
                for person in (modifier.identity, *(take.identity for take in modifier.takes)):
                    yield from (image for image in person.pictures if image.filepath)


def _is_relative(path: str) -> bool:
    return path.startswith(_RELATIVE_PREFIX) or bool(
        cast("Any", bpy.context.preferences).filepaths.use_relative_paths
    )


def _set_path(image: Any, file: Path, project_folder: Path) -> None:
    if _is_relative(image.filepath):
        _change_path(image, _relative_path(file, project_folder))


def _relative_path(file: Path, folder: Path) -> str:
    try:
        return str(bpy.path.relpath(str(file), start=str(folder)))
    except ValueError:  # it lies on another drive
        return str(file)


def _change_path(image: Any, path: str) -> None:
    """Change how an image's file is named; it stays the file in which the face was chosen."""
    if image.filepath == path:
        return
    if image.numbered_path == image.filepath:
        image.numbered_path = path
    block = image.image
    image.filepath = path
    image.image = block


def _link_block(image: Any, file: Path, folder: Path) -> None:
    """Give an image a data-block of Blender's of the same file, if it has none.

    `folder` is the one that Blender takes paths from, which it rewrites itself when a project is saved elsewhere.
    """
    block = image.image
    if block is not None and absolute_path(block.filepath, block.library) == file:
        return
    if not file.is_file():
        return  # the one it has may name where the file is now, or hold it
    with suppress(RuntimeError):  # Blender can't read it
        block = cast("Any", bpy.data.images).load(str(file), check_existing=True)
        if block.library is None and _is_relative(image.filepath):
            block.filepath = _relative_path(file, folder)
        image.image = block
