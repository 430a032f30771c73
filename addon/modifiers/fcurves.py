# SPDX-License-Identifier: GPL-3.0-or-later
"""Keyframes and drivers of Face Swap modifiers follow their modifier.

Blender's curves name a modifier by its place in the scene's collection, and keep that name when the places change.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import bpy

from ..sequencer.curves import (
    copy_driver,
    copy_keyframes,
    curves_of,
    drivers_of,
    keyframes_of,
    make_action_local,
)

_MODIFIER_PATH = re.compile(r"^understudy\.modifiers\[([0-9]{1,6})\]")


def index_after_removal(index: int) -> Callable[[int], int | None]:
    """Return where each modifier lies once that at a place is removed; None for that one."""
    return lambda old: None if old == index else old - (old > index)


def index_after_move(start: int, end: int) -> Callable[[int], int | None]:
    """Return where each modifier lies once that at `start` has moved to `end`; those between move up."""

    def new_index(old: int) -> int:
        if old == start:
            return end
        return old + (end <= old < start) - (start < old <= end)

    return new_index


def renumber_curves(scene: bpy.types.Scene, new_index: Callable[[int], int | None]) -> None:
    """Have a scene's curves follow modifiers that changed their places; None removes a modifier's curves."""
    if not any(_MODIFIER_PATH.match(curve.data_path) for curve in curves_of(scene)):
        return
    make_action_local(scene)
    for curves in (keyframes_of(scene), drivers_of(scene)):
        for curve in list(curves):
            path = _renumber_path(curve.data_path, new_index)
            if path is None:
                curves.remove(curve)
            elif path != curve.data_path:
                curve.data_path = path
    for driver in drivers_of(scene):
        for target in _targets(driver, scene):
            target.data_path = _renumber_path(target.data_path, new_index) or target.data_path


def copy_curves(source: bpy.types.Scene, target: bpy.types.Scene, new_indices: Mapping[int, int]) -> None:
    """Give copied modifiers copies of the curves of those they came from: {place in source: place in target}."""
    for curve in [entry for entry in keyframes_of(source) if _MODIFIER_PATH.match(entry.data_path)]:
        path = _renumber_path(curve.data_path, new_indices.get)
        if path is not None:
            copy_keyframes(curve, target, path)
    for driver in [entry for entry in drivers_of(source) if _MODIFIER_PATH.match(entry.data_path)]:
        path = _renumber_path(driver.data_path, new_indices.get)
        if path is not None:
            _retarget_driver(copy_driver(driver, target, path), source, target, new_indices)


def _renumber_path(path: str, new_index: Callable[[int], int | None]) -> str | None:
    """Return a path with the modifier's new place, None where it has none. Other paths stay."""
    match = _MODIFIER_PATH.match(path)
    if match is None:
        return path
    place = new_index(int(match[1]))
    return None if place is None else f"understudy.modifiers[{place}]{path[match.end() :]}"


def _targets(driver: Any, scene: bpy.types.Scene) -> list[Any]:
    """List what a driver reads of a scene."""
    targets = (target for variable in driver.driver.variables for target in variable.targets)
    return [target for target in targets if target.id == scene]


def _retarget_driver(
    driver: Any, source: bpy.types.Scene, target: bpy.types.Scene, new_indices: Mapping[int, int]
) -> None:
    """What a copied driver read of modifiers that were copied too, it reads of the copies."""
    for entry in _targets(driver, source):
        path = _renumber_path(entry.data_path, new_indices.get)
        if path is not None and _MODIFIER_PATH.match(path):
            entry.id, entry.data_path = target, path
