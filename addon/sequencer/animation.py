# SPDX-License-Identifier: GPL-3.0-or-later
"""A layer follows what is animated on its clip: a driver hands each animated value on."""

from typing import Any, cast

import bpy

# What of a clip decides where and how strongly its layer is seen.
ANIMATABLE_PATHS = (
    "blend_alpha",
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


def sync_drivers(scene: bpy.types.Scene, strip: Any, layer: Any) -> None:
    """Drive the layer's properties by those of its clip that are animated or driven, and only those."""
    animated = animated_properties(scene, strip)
    driven = driven_properties(scene, layer)
    for path in ANIMATABLE_PATHS:
        if path in animated and path not in driven:
            _add_driver(scene, strip, layer, path)
        elif path in driven and path not in animated:
            layer.driver_remove(path)


def animated_properties(scene: bpy.types.Scene, strip: Any) -> set[str]:
    """Return the paths of a strip's properties that keyframes or drivers decide, such as `transform.offset_x`."""
    return _property_paths(strip, curves_of(scene))


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


def driven_properties(scene: bpy.types.Scene, strip: Any) -> set[str]:
    """Return the paths of a strip's properties that drivers decide."""
    return _property_paths(strip, drivers_of(scene))


def _property_paths(strip: Any, curves: list[Any]) -> set[str]:
    start = strip.path_from_id() + "."
    return {curve.data_path.removeprefix(start) for curve in curves if curve.data_path.startswith(start)}


def _add_driver(scene: bpy.types.Scene, strip: Any, layer: Any, path: str) -> None:
    owner, _, name = path.rpartition(".")
    driver = (getattr(layer, owner) if owner else layer).driver_add(name).driver
    # A sum of one value: unlike an expression it runs no Python, so no file's safety settings stop it.
    driver.type = "SUM"
    variable = driver.variables.new()
    target = cast("Any", variable).targets[0]
    target.id_type, target.id = "SCENE", scene
    target.data_path = f"{strip.path_from_id()}.{path}"
