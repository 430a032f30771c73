# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator behind the key that shows the original and goes back."""

from typing import Any

import bpy

from ..modifiers.active import active_scene
from ..properties.compare_state import OFF, ORIGINAL, compare_state
from ..properties.scene_properties import settings_of


class UNDERSTUDY_OT_compare_flip(bpy.types.Operator):
    """Show the original in the preview, or go back to what it showed before."""

    bl_idname = "understudy.compare_flip"
    bl_label = "Original and Result"
    bl_description = "Show the original in the preview, or go back to what it showed before"
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


CLASSES = (UNDERSTUDY_OT_compare_flip,)
