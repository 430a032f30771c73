# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators on the stack of the active strip: add, remove and move a Face Swap modifier."""

from typing import Any

import bpy
from bpy.props import EnumProperty

from ...core.errors import OutputError, UnderstudyError
from ...core.reporting.quoting import quote
from ..blender.reports import report
from ..layers.layer_strip import make_layer, remove_layer
from ..layers.nesting import unnest_clip
from ..layers.scene_strips import SceneStrips
from ..layers.sync import sync_layers
from ..layers.take_layers import remove_unused_images
from ..modifiers.active import active_scene, active_strip, make_active
from ..modifiers.sanitize import repair_ids
from ..modifiers.stack import append_modifier, move_modifier, remove_modifier, stack_of, unsupported_reason
from ..modifiers.takes import layers_ids
from ..sequencer.own_operators import update_scene
from ..sequencer.strips import stack_id, text_of
from .requires_modifier import RequiresModifier, activate_modifier


class UNDERSTUDY_OT_modifier_add(bpy.types.Operator):
    """Replace a face in this strip: adds a Face Swap modifier, and a layer strip above that shows it."""

    bl_idname = "understudy.modifier_add"
    bl_label = "Add Face Swap"
    bl_description = (
        "Replace a face in this strip: adds a Face Swap modifier, and a layer strip above that shows it"
    )
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only for the kinds of strip that can have a stack."""
        reason = unsupported_reason(active_strip(context))
        if reason:
            cls.poll_message_set(quote(reason))
        return not reason

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Add the modifier; without its layer it could not be seen, so then it is not added."""
        scene, strip = active_scene(context), active_strip(context)
        problems: list[str] = []
        # A clip that has a stack may share it with the one it was copied from; any other has to do with no other.
        if strip is not None and text_of(strip, "understudy_id"):
            problems = sync_layers(scene) if stack_id(strip) else repair_ids()
        modifier = append_modifier(scene, strip)
        try:
            strips = SceneStrips(scene)
            if strips.layer_of(strip) is None:
                make_layer(strips, strip)
        except UnderstudyError as error:
            remove_modifier(scene, modifier)
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        make_active(scene, modifier)
        update_scene(context)
        for text in problems:
            report(self, "WARNING", text)
        return {"FINISHED"}


class UNDERSTUDY_OT_modifier_remove(RequiresModifier, bpy.types.Operator):
    """Remove this Face Swap modifier; the last one removes the layer strip and the layer images too."""

    bl_idname = "understudy.modifier_remove"
    bl_label = "Remove Face Swap"
    bl_description = (
        "Remove this Face Swap modifier; the last one removes the layer strip and the layer images too"
    )
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Remove the active modifier."""
        scene, strip = active_scene(context), active_strip(context)
        modifier = activate_modifier(context)
        if modifier is None or strip is None:
            return {"CANCELLED"}
        strip_id = modifier.strip_id
        folders = layers_ids(strip_id, stack_of(scene, strip_id))
        remove_modifier(scene, modifier)
        left = stack_of(scene, strip_id)
        if left:
            remove_unused_images(scene, strip_id, folders)
            make_active(scene, left[0])
            return {"FINISHED"}
        try:
            remove_layer(scene, strip_id, folders)
        except OutputError as error:
            report(self, "WARNING", str(error))
        unnest_clip(scene, strip)
        strip.understudy_id = ""
        return {"FINISHED"}


class UNDERSTUDY_OT_modifier_move(RequiresModifier, bpy.types.Operator):
    """Move this Face Swap modifier in its stack; the last one is on top."""

    bl_idname = "understudy.modifier_move"
    bl_label = "Move Face Swap"
    bl_description = "Move this Face Swap modifier in its stack; the last one is on top"
    bl_options = {"REGISTER", "UNDO"}

    direction: EnumProperty(  # type: ignore[valid-type]
        name="Direction", items=(("UP", "Up", "Towards the first"), ("DOWN", "Down", "Towards the last"))
    )

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Move the active modifier."""
        scene, modifier = active_scene(context), activate_modifier(context)
        if modifier is None:
            return {"CANCELLED"}
        strip_id = modifier.strip_id
        steps = -1 if self.direction == "UP" else 1
        place = stack_of(scene, strip_id).index(modifier) + steps
        if not move_modifier(scene, modifier, steps):
            return {"CANCELLED"}
        make_active(scene, stack_of(scene, strip_id)[place])
        return {"FINISHED"}


CLASSES = (UNDERSTUDY_OT_modifier_add, UNDERSTUDY_OT_modifier_remove, UNDERSTUDY_OT_modifier_move)
