# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene's layers kept in order: every clip has its own stack and its layer in step, and there are no others."""

from collections.abc import Set
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

import bpy

from ...core.errors import UnderstudyError
from ..blender.modal_operators import is_operator_running
from ..modifiers.sanitize import repair_ids
from ..modifiers.visibility import migrate_visibility_flags
from ..properties.scene_properties import settings_of
from ..sequencer.channels import ChannelError, restore_lifted_strips
from ..sequencer.own_operators import is_in_own_operator
from ..sequencer.strips import parent_strips
from .copies import separate_copies
from .folders import LayerPlaces
from .layer_edits import layer_edits
from .layer_strip import follows_clip, invalidate_layer_caches, make_layer, sync_layer
from .nesting import nest_where_needed, trim_nests_at_other_rate
from .replaced_files import reload_replaced_movies
from .scene_strips import SceneStrips
from .sync_memory import sync_memory

DRAG_OPERATORS = ("TRANSFORM_OT_seq_slide",)
"""What moves strips as long as the pointer moves."""


def sync_timing(scene: bpy.types.Scene) -> bool:
    """Bring every layer of a scene in step with its clip; True if anything had to change. Cheap."""
    if cast("Any", scene).library is not None or not settings_of(scene).modifiers or is_in_own_operator():
        return False
    migrate_visibility_flags(scene)
    changed, are_dragged = False, is_operator_running(*DRAG_OPERATORS)
    strips = SceneStrips(scene)
    for clip in strips.clips:
        # A copy that has no stack of its own yet must not take the layer along.
        layer = strips.layer_of(clip) if len(strips.clips_by_stack[strips.stack_id(clip)]) == 1 else None
        if layer is None:
            continue
        is_dragged = are_dragged and _is_selected_whole(clip)
        if is_dragged or not follows_clip(strips, clip, layer):
            with suppress(ChannelError):  # said by `sync_layers`
                changed |= sync_layer(strips, clip, layer, is_dragged=is_dragged)
    return changed


def _is_selected_whole(clip: Any) -> bool:
    """Tell whether a clip is selected and not only one of its ends."""
    return bool(clip.select and not clip.select_left_handle and not clip.select_right_handle)


def sync_layers(scene: bpy.types.Scene) -> list[str]:
    """Bring a scene's layers in order: copies get a stack of their own, every clip its layer, in step.

    Layers whose clip is gone are removed. Clips that a layer can't follow are nested with it. What is as it was when it
    was last looked at costs little: see `SyncMemory`. Returns what could not be done, a line each.
    """
    return sync_scene(scene, during_edit=False).problems


@dataclass(frozen=True)
class SyncResult:
    """What became of a scene's layers."""

    problems: list[str]
    """What could not be done, a line each."""
    changed: bool
    """Whether anything was."""


def sync_scene(
    scene: bpy.types.Scene,
    *,
    during_edit: bool,
    changed_clips: Set[str] | None = None,
    strips: SceneStrips | None = None,
) -> SyncResult:
    """Do what `sync_layers` does; for `during_edit` see `nest_where_needed`.

    With `changed_clips`, names, the others are only looked at where they lack a stack of their own or a layer. `strips`
    are those of the scene, where they were read already.
    """
    if cast("Any", scene).library is not None:
        return SyncResult([], False)
    problems = repair_ids() if strips is None or strips.has_invalid_ids else []
    strips = SceneStrips(scene) if strips is None or problems else strips
    if not (strips.clips or strips.layers_by_stack):
        return SyncResult(problems, restore_lifted_strips(scene) or bool(problems))
    changed = bool(problems)
    if reload_replaced_movies(strips):
        strips, changed, changed_clips = SceneStrips(scene), True, None
    before = strips
    if separate_copies(scene, strips):
        strips, changed = SceneStrips(scene), True
        if changed_clips is not None:
            changed_clips |= _clips_of_other_stacks(before, strips)
    places = LayerPlaces.of_scene(scene)
    if sync_memory().forget_layers_if_replaced(places.root):
        changed_clips = None
    strips, repaired, not_synced = _sync_clips(strips, places, changed_clips)
    changed |= repaired
    problems += not_synced
    if _remove_orphans(strips):
        strips, changed = SceneStrips(scene), True
    not_nested, nested = nest_where_needed(strips, during_edit=during_edit)
    trimmed = trim_nests_at_other_rate(SceneStrips(scene) if nested else strips)
    restored = restore_lifted_strips(scene)
    return SyncResult(problems + not_nested, changed or nested or trimmed or restored)


def _sync_clips(
    strips: SceneStrips, places: LayerPlaces, changed_clips: Set[str] | None
) -> tuple[SceneStrips, bool, list[str]]:
    """Give each clip its layer, in step; returns the scene's strips, if anything was done, and what could not be."""
    changed, problems = False, []
    for clip in strips.clips:
        if not strips.modifiers_by_stack.get(strips.stack_id(clip)):
            clip.understudy_id = ""
            strips, changed = SceneStrips(strips.scene), True
            continue
        try:
            layer = strips.layer_of(clip)
            if layer is None:
                layer_edits().note_missing(strips.scene, strips.stack_id(clip), clip)
            if layer is not None and strips.parent_meta(layer) == strips.parent_meta(clip):
                if changed_clips is None or clip.name in changed_clips:
                    changed |= sync_layer(strips, clip, layer, places)
                continue
            changed = True
            if layer is not None:
                layer = _move_to_parent_meta(strips.scene, clip, layer)
                strips = SceneStrips(strips.scene)
            if layer is not None:
                sync_layer(strips, clip, layer, places)
                continue
            make_layer(strips, clip)
        except UnderstudyError as error:
            problems.append(f"{clip.name}: {error}")
            changed = True
            strips = SceneStrips(strips.scene)
    return strips, changed, problems


def _clips_of_other_stacks(before: SceneStrips, strips: SceneStrips) -> set[str]:
    """Return the names of the clips that had another stack before, or shared it."""
    return {
        clip.name
        for clip in strips.clips
        if before.stack_id(clip) != strips.stack_id(clip)
        or len(before.clips_by_stack[before.stack_id(clip)]) > 1
    }


def _move_to_parent_meta(scene: bpy.types.Scene, strip: Any, layer: Any) -> Any | None:
    """Return the layer once it lies in the same meta strip as its clip, or None where it must be made anew."""
    meta = strip.parent_meta()
    if layer.parent_meta() == meta:
        return layer
    if meta is None:
        parent_strips(scene, layer).remove(layer)  # Blender can't move a strip out of a meta strip
        return None
    layer.move_to_meta(meta)
    invalidate_layer_caches()  # Blender has the clip alone as the meta strip's image
    return layer


def _remove_orphans(strips: SceneStrips) -> bool:
    """Remove layers without a clip, and second layers of one clip; True if there was any."""
    if not strips.has_orphans:
        return False
    removed = False
    kept = {strips.stack_id(clip): strips.layer_of(clip) for clip in strips.clips}
    for strip_id, layers in strips.layers_by_stack.items():
        for layer in layers:
            if kept.get(strip_id) != layer:
                parent_strips(strips.scene, layer).remove(layer)
                removed = True
    return removed
