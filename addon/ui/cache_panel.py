# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel Cache: what is prepared, what a change would cost, where results lie, and how to be rid of them."""

from typing import Any

import bpy

from ..blender.wrapped_text import draw_text
from ..layers.folders import cache_folder
from ..lookups.gallery import lookup_cache
from ..lookups.lookups import CacheSizes, CacheSizesLookup
from ..modifiers.active import active_scene, active_strip
from ..modifiers.stack import stack_of
from ..modifiers.takes import layers_ids
from ..operators.cost import COST_ICONS, COST_TEXTS
from ..properties.preferences import preferences
from ..properties.scene_properties import settings_of
from ..sequencer.strips import stack_id
from ..sessions.cache_folder import cache_location, layers_root
from ..sessions.open import access
from .fields import Field, draw_field, fit_side_by_side, row_or_column

_REFRESH_SECONDS = 2.0


def draw_cache(layout: Any, context: bpy.types.Context) -> None:
    """Draw what is prepared, the folder, and what the icons beside the controls mean."""
    scene, strip = active_scene(context), active_strip(context)
    settings = settings_of(scene)
    if strip is not None and stack_id(strip):
        ids = layers_ids(stack_id(strip), stack_of(scene, stack_id(strip)))
        wanted = CacheSizesLookup(cache_folder(scene), layers_root(scene), tuple(ids), access(preferences()))
        sizes: CacheSizes | None = lookup_cache().get(wanted, _REFRESH_SECONDS)
        if sizes is not None:
            length = strip.frame_final_duration
            text = f"{sizes.layer_count} frames prepared, the strip shows {length}"
            draw_text(layout, context, text, "RENDERLAYERS")
            text = (
                f"{_format_size(sizes.layer_bytes)} of layers, {_format_size(sizes.result_bytes)} of results"
            )
            draw_text(layout, context, text, "DISK_DRIVE")
    if settings.last_run:
        draw_text(layout, context, f"Last prepared: {settings.last_run}", "TIME")
    folder = Field(settings, "cache_folder")
    draw_field(layout, context, folder, is_narrow=not fit_side_by_side(context, [folder]))
    draw_refusal(layout, context)
    for name in ("strict", "placeholder"):
        field = Field(settings, name)
        draw_field(layout, context, field, is_narrow=not fit_side_by_side(context, [field]))
    if preferences().cache_folder:
        draw_text(layout, context, "The preferences keep every project's results in one folder", "INFO")
    if not bpy.data.filepath and settings.cache_folder.startswith("//"):
        draw_text(layout, context, "Save the project to keep results", "INFO")
    buttons = row_or_column(layout, context, ("Purge Strip", "Purge All"))
    buttons.operator("understudy.purge", text="Purge Strip", icon="TRASH").what = "STRIP"
    buttons.operator("understudy.purge", text="Purge All").what = "ALL"
    column = layout.column(align=True)
    draw_text(column, context, "The icons beside the controls:")
    for cost, text in COST_TEXTS.items():
        draw_text(column, context, text, COST_ICONS[cost])


def draw_refusal(layout: Any, context: bpy.types.Context) -> None:
    """Draw which cache folder the project names and must not have, if it does, and the question whether it may."""
    place = cache_location(active_scene(context))
    if place.refused_folder is not None:
        box = layout.box()
        text = f"The project names a cache folder outside its own, which is not used: {place.refused_folder}"
        draw_text(box, context, text, "ERROR")
        box.operator("understudy.trust_folder")


def _format_size(byte_count: int) -> str:
    """Write a number of bytes as people read it."""
    value, unit = float(byte_count), "B"
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"
