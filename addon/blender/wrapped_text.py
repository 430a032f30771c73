# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences in panels: Blender cuts a label off where the panel ends, so that a long one needs several."""

import textwrap
from typing import Any, cast

import bpy

from ...core.reporting.quoting import quote

_CHARACTER_WIDTH_PIXELS = 6.6
_ICON_WIDTH_PIXELS = 40
_MIN_LINE_CHARACTERS = 24


def draw_text(
    layout: Any, context: bpy.types.Context, text: str, icon: str = "NONE", indent: int = 0
) -> None:
    """Draw a text in as many lines as the panel is wide, the icon before the first. `indent` is in pixels."""
    column = layout.column(align=True)
    column.scale_y = 0.85
    translated = quote(cast("Any", bpy.app.translations).pgettext_rpt(text))
    for index, line in enumerate(wrap_text(translated, _line_characters(context, indent))):
        blank = "BLANK1" if icon != "NONE" else "NONE"
        column.label(text=line, icon=icon if index == 0 else blank, translate=False)


def wrap_text(text: str, characters: int) -> list[str]:
    """Break a text into lines of at most so many characters, between words where that is possible."""
    return textwrap.wrap(text, max(characters, _MIN_LINE_CHARACTERS)) or [""]


def _line_characters(context: bpy.types.Context, indent: int) -> int:
    """Return about how many characters fit into a line of the region that is drawn."""
    return int((region_width(context) - _ICON_WIDTH_PIXELS - indent) / _CHARACTER_WIDTH_PIXELS)


def region_width(context: bpy.types.Context) -> float:
    """Return how wide the region that is drawn is, in pixels of a screen without scaling."""
    # Without a window there is no scale and no region.
    scale = context.preferences.system.ui_scale if context.preferences else 0.0
    return (context.region.width if context.region else 300) / (scale or 1.0)
