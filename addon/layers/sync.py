# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene's layers kept in order: every clip has its own stack and its layer in step, and there are no others."""

from collections import Counter
from typing import Any, cast

import bpy

from ...core.errors import UnderstudyError
from ..modifiers.sanitize import repair_ids
from ..modifiers.stack import stack_of
from ..modifiers.visibility import migrate_visibility_flags
from ..properties.scene_properties import settings_of
from ..sequencer.channels import restore_lifted_strips
from ..sequencer.strips import layer_stack_id, layer_strips, parent_strips, stack_id, strips_with_modifiers
from .copies import separate_copies
from .layer_strip import invalidate_layer_caches, layer_of, make_layer, sync_layer
from .nesting import nest_where_needed


def sync_timing(scene: bpy.types.Scene) -> bool:
    """Bring every layer of a scene in step with its clip; True if anything had to change. Cheap."""
    if cast("Any", scene).library is not None or not settings_of(scene).modifiers:
        return False
    migrate_visibility_flags(scene)
    changed = False
    clips = strips_with_modifiers(scene)
    held = Counter(map(stack_id, clips))
    for clip in clips:
        # A copy that has no stack of its own yet must not take the layer along.
        layer = layer_of(scene, clip) if held[stack_id(clip)] == 1 else None
        if layer is not None:
            changed |= sync_layer(scene, clip, layer, thorough=False)
    return changed


def sync_layers(scene: bpy.types.Scene, *, during_edit: bool = False) -> list[str]:
    """Bring a scene's layers in order: copies get a stack of their own, every clip its layer, in step.

    Layers whose clip is gone are removed. Clips that a layer can't follow are nested with it; for `during_edit` see
    `nest_where_needed`. Returns what could not be done, a line each.
    """
    if cast("Any", scene).library is not None:
        return []
    problems = repair_ids()
    if not (strips_with_modifiers(scene) or layer_strips(scene)):
        return problems
    separate_copies(scene)
    for clip in strips_with_modifiers(scene):
        if not stack_of(scene, stack_id(clip)):
            clip.understudy_id = ""
            continue
        try:
            layer = _move_to_parent_meta(scene, clip, layer_of(scene, clip))
            if layer is None:
                make_layer(scene, clip)
            else:
                sync_layer(scene, clip, layer, thorough=True)
        except UnderstudyError as error:
            problems.append(f"{clip.name}: {error}")
    _remove_orphans(scene)
    return problems + nest_where_needed(scene, during_edit=during_edit)


def _move_to_parent_meta(scene: bpy.types.Scene, strip: Any, layer: Any | None) -> Any | None:
    """Return the layer once it lies in the same meta strip as its clip, or None where it must be made anew."""
    meta = strip.parent_meta()
    if layer is None or layer.parent_meta() == meta:
        return layer
    if meta is None:
        parent_strips(scene, layer).remove(layer)  # Blender can't move a strip out of a meta strip
        return None
    layer.move_to_meta(meta)
    invalidate_layer_caches()  # Blender has the clip alone as the meta strip's image
    return layer


def _remove_orphans(scene: bpy.types.Scene) -> None:
    """Remove layers without a clip, and second layers of one clip."""
    kept = {stack_id(clip): layer_of(scene, clip) for clip in strips_with_modifiers(scene)}
    for layer in layer_strips(scene):
        strip_id = layer_stack_id(layer)
        if kept.get(strip_id) != layer:
            parent_strips(scene, layer).remove(layer)
            if strip_id not in kept:
                restore_lifted_strips(scene, strip_id)
