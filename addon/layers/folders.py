# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the cache and the layer files of a scene lie."""

import os
from pathlib import Path
from typing import Any, cast

import bpy

from ...core.layers.folder import LayerFolder
from ..properties.preferences import preferences
from ..sessions.cache_folder import cache_location
from ..sessions.open import access


def cache_folder(scene: bpy.types.Scene) -> Path:
    """Return the cache folder of a scene, see `places`."""
    return cache_location(scene).folder


def layer_folder(scene: bpy.types.Scene, strip_id: str) -> LayerFolder:
    """Return the folder of the layer files of a stack. Raises OutputError for what is no stack's id."""
    return LayerFolder(cache_folder(scene), strip_id, access(preferences()))


def layer_directory(scene: bpy.types.Scene, strip_id: str, project_folder: Path | None = None) -> str:
    """Return the same as a strip keeps it: beside the .blend if the cache is, so that a project can move.

    `project_folder` is where the project is about to be saved.
    """
    place = cache_location(scene, project_folder)
    folder = str(LayerFolder(place.folder, strip_id).path)
    if place.moves_with_project:
        folder = cast("Any", bpy.path).relpath(
            folder, start=None if project_folder is None else str(project_folder)
        )
    return os.path.join(folder, "")  # noqa: PTH118 - a strip's directory ends with the separator


def layer_read_folder(layer: Any) -> Path:
    """Return the folder that Blender reads a layer's files from, whatever it should be."""
    owner = layer.id_data.library
    return Path(os.path.normpath(bpy.path.abspath(layer.directory, library=owner)))


def layer_image_name(number: int) -> str:
    """Return the file name of the layer image of a source frame."""
    return f"{number:06d}.tif"
