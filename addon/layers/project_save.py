# SPDX-License-Identifier: GPL-3.0-or-later
"""A project that is saved in another folder takes along the layers that were prepared before.

Saved for the first time it takes its results as well: until then both lie in Blender's temporary folder, which is gone
when Blender ends. Saved elsewhere later, it leaves them: the cache beside it may be that of many projects.
"""

import threading
from pathlib import Path
from typing import Any, cast

import bpy

from ...core.cache.packs.layout import LAYERS_FOLDER
from ...core.errors import UnderstudyError
from ...core.filesystem import Access
from ...core.reporting.log import room_logger
from ..modifiers.stack import stack_of
from ..modifiers.takes import layers_ids
from ..sequencer.strips import layer_stack_id, layer_strips
from .folders import LayerPlaces, layer_read_folder, temporary_layer_folder
from .keyed_takes import read_layers_id

_LOGGER = room_logger("addon.layers")


def take_along(filepath: str) -> list[str]:
    """Copy a project's layers, and an unsaved one's results, to where it is about to be saved; main thread only.

    Layers are there, and their strips read them there, before this returns: what is written must name them. Whether a
    copy is saved, after which they must read the old ones again, Blender does not say. What the project had stays.
    Results follow on a thread of their own, which Blender waits for when it ends. Returns what could not be done, a
    line each.
    """
    is_first_save, project_folder = not bpy.data.filepath, Path(filepath).parent
    if not project_folder.is_dir():
        return []  # Blender can't save there
    problems: list[str] = []
    moves: dict[Path, LayerPlaces] = {}
    for scene in bpy.data.scenes:
        if cast("Any", scene).library is not None:
            continue
        here, there = LayerPlaces.of_scene(scene), LayerPlaces.of_scene(scene, project_folder)
        for layer in layer_strips(scene) if here.root != there.root else []:
            strip_id = layer_stack_id(layer)
            stack = stack_of(scene, strip_id)
            try:
                for name in layers_ids(strip_id, stack):
                    read = _read_folder(layer, name)
                    source = temporary_layer_folder(read, name) or here.layer_folder(name)
                    source.copy_to(there.layer_folder(name))
            except UnderstudyError as error:
                problems.append(f"{layer.name}: {error}")
                continue
            layer.directory = there.layer_directory(read_layers_id(strip_id, stack))
            moves[here.root] = there
    for root, place in moves.items() if is_first_save else ():
        arguments = root, place.root, place.access
        threading.Thread(target=_copy_results, args=arguments, name="understudy first save").start()
    return problems


def _read_folder(layer: Any, layers_id: str) -> Path:
    """Return the folder with an id beside the one that a layer reads, or in it where its elements name folders."""
    here = layer_read_folder(layer)
    return here / layers_id if here.name == LAYERS_FOLDER else here.with_name(layers_id)


def has_layers_elsewhere(scene: bpy.types.Scene) -> bool:
    """Tell whether a layer of a scene reads from another folder than its own, as after a copy was saved."""
    if cast("Any", scene).library is not None:
        return False
    places = LayerPlaces.of_scene(scene)
    return any(
        layer.directory != places.layer_directory(read_layers_id(strip_id, stack_of(scene, strip_id)))
        for layer in layer_strips(scene)
        if (strip_id := layer_stack_id(layer))
    )


def _copy_results(here: Path, there: Path, allowed: Access) -> None:
    from ...core.cache.maintenance.copy_entries import copy_entries

    try:
        copied = copy_entries(here, there, allowed)
    except UnderstudyError as error:
        _LOGGER.warning("what was prepared is computed again: %s", error)
    else:
        _LOGGER.info("%d results taken along to the saved project", copied)
