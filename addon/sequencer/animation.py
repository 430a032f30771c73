# SPDX-License-Identifier: GPL-3.0-or-later
"""A layer follows what is animated on its clip: it has copies of the clip's keyframes and drivers.

A driver that hands the clip's values on would be shorter, but Blender takes any driver of a strip that reads another
strip of the scene for a cycle: it says so for each, and may evaluate it a frame late (seen in 4.5.15 and 5.0.1).
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import bpy

from .curves import (
    copy_driver,
    copy_keyframes,
    driver_values,
    drivers_of,
    keyframe_values,
    keyframes_of,
    make_action_local,
    nla_paths,
    split_strip_path,
    strip_key,
)

# What of a clip decides where and how its layer is seen. Its opacity is not among that: see `meta_strips`.
MUTE_PATH, STROBE_PATH = "mute", "strobe"
ANIMATABLE_PATHS = (
    MUTE_PATH,
    STROBE_PATH,
    "use_flip_x",
    "use_flip_y",
    "use_reverse_frames",
    "color_saturation",
    "color_multiply",
    "transform.offset_x",
    "transform.offset_y",
    "transform.scale_x",
    "transform.scale_y",
    "transform.rotation",
    "transform.origin[0]",
    "transform.origin[1]",
    "crop.min_x",
    "crop.max_x",
    "crop.min_y",
    "crop.max_y",
)
OPACITY_PATH = "blend_alpha"
# The only one of these whose values have a curve each.
_ARRAY_PATH = "transform.origin"
_NO_CURVES: Mapping[str, Any] = {}


@dataclass(frozen=True)
class StripCurves:
    """The curves of a scene's strips, by the strips (see `strip_key`) and then by their properties' paths.

    Good until a curve is added or removed: then another is made.
    """

    keyframes: Mapping[str, Mapping[str, Any]]
    drivers: Mapping[str, Mapping[str, Any]]
    nla: frozenset[tuple[str, str]]
    """What strips of the NLA animate: of which strip, and the path of the property."""

    @classmethod
    def of_scene(cls, scene: bpy.types.Scene) -> Self:
        """Read a scene's curves, once for all its strips."""
        nla = frozenset(map(split_strip_path, nla_paths(scene)))
        return cls(_by_strip(keyframes_of(scene)), _by_strip(drivers_of(scene)), nla)

    @property
    def is_any(self) -> bool:
        """Whether there are any."""
        return bool(self.keyframes or self.drivers or self.nla)

    def keyframes_of(self, strip: Any) -> Mapping[str, Any]:
        """Return the keyframe curves of a strip by the paths of its properties, such as `transform.offset_x`."""
        return self.keyframes.get(strip_key(strip), _NO_CURVES) if self.keyframes else _NO_CURVES

    def drivers_of(self, strip: Any) -> Mapping[str, Any]:
        """Return the driver curves of a strip by the paths of its properties."""
        return self.drivers.get(strip_key(strip), _NO_CURVES) if self.drivers else _NO_CURVES

    def is_animated(self, strip: Any, path: str) -> bool:
        """Tell whether keyframes or a driver decide a property of a strip."""
        if not self.keyframes and not self.drivers:
            return False  # most scenes have no curves of strips
        return path in self.keyframes_of(strip) or path in self.drivers_of(strip)

    def is_in_nla(self, strip: Any, path: str) -> bool:
        """Tell whether the NLA decides a property of a strip."""
        return bool(self.nla) and (strip_key(strip), path) in self.nla

    def values(self, strip: Any) -> tuple[Any, ...]:
        """Return a value that changes when what a layer follows of its clip's animation changes."""
        if not self.keyframes and not self.drivers:
            return ()
        keyframes, drivers = self.keyframes_of(strip), self.drivers_of(strip)
        return tuple(
            (path, *values(curves[path]))
            for curves, values in ((keyframes, keyframe_values), (drivers, driver_values))
            for path in ANIMATABLE_PATHS
            if path in curves
        )


def sync_animation(
    scene: bpy.types.Scene, strip: Any, layer: Any, curves: StripCurves, but_for: Collection[str] = ()
) -> bool:
    """Give the layer the keyframes and drivers of its clip, `but_for` those of some paths, and take away others.

    `curves` are the scene's. True if anything had to change: then these are outdated.
    """
    if not curves.keyframes and not curves.drivers:
        return False
    changed = _remove_opacity_curves(scene, layer, curves)
    for clip_curves, known, values, sync in (
        (curves.keyframes_of(strip), curves.keyframes_of(layer), keyframe_values, _sync_keyframes),
        (curves.drivers_of(strip), curves.drivers_of(layer), driver_values, _sync_driver),
    ):
        if not clip_curves and not known:
            continue
        wanted = {path: curve for path, curve in clip_curves.items() if path not in but_for}
        paths = [path for path in ANIMATABLE_PATHS if _differ(wanted.get(path), known.get(path), values)]
        for path in paths:
            sync(scene, strip if path in wanted else None, layer, path)
        changed |= bool(paths)
    return changed


def _sync_keyframes(scene: bpy.types.Scene, strip: Any | None, layer: Any, path: str) -> None:
    make_action_local(scene)
    _remove_curve(keyframes_of(scene), layer, path)
    wanted = None if strip is None else _find_curve(keyframes_of(scene), strip, path)
    if wanted is not None:
        copy_keyframes(wanted, scene, _data_path(layer, wanted))


def _sync_driver(scene: bpy.types.Scene, strip: Any | None, layer: Any, path: str) -> None:
    _remove_curve(drivers_of(scene), layer, path)
    wanted = None if strip is None else _find_curve(drivers_of(scene), strip, path)
    if wanted is not None:
        copy_driver(wanted, scene, _data_path(layer, wanted))


def _data_path(layer: Any, curve: Any) -> str:
    """Return the path of the property of a layer that a curve of its clip animates."""
    return f"{layer.path_from_id()}.{split_strip_path(curve.data_path)[1]}"


def _strip_and_path(curve: Any) -> tuple[str, str]:
    """Return the strip that a curve animates, and the path of its property with the place of the value in it."""
    name, path = split_strip_path(curve.data_path)
    return name, f"{path}[{curve.array_index}]" if path == _ARRAY_PATH else path


def _by_strip(curves: Iterable[Any]) -> dict[str, dict[str, Any]]:
    by_strip: dict[str, dict[str, Any]] = {}
    for curve in curves:
        name, path = _strip_and_path(curve)
        if path:
            by_strip.setdefault(name, {})[path] = curve
    return by_strip


def _differ(wanted: Any | None, known: Any | None, values: Callable[[Any], tuple[Any, ...]]) -> bool:
    if wanted is None or known is None:
        return wanted is not known
    return bool(values(wanted) != values(known))


def _find_curve(curves: Any, strip: Any, path: str) -> Any | None:
    wanted = strip_key(strip), path
    return next((curve for curve in curves if _strip_and_path(curve) == wanted), None)


def _remove_curve(curves: Any, strip: Any, path: str) -> None:
    known = _find_curve(curves, strip, path)
    if known is not None:
        curves.remove(known)


def _remove_opacity_curves(scene: bpy.types.Scene, layer: Any, curves: StripCurves) -> bool:
    """Take what animates a layer's own opacity, which would let the original show through; True if there was any.

    A script may have made it, and earlier versions had it driven by the clip's.
    """
    if not curves.is_animated(layer, OPACITY_PATH):
        return False
    make_action_local(scene)
    _remove_curve(keyframes_of(scene), layer, OPACITY_PATH)
    _remove_curve(drivers_of(scene), layer, OPACITY_PATH)
    return True
