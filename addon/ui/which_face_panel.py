# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel Which Face: the people of the strip by their images, a click to choose who is replaced."""

from typing import Any

import bpy

from ...core.reporting.quoting import quote
from ..blender.text_width import region_width
from ..blender.wrapped_text import draw_text
from ..lookups.gallery import lookup_cache
from ..lookups.lookups import PersonView
from ..lookups.people import has_search_range, modifiers_replacing, people_lookup, replaces
from ..modifiers.active import active_scene, active_strip
from ..properties.status import window_state
from .parameters import REFERENCE_PATHS, draw_parameters, in_which_face

_FACE_SCALE = 4.6
_FACE_WIDTH_PIXELS = 105
_MAX_NAME_CHARACTERS = 200


def draw_which_face(layout: Any, context: bpy.types.Context, modifier: Any) -> None:
    """Draw the people that were found, or how to find them, then what else decides."""
    scene, strip = active_scene(context), active_strip(context)
    if strip is None:
        return
    people = _people(scene, strip, modifier)
    if people:
        _draw_people(layout, context, modifier, people)
    _draw_search(layout, context, strip, people)
    known = any(replaces(modifier, shown.person) for shown in people or ())
    draw_parameters(
        layout,
        context,
        modifier,
        lambda entry: in_which_face(entry) and not (known and entry.path in REFERENCE_PATHS),
    )


def _people(scene: Any, strip: Any, modifier: Any) -> tuple[PersonView, ...] | None:
    if not has_search_range(strip):
        return None
    people: tuple[PersonView, ...] | None = lookup_cache().get(people_lookup(scene, strip, modifier))
    return people


def _draw_people(
    layout: Any, context: bpy.types.Context, modifier: Any, people: tuple[PersonView, ...]
) -> None:
    scene, strip = active_scene(context), active_strip(context)
    columns = max(int((region_width(context) - 60) / _FACE_WIDTH_PIXELS), 1)
    grid = layout.grid_flow(row_major=True, columns=min(columns, max(len(people), 2)), even_columns=True)
    for shown in people:
        box = grid.box()
        box.template_icon(icon_value=shown.icon, scale=_FACE_SCALE)
        chosen = replaces(modifier, shown.person)
        button = box.operator(
            "understudy.person_choose",
            text="Replaced" if chosen else "Replace",
            icon="CHECKMARK" if chosen else "NONE",
            depress=chosen,
        )
        button.frame, button.face = shown.person.best_face
        # A row in any case, so that images and buttons stay side by side.
        others = [entry for entry in modifiers_replacing(scene, strip, shown.person) if entry != modifier]
        names = ", ".join(entry.identity.name or entry.name for entry in others)
        row = box.row()
        row.alignment = "CENTER"
        if names:
            row.label(text=quote(names, _MAX_NAME_CHARACTERS), icon="USER", translate=False)
        else:
            row.label(text=f"Visible {shown.person.share:.0%}")


def _draw_search(
    layout: Any, context: bpy.types.Context, strip: Any, people: tuple[PersonView, ...] | None
) -> None:
    state = window_state()
    if state.searched_strip:
        row = layout.row(align=True)
        row.progress(factor=state.searching, text=f"{state.searched_strip}: {state.searching:.0%}")
        row.operator("understudy.people_stop", text="", icon="CANCEL")
        return
    layout.operator(
        "understudy.people_find",
        text="Find People Again" if people is not None else "Find People",
        icon="VIEWZOOM",
    )
    if people is not None and not people:
        draw_text(layout, context, "No person found: lower Smallest Face, or the scores in Analysis", "INFO")
    elif people is None and has_search_range(strip):
        draw_text(layout, context, "Settings or the strip changed since Find People", "INFO")
