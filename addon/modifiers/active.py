# SPDX-License-Identifier: GPL-3.0-or-later
"""What the editor works on: the scene of the sequencer, its active strip, the active modifier of its stack."""

from typing import Any, cast

import bpy

from ..properties.scene_properties import settings_of
from ..sequencer.strips import (
    is_movie_of_sound,
    layer_stack_id,
    parent_strips,
    stack_id,
    strips_with_modifiers,
    supports_modifiers,
)
from .stack import index_of, stack_of

MODIFIER_POINTER = "understudy_modifier"
"""Under which name a layout tells its operators which modifier they are for."""


def active_scene(context: bpy.types.Context) -> Any:
    """Return the scene whose sequence is edited: from Blender 5.0 that need not be the window's."""
    return getattr(context, "sequencer_scene", None) or context.scene


def active_strip(context: bpy.types.Context) -> Any | None:
    """Return the active strip, for a layer the clip it belongs to, for a movie's sound the movie; None if none.

    A meta strip around one recast clip means that clip: nesting takes nothing out of sight. Adding a movie with sound
    leaves its sound active: an editor means the image all the same.
    """
    scene = active_scene(context)
    editor = None if scene is None else scene.sequence_editor
    strip = None if editor is None else cast("Any", editor).active_strip
    if strip is not None and layer_stack_id(strip):
        clips = [clip for clip in strips_with_modifiers(scene) if stack_id(clip) == layer_stack_id(strip)]
        return clips[0] if clips else strip
    if strip is not None and strip.type == "META":
        nested = [entry for entry in strip.strips if supports_modifiers(entry) and stack_id(entry)]
        return nested[0] if len(nested) == 1 else strip
    if strip is not None and strip.type == "SOUND":
        return next(
            (movie for movie in parent_strips(scene, strip) if is_movie_of_sound(movie, strip)), strip
        )
    return strip


def active_stack(context: bpy.types.Context) -> list[Any]:
    """Return the stack of the active strip."""
    strip = active_strip(context)
    return [] if strip is None else stack_of(active_scene(context), stack_id(strip))


def active_modifier(context: bpy.types.Context) -> Any | None:
    """Return the modifier whose button was pressed, or the one used last, or the first of the active strip's stack."""
    pointed = getattr(context, MODIFIER_POINTER, None)
    if pointed is not None:
        return cast("Any", pointed)
    modifiers, stack = settings_of(active_scene(context)).modifiers, active_stack(context)
    index = settings_of(active_scene(context)).active_index
    chosen = modifiers[index] if 0 <= index < len(modifiers) else None
    return chosen if chosen in stack else next(iter(stack), None)


def make_active(scene: bpy.types.Scene, modifier: Any) -> None:
    """Remember a modifier as the one used last."""
    settings_of(scene).active_index = index_of(scene, modifier)
