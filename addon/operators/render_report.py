# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator that says in Blender's own report what a render did."""

from typing import Any

import bpy
from bpy.props import EnumProperty, StringProperty

from ..blender.reports import report

_TICK_SECONDS = 0.01


class UNDERSTUDY_OT_render_report(bpy.types.Operator):
    """Report what a render did."""

    bl_idname = "understudy.render_report"
    bl_label = "Report Render"
    bl_description = "Report what a render did"
    bl_options = {"INTERNAL"}

    text: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    level: EnumProperty(  # type: ignore[valid-type]
        items=[(level, level.title(), "") for level in ("INFO", "WARNING", "ERROR")], options={"SKIP_SAVE"}
    )

    _timer: Any = None

    def execute(self, _context: Any) -> set[Any]:
        """Report at once."""
        report(self, self.level, self.text)
        return {"FINISHED"}

    def invoke(self, context: Any, _event: Any) -> set[Any]:
        """Report at the next event: Blender shows no report of an operator that a script has called."""
        manager = context.window_manager
        self._timer = manager.event_timer_add(_TICK_SECONDS, window=context.window)
        manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: Any, _event: Any) -> set[Any]:
        """Report, and let the event go on to whom it is for."""
        context.window_manager.event_timer_remove(self._timer)
        self.execute(context)
        return {"FINISHED", "PASS_THROUGH"}


CLASSES = (UNDERSTUDY_OT_render_report,)
