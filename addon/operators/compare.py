# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators of comparing: the key that shows the original or another take and goes back, and which it is."""

from typing import Any

import bpy
from bpy.props import IntProperty

from ..modifiers.active import active_modifier, active_scene
from ..properties.compare_state import OFF, ORIGINAL, SPLIT, compare_state
from ..properties.scene_properties import settings_of
from .list_entry import has_entry


class UNDERSTUDY_OT_compare_flip(bpy.types.Operator):
    """Show the original or another take in the preview, or go back to what it showed before."""

    bl_idname = "understudy.compare_flip"
    bl_label = "Original and Result"
    bl_description = (
        "Show in the preview what the result is compared with, or go back to what it showed before"
    )
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only where a face is replaced, so that the key stays free elsewhere."""
        scene = active_scene(context)
        return scene is not None and bool(settings_of(scene).modifiers)

    def execute(self, _context: Any) -> set[Any]:
        """Go there or back."""
        state = compare_state()
        if state.mode == ORIGINAL:
            state.mode = state.before if state.before != ORIGINAL else OFF
        else:
            state.before = state.mode
            state.mode = ORIGINAL
        return {"FINISHED"}


class UNDERSTUDY_OT_compare_with(bpy.types.Operator):
    """Compare the result with the original, or with this take."""

    bl_idname = "understudy.compare_with"
    bl_label = "Compare With"
    bl_description = "Compare what the preview shows with the original, or with this take"
    bl_options = {"INTERNAL"}

    index: IntProperty(name="Index", min=-1, default=-1)  # type: ignore[valid-type]

    def execute(self, context: Any) -> set[Any]:
        """Note whose take it is: which modifier is active may change."""
        state, modifier = compare_state(), active_modifier(context)
        for name in ("is_take", "strip_id", "modifier", "take_id", "fault"):
            state.property_unset(name)
        if self.index >= 0:
            if modifier is None or not has_entry(self, modifier.takes, "take"):
                return {"CANCELLED"}
            state.strip_id, state.modifier = modifier.strip_id, modifier.name
            state.take_id, state.is_take = modifier.takes[self.index].take_id, True
        state.mode = SPLIT if state.mode == OFF else state.mode  # the preview looks at it by this
        return {"FINISHED"}


CLASSES = (UNDERSTUDY_OT_compare_flip, UNDERSTUDY_OT_compare_with)
