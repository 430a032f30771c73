# SPDX-License-Identifier: GPL-3.0-or-later
"""The masks that a modifier uses, in its part Repair."""

from typing import Any

import bpy

from ..blender.wrapped_text import draw_text
from ..properties.mask_properties import mask_entries
from .fields import Field, draw_field, fit_side_by_side, row_or_column

_PROPERTIES = ("mode", "follow", "feather", "start")


def draw_mask_buttons(layout: Any, context: bpy.types.Context) -> None:
    """Draw the buttons that begin a mask."""
    row = row_or_column(layout, context, ("Draw Mask", "Use Mask"))
    row.operator("understudy.mask_draw", icon="MOD_MASK")
    row.operator("understudy.mask_add", icon="ADD")


def draw_masks(layout: Any, context: bpy.types.Context, modifier: Any) -> None:
    """Draw each mask and how it is used."""
    for index, entry in enumerate(mask_entries(modifier)):
        _draw_mask(layout.box().column(align=True), context, entry, index)


def _draw_mask(column: Any, context: bpy.types.Context, entry: Any, index: int) -> None:
    row = column.row(align=True)
    row.prop(entry, "mask", text="")
    row.operator("understudy.mask_draw", text="", icon="GREASEPENCIL").index = index
    row.operator("understudy.mask_remove", text="", icon="X").index = index
    fields = [Field(entry, name) for name in _PROPERTIES]
    is_narrow = not fit_side_by_side(context, fields)
    for field in fields:
        draw_field(column, context, field, is_narrow=is_narrow)
    if entry.mask is not None and not entry.record:
        draw_text(column, context, "Nothing is drawn in this mask yet", "INFO")
