# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the cache and the layer pictures lie."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import bpy

from ..core.cache.layout import LAYERS, prepare
from ..core.errors import CacheError, OutputError
from ..core.fusion.stand_in import write_stand_in
from .preferences import preferences
from .properties import settings_of


def cache_folder(scene: bpy.types.Scene) -> Path:
    """Return the cache folder of a scene: that of the preferences, or else the project's.

    A project that was never saved has no place of its own, so it uses Blender's temporary folder.
    """
    chosen = preferences().cache_folder or settings_of(scene).cache_folder
    if chosen.startswith("//") and not bpy.data.filepath:
        return Path(bpy.app.tempdir) / chosen[2:]
    return Path(bpy.path.abspath(chosen))


def layer_folder(scene: bpy.types.Scene, strip_id: str) -> Path:
    """Return the folder of the layer pictures of a stack."""
    return cache_folder(scene) / LAYERS / strip_id


def layer_directory(scene: bpy.types.Scene, strip_id: str) -> str:
    """Return the same as a strip keeps it: beside the .blend if the cache is, so that a project can move."""
    folder = str(layer_folder(scene, strip_id))
    chosen = preferences().cache_folder or settings_of(scene).cache_folder
    if chosen.startswith("//") and bpy.data.filepath:
        folder = cast("Any", bpy.path).relpath(folder)
    return os.path.join(folder, "")  # noqa: PTH118 - a strip's directory ends with the separator


def picture_name(number: int) -> str:
    """Return the file name of the layer picture of a source frame."""
    return f"{number:06d}.tif"


def make_layer_folder(scene: bpy.types.Scene, strip_id: str) -> Path:
    """Make the folder of a stack's layer pictures; raises OutputError where that is impossible."""
    folder = layer_folder(scene, strip_id)
    try:
        # First the cache's own marks: a folder that holds something else already is refused by the cache.
        prepare(cache_folder(scene))
        folder.mkdir(parents=True, exist_ok=True)
    except (CacheError, OSError) as error:
        raise OutputError(
            f"can't make the layer folder {folder}: {error}; choose another cache folder"
        ) from error
    return folder


def add_stand_ins(folder: Path, names: Iterable[str]) -> None:
    """Write a stand-in for each picture that is not there: in place of a missing one Blender shows magenta.

    Raises OutputError.
    """
    missing = sorted(set(names) - {path.name for path in folder.iterdir()})
    for name in missing[:1]:
        write_stand_in(folder / name)
    for name in missing[1:]:
        try:
            # One file under many names: pictures are replaced, never changed in place.
            os.link(folder / missing[0], folder / name)
        except FileExistsError:
            continue
        except OSError:
            write_stand_in(folder / name)


def copy_pictures(scene: bpy.types.Scene, strip_id: str, copy_id: str) -> None:
    """Give a copied stack the layer pictures that there are; what can't be copied is made again later."""
    source, target = layer_folder(scene, strip_id), layer_folder(scene, copy_id)
    if not source.is_dir():
        return
    for picture in sorted(source.glob("*.tif")):
        copy = target / picture.name
        try:
            # Layer pictures are replaced, never changed in place, so two names may share one file.
            os.link(picture, copy)
        except OSError:
            try:
                shutil.copyfile(picture, copy)
            except OSError:
                return


def remove_pictures(scene: bpy.types.Scene, strip_id: str) -> None:
    """Remove the layer pictures of a stack. Other files in the folder stay. Raises OutputError."""
    folder = layer_folder(scene, strip_id)
    if not folder.is_dir():
        return
    try:
        for picture in folder.glob("*.tif"):
            picture.unlink()
        if not any(folder.iterdir()):
            folder.rmdir()
    except OSError as error:
        raise OutputError(f"can't remove the layer pictures in {folder}: {error.strerror}") from error


def layer_sizes(folder: Path) -> list[int]:
    """Return the bytes of each layer picture in a folder, stand-ins too. Raises OSError."""
    return [picture.stat().st_size for picture in folder.glob("*.tif")]


def blank_pictures(folder: Path) -> None:
    """Put stand-ins in the place of a stack's layer pictures: the original is seen. Raises OutputError."""
    for picture in folder.glob("*.tif"):
        write_stand_in(picture)
