# SPDX-License-Identifier: GPL-3.0-or-later
"""How wide a text is in panels. All widths are in pixels of a screen without scaling."""

from functools import lru_cache
from typing import Any, cast

import blf
import bpy

_FONT = 0  # the font of Blender's interface
_USUAL_POINTS = 11.0
_USUAL_REGION_PIXELS = 300.0
"""Where there is no region: without a window nothing is drawn."""


def region_width(context: bpy.types.Context) -> float:
    """Return how wide the region that is drawn is."""
    return context.region.width / _scale(context) if context.region else _USUAL_REGION_PIXELS


def text_width(context: bpy.types.Context, text: str) -> float:
    """Return how wide a text is, without what Blender leaves free around it."""
    styles: Any = context.preferences.ui_styles if context.preferences else ()
    points = styles[0].widget.points if len(styles) else _USUAL_POINTS
    return _measure(text, points * _scale(context)) / _scale(context)


def translate_label(text: str, translation_context: str = "*") -> str:
    """Return a label as Blender shows it, in the language of its interface."""
    return str(cast("Any", bpy.app.translations).pgettext_iface(text, translation_context))


def _scale(context: bpy.types.Context) -> float:
    # Without a window there is no scale.
    return (context.preferences.system.ui_scale if context.preferences else 0.0) or 1.0


@lru_cache(4096)
def _measure(text: str, pixels: float) -> float:
    blf.size(_FONT, pixels)
    return float(blf.dimensions(_FONT, text)[0])
