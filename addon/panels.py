# SPDX-License-Identifier: GPL-3.0-or-later
"""The panels: they draw properties and operators, and compute nothing.

In Blender 4.5 strip modifiers are in the sequencer's side bar, from 5.0 in the Properties editor.
"""

from collections.abc import Callable
from typing import Any

import bpy

from ..core.parameter import Parameter
from ..core.recipe import parameters
from .active import active_modifier, active_scene, active_stack, active_strip
from .operators.modifiers import UNDERSTUDY_OT_modifier_add
from .properties import settings_of
from .stack import unsupported
from .timeline import stack_id
from .window_state import window_state

COST_ICONS = {"instant": "CHECKMARK", "re-swap": "FILE_REFRESH", "re-analyse": "VIEWZOOM"}
_IN_SIDE_BAR = bpy.app.version < (5, 0, 0)


# The stubs want more arguments and stricter types than Blender does.
_UIList: Any = bpy.types.UIList


class _Place:
    """Where strip modifiers are in this Blender."""

    bl_space_type: Any = "SEQUENCE_EDITOR" if _IN_SIDE_BAR else "PROPERTIES"
    bl_region_type: Any = "UI" if _IN_SIDE_BAR else "WINDOW"
    bl_category: Any = "Modifiers" if _IN_SIDE_BAR else ""
    bl_context: Any = "" if _IN_SIDE_BAR else "strip_modifier"


class UNDERSTUDY_UL_modifiers(_UIList):
    """The stack of the active strip."""

    bl_idname = "UNDERSTUDY_UL_modifiers"

    def draw_item(
        self, _context: Any, layout: Any, _data: Any, item: Any, _icon: Any, _active: Any, _name: Any
    ) -> None:
        """Draw one modifier."""
        layout.prop(item, "name", text="", emboss=False, icon="USER")
        layout.prop(item, "enabled", text="", emboss=False, icon="HIDE_OFF" if item.enabled else "HIDE_ON")

    def filter_items(self, context: Any, data: Any, prop: str) -> tuple[list[int], list[int]]:
        """Show only the modifiers of the active strip."""
        strip = active_strip(context)
        wanted = "" if strip is None else stack_id(strip)
        shown = [entry.strip_id == wanted for entry in getattr(data, prop)]
        return [self.bitflag_filter_item if here else 0 for here in shown], []


class UNDERSTUDY_PT_stack(_Place, bpy.types.Panel):
    """Face Swap modifiers of the active strip."""

    bl_idname = "UNDERSTUDY_PT_stack"
    bl_label = "Face Swap"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only with an active strip."""
        return active_strip(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the list and its buttons, or why there is none."""
        layout: Any = self.layout
        reason = unsupported(active_strip(context))
        if reason:
            layout.label(text=reason, icon="INFO")
            return
        settings = settings_of(active_scene(context))
        row = layout.row()
        row.template_list(
            "UNDERSTUDY_UL_modifiers", "", settings, "modifiers", settings, "active_index", rows=2
        )
        column = row.column(align=True)
        column.operator("understudy.modifier_add", text="", icon="ADD")
        column.operator("understudy.modifier_remove", text="", icon="REMOVE")
        column.operator("understudy.modifier_move", text="", icon="TRIA_UP").direction = "UP"
        column.operator("understudy.modifier_move", text="", icon="TRIA_DOWN").direction = "DOWN"
        if active_stack(context):
            row = layout.row(align=True)
            row.operator("understudy.prepare", icon="RENDER_ANIMATION").what = "TIMELINE"
            row.operator("understudy.prepare", text="Strip").what = "STRIP"
            row.operator("understudy.refresh", text="", icon="FILE_REFRESH")
            _draw_work(layout)


def _draw_work(layout: Any) -> None:
    """Draw how the preparation goes, what waits for it, what went wrong, and what is seen instead."""
    state = window_state()
    if state.running:
        row = layout.row(align=True)
        row.progress(factor=state.progress, text=state.status or "starting")
        row.operator("understudy.prepare_stop", text="", icon="CANCEL")
        for request in state.queue:
            layout.label(text=f"{request.label} waits", icon="SORTTIME")
    if state.trouble:
        layout.label(text=state.trouble, icon="ERROR")
    if state.notice:
        layout.label(text=state.notice, icon="INFO")
    if state.rendered:
        layout.label(text=f"Rendered {state.rendered}", icon="RENDER_ANIMATION")


class _OfModifier(_Place):
    """A panel of the chosen modifier."""

    bl_parent_id = "UNDERSTUDY_PT_stack"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only with a modifier."""
        return active_modifier(context) is not None


class UNDERSTUDY_PT_who(_OfModifier, bpy.types.Panel):
    """Who plays the part."""

    bl_label = "Who"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the person and the pictures."""
        layout: Any = self.layout
        modifier = active_modifier(context)
        if modifier is None:
            return
        layout.use_property_split = True
        layout.prop(modifier.identity, "name")
        for index, picture in enumerate(modifier.identity.pictures):
            row = layout.row(align=True)
            row.use_property_split = False
            row.prop(picture, "filepath", text="")
            row.prop(picture, "face_number")
            row.operator("understudy.picture_remove", text="", icon="X").index = index
        layout.operator("understudy.picture_add", icon="ADD")
        layout.prop(modifier.identity, "consent")


def in_which_face(parameter: Parameter) -> bool:
    """Tell whether a parameter is in the panel Which Face."""
    return parameter.group == "select"


def in_swap(parameter: Parameter) -> bool:
    """Tell whether a parameter is in the panel Swap."""
    return parameter.group in ("swap", "enhance") or parameter.path == "fusion.enhancer_blend"


def in_mask(parameter: Parameter) -> bool:
    """Tell whether a parameter is in the panel Mask."""
    return parameter.group == "fusion" and parameter.name.startswith(("mask_", "keep_", "openings"))


def in_colour(parameter: Parameter) -> bool:
    """Tell whether a parameter is in the panel Colour and Blend."""
    return parameter.group == "fusion" and not in_mask(parameter) and not in_swap(parameter)


def in_analysis(parameter: Parameter) -> bool:
    """Tell whether a parameter is in the panel Analysis: whatever no other panel has."""
    return not any(other(parameter) for other in (in_which_face, in_swap, in_mask, in_colour))


def _parameter_panel(name: str, label: str, belongs: Callable[[Parameter], bool]) -> Any:
    """Make a panel of the parameters that belong to it, each with the icon of what a change costs."""

    def draw(self: Any, context: bpy.types.Context) -> None:
        modifier = active_modifier(context)
        self.layout.use_property_split = True
        for parameter in filter(belongs, parameters()):
            row = self.layout.row()
            row.prop(getattr(modifier, parameter.group), parameter.name)
            row.label(icon=COST_ICONS[parameter.cost])

    body = {"__doc__": f"{label}.", "bl_label": label, "draw": draw, "bl_options": {"DEFAULT_CLOSED"}}
    return type(f"UNDERSTUDY_PT_{name}", (_OfModifier, bpy.types.Panel), body)


class UNDERSTUDY_PT_cache(_OfModifier, bpy.types.Panel):
    """Where results are kept."""

    bl_label = "Cache"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the folder and what was prepared last."""
        layout: Any = self.layout
        settings = settings_of(active_scene(context))
        layout.use_property_split = True
        layout.prop(settings, "cache_folder")
        layout.prop(settings, "strict")
        if not bpy.data.filepath and settings.cache_folder.startswith("//"):
            layout.label(text="Save the project to keep results", icon="INFO")
        if settings.last_run:
            layout.label(text=settings.last_run)


PARAMETER_PANELS = (
    _parameter_panel("which_face", "Which Face", in_which_face),
    _parameter_panel("swap", "Swap", in_swap),
    _parameter_panel("mask", "Mask", in_mask),
    _parameter_panel("colour", "Colour and Blend", in_colour),
    _parameter_panel("analysis", "Analysis", in_analysis),
)
CLASSES: tuple[Any, ...] = (
    UNDERSTUDY_UL_modifiers,
    UNDERSTUDY_PT_stack,
    UNDERSTUDY_PT_who,
    *PARAMETER_PANELS,
    UNDERSTUDY_PT_cache,
)


def _menu_entry(menu: Any, _context: bpy.types.Context) -> None:
    menu.layout.operator(UNDERSTUDY_OT_modifier_add.bl_idname, text="Face Swap", icon="USER")


def _menu() -> Any | None:
    """Return Blender's own menu of strip modifiers, where there is one (5.0 and later)."""
    return getattr(bpy.types, "SEQUENCER_MT_modifier_add", None)


def register() -> None:
    """Add the panels."""
    for entry in CLASSES:
        bpy.utils.register_class(entry)
    menu = _menu()
    if menu is not None:
        menu.append(_menu_entry)


def unregister() -> None:
    """Remove the panels."""
    menu = _menu()
    if menu is not None:
        menu.remove(_menu_entry)
    for entry in reversed(CLASSES):
        bpy.utils.unregister_class(entry)
