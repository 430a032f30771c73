# SPDX-License-Identifier: GPL-3.0-or-later
"""At which of its frames a strip is drawn: Speed effects and meta strips show others than the timeline's."""

import math
from array import array
from collections.abc import Iterable, Iterator
from itertools import compress
from typing import Any, cast

import bpy

from ...core.errors import RecipeError
from .speed_effects import apply_strobe, is_rounding, target_frames
from .strips import (
    all_strips,
    covers_frame,
    inputs_of,
    is_shown,
    mute_reason,
    parent_strips,
    strips_at,
)

_MAX_SCENES = 1000


def shown_scenes(scene: bpy.types.Scene, frame: int) -> Iterator[tuple[bpy.types.Scene, int]]:
    """Yield what `shown_strips` does, without the strips."""
    for here, at, _ in shown_strips(scene, frame):
        yield here, at


def shown_strips(
    scene: bpy.types.Scene, frame: int
) -> Iterator[tuple[bpy.types.Scene, int, dict[Any, bool]]]:
    """Yield the scene and those that its scene strips play at a frame by their sequencer, each at its frame.

    With each come the strips that may be drawn there, and whether they are `shifted_strips`. A scene within itself is
    not played, as Blender does not play it. Raises RecipeError where there are too many.
    """
    visited: set[tuple[bpy.types.Scene, int]] = set()
    waiting: list[tuple[bpy.types.Scene, int, tuple[bpy.types.Scene, ...]]] = [(scene, frame, ())]
    while waiting:
        here, at, around = waiting.pop()
        if (here, at) in visited:
            continue
        if len(visited) >= _MAX_SCENES:
            raise RecipeError(
                f"{scene.name} shows more than {_MAX_SCENES} scenes at frame {frame}: remove some"
            )
        visited.add((here, at))
        around = (*around, here)
        lying_there = strips_at(here, at)
        shifted = shifted_strips(lying_there)
        strips = {strip: strip in shifted for strip in (*lying_there, *shifted)}
        yield here, at, strips
        for strip, is_shifted in strips.items():
            inner = cast("Any", strip)
            if strip.type != "SCENE" or inner.scene is None or inner.scene_input != "SEQUENCER":
                continue
            if inner.scene not in around:
                start = inner.scene.frame_start + inner.animation_offset_start - strip.frame_start
                frames = shown_frames(here, strip, at, is_shifted=is_shifted)
                # Between two frames movies show the nearest, and images the one before.
                whole = {math.floor(shown + start + more) for shown in frames for more in (0.5, 0.0)}
                waiting += [(inner.scene, shown, around) for shown in whole]


def shifted_strips(strips: Iterable[Any]) -> set[Any]:
    """Return the strips that some strips, if they are drawn, show at other frames than that of the timeline."""
    shifting = [strip for strip in strips if _shifts(strip)]
    shifted: set[Any] = set()
    while shifting:
        strip = shifting.pop()
        inputs = {*inputs_of(strip), *getattr(strip, "strips", ())} - shifted
        shifted |= inputs
        shifting += inputs
    return shifted


def speed_effect_over_scene(scene: bpy.types.Scene) -> Any | None:
    """Return a Speed effect that shows a scene, played by a scene strip, at other frames; None without one."""
    scenes: list[Any] = [other for other in bpy.data.scenes if other != scene]
    waiting = [
        (strip, effect) for other in scenes for effect in _speed_effects(other) for strip in inputs_of(effect)
    ]
    played: set[Any] = set()
    while waiting:
        strip, effect = waiting.pop()
        inner = getattr(strip, "scene", None) if strip.type == "SCENE" else None
        if inner == scene:
            return effect
        if inner is not None and inner not in played:
            played.add(inner)
            waiting += [(entry, effect) for entry in all_strips(inner)]
        waiting += [(entry, effect) for entry in (*inputs_of(strip), *getattr(strip, "strips", ()))]
    return None


def _speed_effects(scene: Any) -> list[Any]:
    """List the editor's Speed effects of a scene. Blender tells all strips' types at once more quickly than one's."""
    editor = scene.sequence_editor
    count = 0 if editor is None else len(editor.strips_all)
    if not count:
        return []
    kinds = array("i", bytes(4 * count))
    editor.strips_all.foreach_get("type", kinds)
    speed = cast("Any", bpy.types.Strip.bl_rna.properties["type"]).enum_items["SPEED"].value
    if speed not in kinds:
        return []
    listed = compress(editor.strips_all, [kind == speed for kind in kinds])
    return [strip for strip in listed if not is_rounding(strip)]


def _shifts(strip: Any) -> bool:
    kind = strip.type
    if kind == "META":
        return bool(strip.use_reverse_frames or strip.strobe > 1)
    return kind == "SPEED" and not is_rounding(strip)


def shown_frames(scene: bpy.types.Scene, strip: Any, frame: int, *, is_shifted: bool) -> list[float]:
    """List the frames at which a strip is drawn when the timeline is at one; none where it is not drawn.

    `is_shifted` tells that it is one of the `shifted_strips`. What lies over a strip may hide it all the same.
    """
    if not is_shifted:
        return [frame] if is_shown(scene, strip, frame) else []
    meta: Any = strip.parent_meta()
    if meta is None:
        levels: list[float] = [frame]
    else:
        around = shown_frames(scene, meta, frame, is_shifted=True)
        levels = [_frame_inside(meta, shown) for shown in around]
    siblings = list(parent_strips(scene, strip))
    listed = (shown for level in levels for shown in _frames_beside(scene, siblings, strip, level))
    return list(dict.fromkeys(listed))


def _frame_inside(meta: Any, frame: float) -> float:
    """Return the frame that a meta strip shows of its own timeline. Retiming keys of meta strips are not followed."""
    start, length = meta.frame_start, meta.frame_duration
    index = start + length - 1 - frame if meta.use_reverse_frames else frame - start
    return float(start + apply_strobe(min(max(index, 0), length - 1), meta.strobe))


def _frames_beside(scene: bpy.types.Scene, siblings: list[Any], strip: Any, frame: float) -> list[float]:
    """List the frames at which a strip is drawn when those beside it are drawn at one."""
    number = math.floor(frame)
    effects = [
        effect
        for effect in siblings
        if strip in inputs_of(effect) and covers_frame(effect, number) and not mute_reason(scene, effect)
    ]
    frames: list[float] = []
    for effect in effects:
        shown = _frames_beside(scene, siblings, effect, frame)
        is_speed = effect.type == "SPEED"
        frames += [
            target for at in shown for target in (target_frames(scene, effect, at) if is_speed else [at])
        ]
    # An input below its effects is not drawn by itself.
    is_drawn = not effects or any(effect.channel <= strip.channel for effect in effects)
    if is_drawn and covers_frame(strip, number) and not mute_reason(scene, strip):
        frames.append(frame)
    return frames
