# SPDX-License-Identifier: GPL-3.0-or-later
"""The curves of a scene: keyframes and drivers, found, compared and copied from one property to another."""

import re
from typing import Any

import bpy

# Handles come after their types, which would move them.
_KEYFRAME_PROPERTIES = (
    "co", "handle_left_type", "handle_right_type", "handle_left", "handle_right", "interpolation", "easing", "back",
    "amplitude", "period", "type",
)  # fmt: skip
_CURVE_PROPERTIES = ("extrapolation", "mute", "lock", "color_mode", "color", "auto_smoothing")

# A strip's name as it stands in a path, and the path of a property of it. A strip has more than one path: `strips_all`,
# `strips` outside meta strips, and `sequences_all` in files from before Blender 4.4. In a name a quotation mark has
# a backslash before it.
_STRIP_PATH = re.compile(r'sequence_editor\.\w+\["((?:[^"\\]|\\.)*)"\](?:\.(.+))?', re.DOTALL)


def split_strip_path(path: str) -> tuple[str, str]:
    """Return the strip that a path names, see `strip_key`, and the path of its property; two empty texts for others."""
    match = _STRIP_PATH.fullmatch(path)
    return ("", "") if match is None else (match[1], match[2] or "")


def strip_key(strip: Any) -> str:
    """Return a strip's name as it stands in paths. No two strips of a scene have one name."""
    return split_strip_path(strip.path_from_id())[0]


def curves_of(scene: bpy.types.Scene) -> list[Any]:
    """Return the curves of a scene's keyframes and drivers."""
    return [*keyframes_of(scene), *drivers_of(scene)]


def drivers_of(scene: bpy.types.Scene) -> Any:
    """Return Blender's collection of the curves of a scene's drivers, or an empty tuple."""
    return () if scene.animation_data is None else scene.animation_data.drivers


def keyframes_of(scene: bpy.types.Scene) -> Any:
    """Return Blender's collection of the curves of a scene's keyframes, or an empty tuple."""
    animation: Any = scene.animation_data
    action = None if animation is None else animation.action
    # An action's curves lie in a bag for each slot, one of which the scene uses.
    layers = () if action is None else action.layers
    bags = (bag for layer in layers for strip in layer.strips for bag in strip.channelbags)
    fcurves = [bag.fcurves for bag in bags if bag.slot_handle == animation.action_slot_handle]
    return fcurves[0] if fcurves else ()


def animates(curve: Any, scene: bpy.types.Scene) -> bool:
    """Tell whether a curve decides anything: Blender keeps those of a strip modifier that was removed."""
    try:
        scene.path_resolve(curve.data_path)
    except ValueError:
        return False
    return True


def nla_paths(scene: bpy.types.Scene) -> set[str]:
    """Return the paths that strips of the NLA animate in a scene."""
    animation: Any = scene.animation_data
    tracks = () if animation is None else animation.nla_tracks
    actions = {strip.action for track in tracks for strip in track.strips if strip.action is not None}
    return {
        curve.data_path
        for action in actions
        for layer in action.layers
        for strip in layer.strips
        for bag in strip.channelbags
        for curve in bag.fcurves
    }


def make_action_local(scene: bpy.types.Scene) -> None:
    """Give a scene keyframes of its own: a copied scene shares those of the one it came from, others are linked."""
    animation: Any = scene.animation_data
    action = None if animation is None else animation.action
    if action is None or (action.library is None and action.users - action.use_fake_user < 2):
        return
    slot = animation.action_slot.identifier
    animation.action = action.copy()
    animation.action_slot = animation.action.slots[slot]


def copy_keyframes(curve: Any, target: bpy.types.Scene, path: str) -> None:
    """Copy a curve with its keys and curve modifiers to a path of a scene."""
    # Makes action, slot and curve as they are needed, in every Blender.
    is_array = hasattr(target.path_resolve(path), "__len__")
    target.keyframe_insert(path, index=curve.array_index if is_array else -1, frame=0)
    made = path, curve.array_index
    copied = next(entry for entry in keyframes_of(target) if (entry.data_path, entry.array_index) == made)
    copied.keyframe_points.clear()
    copied.keyframe_points.add(len(curve.keyframe_points))
    for key, known in zip(copied.keyframe_points, curve.keyframe_points, strict=True):
        copy_properties(known, key, _KEYFRAME_PROPERTIES)
    copy_properties(curve, copied, _CURVE_PROPERTIES)
    for known in curve.modifiers:
        added = copied.modifiers.new(known.type)
        copy_properties(known, added, [entry.identifier for entry in known.bl_rna.properties])
    copied.update()


def copy_driver(driver: Any, target: bpy.types.Scene, path: str) -> Any:
    """Copy a driver to a path of a scene, and return the copy."""
    target.animation_data_create()
    copied = drivers_of(target).from_existing(src_driver=driver)
    copied.data_path = path
    return copied


def copy_properties(source: Any, target: Any, names: Any) -> None:
    """Copy the properties of these names that can be set."""
    for name in names:
        if not source.bl_rna.properties[name].is_readonly:
            setattr(target, name, getattr(source, name))


def keyframe_values(curve: Any) -> tuple[Any, ...]:
    """Return what a curve of keyframes says, so that equal ones say the same at every frame."""
    keys = tuple(_values(key, _KEYFRAME_PROPERTIES) for key in curve.keyframe_points)
    modifiers = tuple(
        _values(entry, sorted(known.identifier for known in entry.bl_rna.properties))
        for entry in curve.modifiers
    )
    return keys, curve.extrapolation, curve.mute, modifiers


def driver_values(curve: Any) -> tuple[Any, ...]:
    """Return what a driver says, so that equal ones say the same at every frame."""
    driver = curve.driver
    variables = tuple(
        (
            variable.name,
            variable.type,
            *((target.id, target.data_path, target.bone_target) for target in variable.targets),
        )
        for variable in driver.variables
    )
    return driver.type, driver.expression, driver.use_self, curve.mute, variables, keyframe_values(curve)


def _values(owner: Any, names: Any) -> tuple[Any, ...]:
    values = (getattr(owner, name) for name in names)
    return tuple(
        value if isinstance(value, (str, int, float)) else tuple(value) if hasattr(value, "__len__") else ()
        for value in values
    )
