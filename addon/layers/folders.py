# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the cache and the layer files of a scene lie."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, cast

import bpy

from ...core.cache.packs.layout import LAYERS_FOLDER
from ...core.filesystem import Access
from ...core.filesystem.access import is_within
from ...core.layers.folder import LayerFolder
from ..blender.normal_path import normal_path
from ..properties.preferences import preferences
from ..sessions.cache_folder import cache_location, layers_root
from ..sessions.open import access


def cache_folder(scene: bpy.types.Scene) -> Path:
    """Return the cache folder of a scene, see `places`."""
    return cache_location(scene).folder


@dataclass(frozen=True)
class LayerPlaces:
    """Where the layers of a scene lie, found once for all of them."""

    root: Path
    """The folder with the folder of all layers."""
    cache_folder: Path
    """The cache folder: the same, unless the environment names another for layers."""
    directory: str
    """How strips name the folder of the layers' folders: beside the .blend if the cache is, so that it can move."""
    access: Access

    @classmethod
    def of_scene(cls, scene: bpy.types.Scene, project_folder: Path | None = None) -> Self:
        """Find the places of a scene's layers, or those once the project is saved in `project_folder`."""
        location = cache_location(scene, project_folder)
        root = layers_root(scene, project_folder)
        directory = str(root / LAYERS_FOLDER)
        if location.moves_with_project and root == location.folder:
            # Saved elsewhere, a project that has a folder has its paths rewritten by Blender, from that to the new one.
            start = None if project_folder is None or bpy.data.filepath else str(project_folder)
            directory = cast("Any", bpy.path).relpath(directory, start=start)
        return cls(root, location.folder, directory.rstrip(os.sep) + os.sep, access(preferences()))

    def layer_folder(self, layers_id: str) -> LayerFolder:
        """Return the folder of layer files that has an id. Raises OutputError for what is no stack's id."""
        return LayerFolder(self.root, layers_id, self.access)

    def prepared_layers(self, layers_id: str, layer: Any) -> LayerFolder | None:
        """Return the folder in the cache folder that a layer's files are read from, if they belong elsewhere."""
        folder = LayerFolder(self.cache_folder, layers_id, self.access)
        if self.root == self.cache_folder or layer_read_folder(layer) != folder.path:
            return None
        return folder

    def layer_directory(self, layers_id: str) -> str:
        """Return a folder as a layer strip keeps it, that of all layers for an empty id.

        A strip's directory ends with the separator.
        """
        return f"{self.directory}{layers_id}{os.sep}" if layers_id else self.directory


def layer_folder(scene: bpy.types.Scene, strip_id: str) -> LayerFolder:
    """Return the folder of the layer files of a stack. Raises OutputError for what is no stack's id."""
    return LayerPlaces.of_scene(scene).layer_folder(strip_id)


def layer_read_folder(layer: Any, subfolder: str = "") -> Path:
    """Return the folder that Blender reads a layer's files from, whatever it should be; or a folder in it."""
    owner = layer.id_data.library
    path = bpy.path.abspath(layer.directory, library=owner)
    return normal_path(os.path.join(path, subfolder) if subfolder else path)  # noqa: PTH118 - quick


def split_element_name(name: str) -> tuple[str, str]:
    """Return the folder that a layer's element names, which is that of a keyframed take or empty, and the file."""
    subfolder, _, file = name.rpartition("/")
    return subfolder, file


def temporary_layer_folder(folder: Path, layers_id: str, allowed: Access = Access()) -> LayerFolder | None:  # noqa: B008 - frozen
    """Return the folder that a layer's files are read from if it is that of a project which was not saved; else None.

    It lies in Blender's temporary folder, and is in use as long as the layer can't have one beside the saved project.
    """
    named = folder.name == layers_id and folder.parent.name == LAYERS_FOLDER
    if not named or not is_within(folder, Path(bpy.app.tempdir)):
        return None
    return LayerFolder(folder.parents[1], layers_id, allowed)


def layer_image_name(number: int) -> str:
    """Return the file name of the layer image of a source frame."""
    return f"{number:06d}.tif"
