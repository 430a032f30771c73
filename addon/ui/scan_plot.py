# SPDX-License-Identifier: GPL-3.0-or-later
"""The plots of a scan in the part Repair: what was measured over time, with limits and flagged frames."""

from typing import Any

import bpy

from ..blender.text_width import region_width

_LEAST_SCALE, _MOST_SCALE = 6.0, 18.0
_UNIT_PIXELS = 20
"""What an icon of scale 1 is wide."""
_MARGIN_PIXELS = 70


def draw_plot(layout: Any, context: bpy.types.Context, modifier: Any, icon: int | None) -> None:
    """Draw the plots as wide as the region has room, below the line that folds them away; nothing without any."""
    if icon is None:
        return
    title, inside = layout.panel_prop(modifier, "show_plots")
    title.label(text="Plots")
    if inside is not None:
        scale = (region_width(context) - _MARGIN_PIXELS) / _UNIT_PIXELS
        inside.template_icon(icon_value=icon, scale=min(max(scale, _LEAST_SCALE), _MOST_SCALE))
