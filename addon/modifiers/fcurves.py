# SPDX-License-Identifier: GPL-3.0-or-later
"""Keyframes and drivers of Face Swap modifiers follow their modifier.

Blender's curves name a modifier by its place in the scene's collection, and keep that name when the places change.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import bpy

from ..sequencer.animation import curves_of, drivers_of, keyframes_of

_MODIFIER_PATH = re.compile(r"^understudy\.modifiers\[([0-9]{1,6})\]")
# Handles come after their types, which would move them.
_KEYFRAME_PROPERTIES = (
    "co", "handle_left_type", "handle_right_type", "handle_left", "handle_right", "interpolation", "easing", "back",
    "amplitude", "period", "type",
)  # fmt: skip
_CURVE_PROPERTIES = ("extrapolation", "mute", "lock", "color_mode", "color", "auto_smoothing")


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
    _make_action_local(scene)
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
            _copy_keyframes(curve, target, path)
    for driver in [entry for entry in drivers_of(source) if _MODIFIER_PATH.match(entry.data_path)]:
        path = _renumber_path(driver.data_path, new_indices.get)
        if path is not None:
            target.animation_data_create()
            copied = drivers_of(target).from_existing(src_driver=driver)
            copied.data_path = path
            _retarget_driver(copied, source, target, new_indices)


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


def _make_action_local(scene: bpy.types.Scene) -> None:
    """Give a scene keyframes of its own: a copied scene shares those of the one it came from."""
    animation: Any = scene.animation_data
    action = animation.action
    if action is None or action.users - action.use_fake_user < 2:
        return
    slot = animation.action_slot.identifier
    animation.action = action.copy()
    animation.action_slot = animation.action.slots[slot]


def _copy_keyframes(curve: Any, target: bpy.types.Scene, path: str) -> None:
    """Copy a curve with its keys and curve modifiers to a path of a scene."""
    # Makes action, slot and curve as they are needed, in every Blender.
    target.keyframe_insert(path, frame=0)
    copied = next(entry for entry in keyframes_of(target) if entry.data_path == path)
    copied.keyframe_points.clear()
    copied.keyframe_points.add(len(curve.keyframe_points))
    for key, known in zip(copied.keyframe_points, curve.keyframe_points, strict=True):
        _copy_properties(known, key, _KEYFRAME_PROPERTIES)
    _copy_properties(curve, copied, _CURVE_PROPERTIES)
    for known in curve.modifiers:
        added = copied.modifiers.new(known.type)
        _copy_properties(known, added, [entry.identifier for entry in known.bl_rna.properties])
    copied.update()


def _copy_properties(source: Any, target: Any, names: Any) -> None:
    for name in names:
        if not source.bl_rna.properties[name].is_readonly:
            setattr(target, name, getattr(source, name))


def _retarget_driver(
    driver: Any, source: bpy.types.Scene, target: bpy.types.Scene, new_indices: Mapping[int, int]
) -> None:
    """What a copied driver read of modifiers that were copied too, it reads of the copies."""
    for entry in _targets(driver, source):
        path = _renumber_path(entry.data_path, new_indices.get)
        if path is not None and _MODIFIER_PATH.match(path):
            entry.id, entry.data_path = target, path
