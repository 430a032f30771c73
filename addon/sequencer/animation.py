# SPDX-License-Identifier: GPL-3.0-or-later
"""A layer follows what is animated on its clip: a driver hands each animated value on."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self, cast

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
# A strip's own path and that of its property; a quotation mark in a name has a backslash before it.
_STRIP_PATH = re.compile(r'(sequence_editor\.\w+\["(?:[^"\\]|\\.)*"\])\.(.+)', re.DOTALL)
_NO_PATHS: frozenset[str] = frozenset()


@dataclass(frozen=True)
class AnimatedPaths:
    """Which properties of a scene's strips keyframes or drivers decide, by the strips' own paths."""

    animated: Mapping[str, frozenset[str]]
    driven: Mapping[str, frozenset[str]]

    @classmethod
    def of_scene(cls, scene: bpy.types.Scene) -> Self:
        """Read a scene's curves, once for all its strips."""
        return cls(_paths_by_strip(curves_of(scene)), _paths_by_strip(drivers_of(scene)))

    def animated_properties(self, strip: Any) -> frozenset[str]:
        """Return the paths of a strip's properties that keyframes or drivers decide."""
        return self.animated.get(strip.path_from_id(), _NO_PATHS) if self.animated else _NO_PATHS

    def driven_properties(self, strip: Any) -> frozenset[str]:
        """Return the paths of a strip's properties that drivers decide."""
        return self.driven.get(strip.path_from_id(), _NO_PATHS) if self.driven else _NO_PATHS


def _paths_by_strip(curves: Iterable[Any]) -> dict[str, frozenset[str]]:
    paths: dict[str, set[str]] = {}
    for curve in curves:
        match = _STRIP_PATH.fullmatch(curve.data_path)
        if match is not None:
            paths.setdefault(match[1], set()).add(match[2])
    return {strip: frozenset(properties) for strip, properties in paths.items()}


def sync_drivers(scene: bpy.types.Scene, strip: Any, layer: Any, paths: AnimatedPaths | None = None) -> None:
    """Drive the layer's properties by those of its clip that are animated or driven, and only those.

    `paths` are those of the scene, where they were read already.
    """
    paths = paths or AnimatedPaths.of_scene(scene)
    animated, driven = paths.animated_properties(strip), paths.driven_properties(layer)
    if not animated and not driven:
        return
    for path in ANIMATABLE_PATHS:
        if path in animated and path not in driven:
            _add_driver(scene, strip, layer, path)
        elif path in driven and path not in animated:
            layer.driver_remove(path)


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


def _add_driver(scene: bpy.types.Scene, strip: Any, layer: Any, path: str) -> None:
    owner, _, name = path.rpartition(".")
    driver = (getattr(layer, owner) if owner else layer).driver_add(name).driver
    # A sum of one value: unlike an expression it runs no Python, so no file's safety settings stop it.
    driver.type = "SUM"
    variable = driver.variables.new()
    target = cast("Any", variable).targets[0]
    target.id_type, target.id = "SCENE", scene
    target.data_path = f"{strip.path_from_id()}.{path}"
