# SPDX-License-Identifier: GPL-3.0-or-later
"""A grid of faces: the image of each above the button that chooses it."""

from typing import Any

import bpy

from ..blender.text_width import region_width

_FACE_SCALE = 4.6
_FACE_WIDTH_PIXELS = 105
_MARGIN_PIXELS = 60


def face_grid(layout: Any, context: bpy.types.Context, count: int) -> Any:
    """Return the layout that takes `count` boxes, as many side by side as the region is wide."""
    columns = max(int((region_width(context) - _MARGIN_PIXELS) / _FACE_WIDTH_PIXELS), 1)
    return layout.grid_flow(row_major=True, columns=min(columns, max(count, 2)), even_columns=True)


def draw_face(box: Any, icon: int, operator: str, text: str, *, is_chosen: bool) -> Any:
    """Draw a face and its button, pressed where the face is chosen; returns the operator's properties."""
    box.template_icon(icon_value=icon, scale=_FACE_SCALE)
    return box.operator(operator, text=text, icon="CHECKMARK" if is_chosen else "NONE", depress=is_chosen)
