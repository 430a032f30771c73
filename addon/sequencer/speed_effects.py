# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed effects: at which other frames they show a strip, and how a layer follows its clip there.

Without interpolation a Speed effect asks for a strip between two frames. Of a movie Blender then shows the nearest
frame, of an image strip, as a layer is, the one before; from 5.0 it may also show any neighbor of a movie's frame that
it has at hand. So in the meta strip that nesting made a movie and its layer each get a Speed effect of factor 1, which
asks for whole frames: it rounds as a movie does. Where the movie is reversed, strobed, retimed or played at another
rate, Blender rounds after that, and both may be a frame apart from what it would show, but together.
Source: sequencer/intern/effects/vse_effect_speed.cc and strip_time.cc, 4.5 to 5.2.
"""

import math
from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Any

import bpy
import numpy as np

from .curves import keyframe_values, keyframes_of, split_strip_path, strip_key
from .strips import inputs_of, parent_strips

_TYPE = "SPEED"
_FACTOR_PATH, _LENGTH_PATH, _NUMBER_PATH = "speed_factor", "speed_length", "speed_frame_number"
_ANIMATED_PATHS = (_FACTOR_PATH, _LENGTH_PATH, _NUMBER_PATH)
_STATE = attrgetter(
    "name",
    "channel",
    "mute",
    "frame_start",
    "frame_final_start",
    "frame_final_end",
    "use_reverse_frames",
    "strobe",
)
_SPEED_STATE = attrgetter("speed_control", "use_frame_interpolate", *_ANIMATED_PATHS)
_ROUNDING_VALUES = {
    "speed_control": "MULTIPLY", "speed_factor": 1.0, "use_frame_interpolate": False, "blend_type": "ALPHA_OVER",
    "blend_alpha": 1.0, "mute": False, "select": False, "understudy_rounds_frames": True,
}  # fmt: skip


def is_rounding(strip: Any) -> bool:
    """Tell whether a strip is an effect of ours that rounds frames, not the editor's."""
    return bool(strip.understudy_rounds_frames)


def make_rounding_strips(meta: Any, clip: Any, layer: Any) -> None:
    """Have Blender ask for a movie and its layer, which lie in a meta strip, by whole frames."""
    for number, strip in enumerate((clip, layer)):
        start, end = strip.frame_final_start, strip.frame_final_end
        span = {"frame_end": end} if bpy.app.version < (5, 0, 0) else {"length": end - start}
        # Above both, in their order: an input below its effect is not drawn by itself.
        channel = layer.channel + 1 + number
        effect = meta.strips.new_effect(f"{strip.name} Frames", _TYPE, channel, start, **span, input1=strip)
        for name, value in _ROUNDING_VALUES.items():
            setattr(effect, name, value)


def remove_rounding_strips(meta: Any) -> None:
    """Remove from a meta strip what `make_rounding_strips` made."""
    for strip in [entry for entry in meta.strips if is_rounding(entry)]:
        strip.name = f"{strip.name} done"  # only then Blender 5.2 learns of other inputs
        meta.strips.remove(strip)


def strips_shown_by_speed(levels: Mapping[Any, Iterable[Any]], types: Mapping[Any, str]) -> dict[Any, Any]:
    """Return the editor's Speed effects by the strips that they show, directly, in meta strips or through effects.

    `levels` are the strips of the timeline (None) and of each meta strip, `types` what Blender says of each strip.
    """
    effects = [strip for strip, kind in types.items() if kind == _TYPE and not is_rounding(strip)]
    waiting, shown = [(strip, effect) for effect in effects for strip in inputs_of(effect)], {}
    while waiting:
        strip, effect = waiting.pop()
        if strip not in shown:
            shown[strip] = effect
            waiting += [(entry, effect) for entry in (*levels.get(strip, ()), *inputs_of(strip))]
    return shown


def target_frames(scene: bpy.types.Scene, effect: Any, frame: float) -> list[float]:
    """List the frames at which a Speed effect asks for its input when it is drawn at a frame: one, or two to blend.

    In single precision, as Blender counts, since halves decide which way a frame is rounded.
    """
    source, index = effect.input_1, _effect_index(effect, frame)
    if source is None:
        return []
    length = source.frame_duration
    if effect.speed_control == "STRETCH":
        span = np.float32(effect.frame_final_end - effect.frame_final_start)
        target = np.float32(length - source.frame_offset_start) * (np.float32(index) / span)
    elif effect.speed_control == "LENGTH":
        target = np.float32(length) * (_value_at(scene, effect, _LENGTH_PATH, frame) / np.float32(100))
    elif effect.speed_control == "FRAME_NUMBER":
        target = _value_at(scene, effect, _NUMBER_PATH, frame)
    else:
        target = _multiplied(scene, effect, index, length)
    shown = np.clip(target, np.float32(0), np.float32(length)) + np.float32(effect.frame_start)
    if effect.use_frame_interpolate:
        return list(dict.fromkeys((float(np.floor(shown)), float(np.ceil(shown)))))
    return [float(shown)]


def _multiplied(scene: bpy.types.Scene, effect: Any, index: int, length: int) -> np.float32:
    """Return how many frames of its input a Speed effect has come to: an animated factor is summed up."""
    curve = _curve_of(scene, effect, _FACTOR_PATH)
    if curve is None:
        return np.float32(index) * np.float32(effect.speed_factor)
    target = np.float32(0)
    for number in range(1, index + 1):
        factor = np.float32(curve.evaluate(effect.frame_final_start + number))
        target = np.clip(target + factor, np.float32(0), np.float32(length))
    return target


def _value_at(scene: bpy.types.Scene, effect: Any, path: str, frame: float) -> np.float32:
    """Return what a property of a Speed effect is at a frame."""
    curve = _curve_of(scene, effect, path)
    return np.float32(getattr(effect, path) if curve is None else curve.evaluate(frame))


def _curve_of(scene: bpy.types.Scene, effect: Any, path: str) -> Any | None:
    """Return the keyframes of a property of an effect, None where it has none."""
    name = strip_key(effect), path
    return next((curve for curve in keyframes_of(scene) if split_strip_path(curve.data_path) == name), None)


def speed_state(scene: bpy.types.Scene, strip: Any) -> tuple[Any, ...]:
    """Return what decides at which frames a strip is drawn by Speed effects; empty where it is not nested for any."""
    meta: Any = strip.parent_meta()
    if meta is None or not any(map(is_rounding, meta.strips)):
        return ()
    states: list[Any] = []
    waiting = [meta]
    while waiting:
        shown = waiting.pop()
        states.append(_STATE(shown))
        if shown.type == _TYPE:
            curves = (_curve_of(scene, shown, path) for path in _ANIMATED_PATHS)
            states.append((*_SPEED_STATE(shown), *(curve and keyframe_values(curve) for curve in curves)))
        waiting += [effect for effect in parent_strips(scene, shown) if shown in inputs_of(effect)]
        waiting += [meta for meta in (shown.parent_meta(),) if meta is not None]
    return tuple(states)


def _effect_index(effect: Any, frame: float) -> int:
    """Return at which whole frame of a Speed effect a frame of the timeline lies."""
    start, end = effect.frame_start, effect.frame_final_end
    index = end - frame if effect.use_reverse_frames else frame - start
    return math.floor(apply_strobe(min(max(index, 0), end - start), effect.strobe) + 0.5)


def apply_strobe(index: float, strobe: float) -> float:
    """Return the frame that a strip of some strobe shows in the place of one."""
    return index - math.fmod(index, strobe) if strobe > 1 else index
