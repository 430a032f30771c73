# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel Cache: what is prepared, what a change would cost, where results lie, and how to be rid of them."""

from typing import Any

import bpy

from ..blender.wrapped_text import draw_text
from ..layers.folders import cache_folder
from ..lookups.gallery import gallery
from ..lookups.lookups import Sizes, WantedSizes
from ..modifiers.active import active_scene, active_strip
from ..properties.preferences import preferences
from ..properties.scene_properties import settings_of
from ..sequencer.strips import stack_id
from ..sessions.cache_folder import cache_place
from ..sessions.open import access
from .parameters import COST_ICONS

_SECONDS = 2.0
_COSTS = (
    ("instant", "Shows at once: no model runs, nothing is decoded"),
    ("re-swap", "Swaps the frames again"),
    ("re-analyse", "Analyses the clip again, then swaps"),
)


def draw_cache(layout: Any, context: bpy.types.Context) -> None:
    """Draw what is prepared, the folder, and what the icons beside the controls mean."""
    scene, strip = active_scene(context), active_strip(context)
    settings = settings_of(scene)
    layout.use_property_split = True
    if strip is not None and stack_id(strip):
        wanted = WantedSizes(cache_folder(scene), stack_id(strip), access(preferences()))
        sizes: Sizes | None = gallery().known(wanted, _SECONDS)
        if sizes is not None:
            column = layout.column(align=True)
            length = strip.frame_final_duration
            text = f"{sizes.prepared} frames prepared, the strip shows {length}"
            column.label(text=text, icon="RENDERLAYERS")
            text = f"{_size(sizes.layer_bytes)} of layers, {_size(sizes.result_bytes)} of results"
            column.label(text=text, icon="DISK_DRIVE")
    if settings.last_run:
        draw_text(layout, context, f"Last prepared: {settings.last_run}", "TIME")
    layout.prop(settings, "cache_folder")
    draw_refusal(layout, context)
    if preferences().cache_folder:
        draw_text(layout, context, "The preferences keep every project's results in one folder", "INFO")
    if not bpy.data.filepath and settings.cache_folder.startswith("//"):
        draw_text(layout, context, "Save the project to keep results", "INFO")
    row = layout.row(align=True)
    row.operator("understudy.purge", text="Purge Strip", icon="TRASH").what = "STRIP"
    row.operator("understudy.purge", text="Purge All").what = "ALL"
    column = layout.column(align=True)
    column.label(text="A change of a control with this icon:")
    for cost, text in _COSTS:
        draw_text(column, context, text, COST_ICONS[cost])


def draw_refusal(layout: Any, context: bpy.types.Context) -> None:
    """Draw which cache folder the project names and must not have, if it does, and the question whether it may."""
    place = cache_place(active_scene(context))
    if place.refused is not None:
        box = layout.box()
        text = f"The project names a cache folder outside its own, which is not used: {place.refused}"
        draw_text(box, context, text, "ERROR")
        box.operator("understudy.trust_folder")


def _size(count: int) -> str:
    """Write a number of bytes as people read it."""
    value, unit = float(count), "B"
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"
