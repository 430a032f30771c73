# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change of a control costs, as the icon beside it says: a label can't have a tooltip, a button can."""

from typing import Any, cast

import bpy
from bpy.props import EnumProperty

from ..blender.reports import report

COST_ICONS = {"instant": "CHECKMARK", "re-swap": "FILE_REFRESH", "re-analyse": "VIEWZOOM"}
COST_TEXTS = {
    "instant": "A change shows at once: no model runs and no frame is decoded",
    "re-swap": "A change swaps the frames again; the analysis of the strip stays",
    "re-analyse": "A change analyzes the strip again, then swaps its frames",
}


class UNDERSTUDY_OT_cost(bpy.types.Operator):
    """Say what a change of the control beside this icon costs."""

    bl_idname = "understudy.cost"
    bl_label = "What a Change Costs"
    bl_options = {"INTERNAL"}

    cost: EnumProperty(  # type: ignore[valid-type]
        name="Cost", items=[(cost, cost, text) for cost, text in COST_TEXTS.items()]
    )

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        """Return the tooltip."""
        return str(cast("Any", bpy.app.translations).pgettext_tip(COST_TEXTS[properties.cost]))

    def execute(self, _context: bpy.types.Context) -> set[Any]:
        """Say it where a click was meant to ask."""
        report(self, "INFO", COST_TEXTS[self.cost])
        return {"FINISHED"}


CLASSES = (UNDERSTUDY_OT_cost,)
