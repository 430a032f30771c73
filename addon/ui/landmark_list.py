# SPDX-License-Identifier: GPL-3.0-or-later
"""The corrections of landmarks in the part Repair: the handles' switch, and a list with ranges and keys."""

from typing import Any

import bpy

from ...core.reporting.layer_outcomes import pluralise
from ..blender.wrapped_text import draw_text
from ..properties.landmark_state import landmark_state
from .fields import row_or_column
from .range_ends import ClipView, draw_ends, draw_go_button

_MAX_DRAWN_EDITS = 16


def draw_landmark_buttons(layout: Any, context: bpy.types.Context) -> None:
    """Draw what shows the handles, and what places a face."""
    row = row_or_column(layout, context, ("Edit Landmarks", "Place Face"))
    row.operator(
        "understudy.landmarks_edit",
        icon="OUTLINER_DATA_LATTICE",
        depress=landmark_state().is_editing,
    )
    row.operator("understudy.landmarks_place", icon="ADD")


def draw_landmark_edits(layout: Any, context: bpy.types.Context, modifier: Any, view: ClipView) -> None:
    """Draw each correction: its frames and its keys."""
    for index, entry in enumerate(modifier.landmark_edits[:_MAX_DRAWN_EDITS]):
        _draw_edit(layout.box().column(align=True), context, index, entry, view)
    if len(modifier.landmark_edits) > _MAX_DRAWN_EDITS:
        rest = len(modifier.landmark_edits) - _MAX_DRAWN_EDITS
        draw_text(layout, context, f"{pluralise(rest, 'more correction')}", "INFO")


def _draw_edit(column: Any, context: bpy.types.Context, index: int, entry: Any, view: ClipView) -> None:
    row = column.row(align=True)
    title = "Placed Face" if entry.places_face else "Landmarks"
    draw_go_button(row, "understudy.landmark_edit_go", index, entry, view, title)
    row.operator("understudy.landmark_edit_remove", text="", icon="X").index = index
    draw_ends(column, context, entry, "understudy.landmark_edit_set", index)
    row = column.row(align=True)
    if not entry.places_face:
        row.prop(entry, "fade")
    until = row.operator("understudy.landmark_edit_set", text="Until Cut")
    until.index, until.end = index, "CUT"
    row = column.row(align=True)
    has_key = any(key.frame == view.number for key in entry.keys)
    row.label(text=pluralise(len(entry.keys), "key"), icon="KEYFRAME_HLT" if has_key else "KEYFRAME")
    row.operator("understudy.landmark_key_insert", text="", icon="KEY_HLT").index = index
    row.operator("understudy.landmark_key_remove", text="", icon="KEY_DEHLT").index = index
