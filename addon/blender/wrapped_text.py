# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences in panels: Blender cuts a label off where the panel ends, so that a long one needs several."""

import textwrap
from collections.abc import Callable, Sequence
from typing import Any, cast

import bpy

from ...core.reporting.quoting import quote
from .text_width import region_width, text_width

_MARGIN_PIXELS = 42
"""What of a region's width panels leave free at both sides of a line, and what they draw beside it."""
_ICON_PIXELS = 20
BOX_PIXELS = 20
"""What a box takes of the width of what is drawn in it."""
_MIN_LINE_CHARACTERS = 8
_LONGEST_LINE = 1.2
"""How many more characters than the mean fit into a line of narrow letters."""


def draw_text(
    layout: Any, context: bpy.types.Context, text: str, icon: str = "NONE", indent: int = 0
) -> None:
    """Draw a text in as many lines as the panel is wide, the icon before the first. `indent` is in pixels."""
    column = layout.column(align=True)
    column.scale_y = 0.85
    translated = quote(cast("Any", bpy.app.translations).pgettext_rpt(text))
    width = region_width(context) - _MARGIN_PIXELS - indent - (0 if icon == "NONE" else _ICON_PIXELS)
    for index, line in enumerate(wrap_text(translated, width, lambda part: text_width(context, part))):
        blank = "BLANK1" if icon != "NONE" else "NONE"
        column.label(text=line, icon=icon if index == 0 else blank, translate=False)


def fitting_text(context: bpy.types.Context, texts: Sequence[str], indent: int = 0) -> str:
    """Return the first of some texts that has room in a line of a panel, else the last. `indent` is in pixels."""
    width = region_width(context) - _MARGIN_PIXELS - indent
    return next((text for text in texts if text_width(context, text) <= width), texts[-1])


def wrap_text(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """Break a text into lines that are no wider than `width`, between words where that is possible.

    A line is never shorter than a few characters, however narrow the place is.
    """
    whole = measure(text)
    if whole <= width:
        return [text]
    # Begins with about as many as fit, since each round costs time at every redraw.
    characters = max(int(_LONGEST_LINE * len(text) * width / whole), _MIN_LINE_CHARACTERS)
    lines = textwrap.wrap(text, characters)
    while characters > _MIN_LINE_CHARACTERS and any(measure(line) > width for line in lines):
        characters -= 1
        lines = textwrap.wrap(text, characters)
    return lines
