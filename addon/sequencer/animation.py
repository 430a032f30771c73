# SPDX-License-Identifier: GPL-3.0-or-later
"""A layer follows what is animated on its clip: it has copies of the clip's keyframes and drivers.

A driver that hands the clip's values on would be shorter, but Blender takes any driver of a strip that reads another
strip of the scene for a cycle: it says so for each, and may evaluate it a frame late (seen in 4.5.15 and 5.0.1).
"""

from typing import Any

import bpy

from .curves import (
    copy_driver,
    copy_keyframes,
    curves_of,
    driver_values,
    drivers_of,
    keyframe_values,
    keyframes_of,
    make_action_local,
)

# What of a clip decides where and how its layer is seen. Its opacity is not among that: see `meta_strips`.
ANIMATABLE_PATHS = (
    "color_saturation",
    "color_multiply",
    "transform.offset_x",
    "transform.offset_y",
    "transform.scale_x",
    "transform.scale_y",
    "transform.rotation",
    "crop.min_x",
    "crop.max_x",
    "crop.min_y",
    "crop.max_y",
)


def sync_animation(scene: bpy.types.Scene, strip: Any, layer: Any) -> None:
    """Give the layer the keyframes and drivers of its clip, and take away those that the clip has no more."""
    _remove_opacity_driver(scene, strip, layer)
    clip_keyframes, layer_keyframes = (_by_path(keyframes_of(scene), owner) for owner in (strip, layer))
    clip_drivers, layer_drivers = (_by_path(drivers_of(scene), owner) for owner in (strip, layer))
    for path in ANIMATABLE_PATHS:
        wanted, known = clip_keyframes.get(path), layer_keyframes.get(path)
        if _differ(wanted, known, keyframe_values):
            make_action_local(scene)
            _remove_curve(keyframes_of(scene), layer, path)
            wanted = _by_path(keyframes_of(scene), strip).get(path)
            if wanted is not None:
                copy_keyframes(wanted, scene, f"{layer.path_from_id()}.{path}")
        wanted, known = clip_drivers.get(path), layer_drivers.get(path)
        if _differ(wanted, known, driver_values):
            _remove_curve(drivers_of(scene), layer, path)
            if wanted is not None:
                copy_driver(wanted, scene, f"{layer.path_from_id()}.{path}")


def animated_properties(scene: bpy.types.Scene, strip: Any) -> set[str]:
    """Return the paths of a strip's properties that keyframes or drivers decide, such as `transform.offset_x`."""
    return set(_by_path(curves_of(scene), strip))


def animation_values(scene: bpy.types.Scene, strip: Any) -> tuple[Any, ...]:
    """Return a value that changes when what a layer follows of its clip's animation changes."""
    keyframes, drivers = _by_path(keyframes_of(scene), strip), _by_path(drivers_of(scene), strip)
    return tuple(
        (path, *values(curves[path]))
        for curves, values in ((keyframes, keyframe_values), (drivers, driver_values))
        for path in ANIMATABLE_PATHS
        if path in curves
    )


def remove_animation(scene: bpy.types.Scene, layer: Any) -> None:
    """Remove what animates a layer. Blender keeps the curves of a strip that a script removes."""
    for curves in (keyframes_of(scene), drivers_of(scene)):
        for path in _by_path(curves, layer):
            make_action_local(scene)
            _remove_curve(curves, layer, path)


def _by_path(curves: Any, strip: Any) -> dict[str, Any]:
    start = strip.path_from_id() + "."
    return {
        curve.data_path.removeprefix(start): curve for curve in curves if curve.data_path.startswith(start)
    }


def _differ(wanted: Any | None, known: Any | None, values: Any) -> bool:
    if wanted is None or known is None:
        return wanted is not known
    return bool(values(wanted) != values(known))


def _remove_curve(curves: Any, strip: Any, path: str) -> None:
    known = _by_path(curves, strip).get(path)
    if known is not None:
        curves.remove(known)


def _remove_opacity_driver(scene: bpy.types.Scene, strip: Any, layer: Any) -> None:
    """Earlier versions had the layer's opacity driven by the clip's, which lets the original show through."""
    driver = _by_path(drivers_of(scene), layer).get("blend_alpha")
    handed_on = f"{strip.path_from_id()}.blend_alpha"
    if driver is not None and any(
        target.data_path == handed_on for variable in driver.driver.variables for target in variable.targets
    ):
        drivers_of(scene).remove(driver)
        layer.blend_alpha = 1.0
