# SPDX-License-Identifier: GPL-3.0-or-later
"""A project that is saved for the first time takes along what was prepared before.

Until then results and layers lie in Blender's temporary folder, which is gone when Blender ends.
"""

import threading
from pathlib import Path
from typing import Any, cast

import bpy

from ...core.errors import UnderstudyError
from ...core.filesystem import Access
from ...core.reporting.log import room_logger
from ..sequencer.strips import layer_stack_id, layer_strips
from .folders import LayerPlaces

_LOGGER = room_logger("addon.layers")


def take_along(filepath: str) -> list[str]:
    """Copy the layers and results of an unsaved project to where it is about to be saved; main thread only.

    Layers are there, and their strips read them there, before this returns; results follow on a thread of their own,
    which Blender waits for when it ends. Returns what could not be done, a line each.
    """
    project_folder = Path(filepath).parent
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
            try:
                here.layer_folder(strip_id).copy_to(there.layer_folder(strip_id))
            except UnderstudyError as error:
                problems.append(f"{layer.name}: {error}")
                continue
            layer.directory = there.layer_directory(strip_id)
            moves[here.root] = there
    for root, place in moves.items():
        arguments = root, place.root, place.access
        threading.Thread(target=_copy_results, args=arguments, name="understudy first save").start()
    return problems


def _copy_results(here: Path, there: Path, allowed: Access) -> None:
    from ...core.cache.maintenance.copy_entries import copy_entries

    try:
        copied = copy_entries(here, there, allowed)
    except UnderstudyError as error:
        _LOGGER.warning("what was prepared is computed again: %s", error)
    else:
        _LOGGER.info("%d results taken along to the saved project", copied)
