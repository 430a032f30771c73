# SPDX-License-Identifier: GPL-3.0-or-later
"""A layer strip is not selected: a click on it selects its clip, so what is done next is done to that."""

from typing import Any, cast

import bpy

from ..sequencer.strips import all_strips, layer_stack_id, stack_id

_SELECTION_PROPERTIES = ("select", "select_left_handle", "select_right_handle")


def select_clips_of_layers(scene: bpy.types.Scene) -> bool:
    """Select the clips of the layers that are selected, in their place; True if there were any."""
    layers = selected_layers(scene)
    if not layers:
        return False
    clips = {stack_id(strip): strip for strip in all_strips(scene) if not layer_stack_id(strip)}
    editor, changed = cast("Any", scene.sequence_editor), False
    for layer in layers:
        clip = clips.get(layer_stack_id(layer))
        if clip is None or clip.parent_meta() != layer.parent_meta():
            continue
        for name in _SELECTION_PROPERTIES:
            setattr(clip, name, getattr(clip, name) or getattr(layer, name))
            setattr(layer, name, False)
        if editor.active_strip == layer:
            editor.active_strip = clip
        changed = True
    return changed


def selected_layers(scene: bpy.types.Scene) -> list[Any]:
    """List the layers that are selected. Quick: it is asked for whenever the timeline is drawn."""
    strips = all_strips(scene)
    if not strips:
        return []
    selected = [False] * len(strips)
    cast("Any", scene.sequence_editor).strips_all.foreach_get("select", selected)
    return [
        strip
        for strip, is_selected in zip(strips, selected, strict=True)
        if is_selected and layer_stack_id(strip)
    ]
