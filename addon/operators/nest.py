# SPDX-License-Identifier: GPL-3.0-or-later
"""Operator that nests a clip and its layer, for what a layer above a clip can't follow."""

from typing import Any

import bpy

from ..blender.reports import report
from ..layers.layer_strip import layer_of
from ..layers.sync import sync_layers
from ..modifiers.active import active_scene, active_strip
from ..sequencer.meta_strips import nest_in_meta
from ..sequencer.strips import stack_id


class UNDERSTUDY_OT_nest(bpy.types.Operator):
    """Put the clip and its layer into one meta strip."""

    bl_idname = "understudy.nest"
    bl_label = "Nest in Meta"
    bl_description = (
        "Put the strip and its layer into one meta strip, which takes over the strip's effects, opacity, blend mode "
        "and strip modifiers: these then see the new face"
    )
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only for a clip with a Face Swap modifier."""
        strip = active_strip(context)
        has_stack = strip is not None and bool(stack_id(strip))
        if not has_stack:
            cls.poll_message_set("The active strip has no Face Swap modifier")
        return has_stack

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Nest the active clip; what it was told before is put in order first."""
        scene, clip = active_scene(context), active_strip(context)
        name = "" if clip is None else clip.name
        for text in sync_layers(scene):
            report(self, "WARNING", text)
        clip = scene.sequence_editor.strips_all.get(name)
        layer = None if clip is None else layer_of(scene, clip)
        if clip is None or layer is None or layer.parent_meta() != clip.parent_meta():
            report(self, "ERROR", f"{name} has no layer strip beside it: press Refresh")
            return {"CANCELLED"}
        meta = nest_in_meta(scene, clip, layer)
        meta.understudy_nest_by_editor = True
        scene.sequence_editor.active_strip = meta
        return {"FINISHED"}


CLASSES = (UNDERSTUDY_OT_nest,)
