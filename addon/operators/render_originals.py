# SPDX-License-Identifier: GPL-3.0-or-later
"""The dialog that asks, as a render begins that can swap no face as it is to be, whether to render the originals."""

from typing import Any

import bpy
from bpy.props import StringProperty

from ..blender.wrapped_text import draw_text
from ..render.originals_question import originals_question

_WIDTH = 420


class UNDERSTUDY_OT_render_originals(bpy.types.Operator):
    """Render, though original faces are shown."""

    bl_idname = "understudy.render_originals"
    bl_label = "Original Faces Would Be Shown"
    bl_description = "Render, though original faces are shown"
    bl_options = {"INTERNAL"}

    text: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]

    def invoke(self, context: Any, _event: Any) -> set[Any]:
        """Ask."""
        shown: set[Any] = context.window_manager.invoke_props_dialog(
            self, width=_WIDTH, title=self.bl_label, confirm_text="Render Originals", cancel_default=True
        )
        return shown

    def draw(self, context: Any) -> None:
        """Say why, and what would be seen."""
        layout: Any = self.layout
        column = layout.column()
        draw_text(column, context, self.text, "ERROR")
        draw_text(column, context, "Faces can't be swapped as the strips ask.", "NONE")

    def execute(self, _context: Any) -> set[Any]:
        """Let the render go on."""
        originals_question().answer(renders_originals=True)
        return {"FINISHED"}

    def cancel(self, _context: Any) -> None:
        """Have the render refused."""
        originals_question().answer(renders_originals=False)


CLASSES = (UNDERSTUDY_OT_render_originals,)
