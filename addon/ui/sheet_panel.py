# SPDX-License-Identifier: GPL-3.0-or-later
"""Where sheets are asked for and used: any setting's context menu, and the side bar of the Image Editor.

A double click on a cell uses it; so does its button in the side bar.
"""

from typing import Any, cast

import bpy

from ...core.recipe import find_parameter
from ...core.sheet.values import can_compare
from ..blender.wrapped_text import draw_text
from ..modifiers.active import active_scene
from ..properties.labels import title_case
from ..properties.scene_properties import STAGE_GROUPS, settings_of
from ..properties.sheet_state import sheet_state
from ..sheets.cell_use import sheet_modifier, use_label
from ..sheets.sheet_image import sheet_image
from ..sheets.variants import value_label

_KEY_ITEMS: list[tuple[Any, Any]] = []
"""What was added to Blender's key maps, which give it back by nothing else."""


class UNDERSTUDY_PT_sheet(bpy.types.Panel):
    """The rows or values of a sheet, each to be used."""

    bl_idname = "UNDERSTUDY_PT_sheet"
    bl_label = "Casting Sheet"
    bl_space_type: Any = "IMAGE_EDITOR"
    bl_region_type: Any = "UI"
    bl_category: Any = "Tool"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only beside the sheet."""
        image = sheet_image()
        return image is not None and cast("Any", context.space_data).image == image

    def draw(self, context: bpy.types.Context) -> None:
        """Draw how it goes, and what can be used."""
        layout: Any = self.layout
        state = sheet_state()
        draw_sheet_progress(layout, context)
        if not state.is_running and state.status:
            layout.label(text=state.status, icon="INFO", translate=False)
        target = sheet_modifier()
        if len(state.variants) and state.variants[0].settings:
            layout.label(text=compared_settings(state.variants[0].settings), translate=False)
        column = layout.column(align=True)
        for index, variant in enumerate(state.variants):
            row = column.row(align=True)
            row.label(text=compared_values(variant.settings) or variant.label, translate=False)
            text = "Use" if target is None else use_label(target[1], variant)
            row.operator("understudy.sheet_cell_use", text=text).index = index
        if any(len(variant.images) for variant in state.variants):
            layout.operator("understudy.sheet_takes_add", icon="ADD")
        if state.page and not state.is_running and not state.trouble:
            layout.operator("wm.path_open", text="Open as Page", icon="URL").filepath = state.page


def compared_settings(settings: str) -> str:
    """Return the names of the settings that a sheet compares; of what a variant sets, one a line."""
    paths = [line.partition("=")[0] for line in settings.splitlines()]
    return ", ".join(title_case(find_parameter(path).label) for path in paths)


def compared_values(settings: str) -> str:
    """Return the values of a variant, of what it sets, one a line."""
    pairs = [line.split("=", 1) for line in settings.splitlines()]
    return ", ".join(value_label(path, value) for path, value in pairs)


def draw_sheet_progress(layout: Any, context: bpy.types.Context) -> None:
    """Draw how far the sheet is that is being made, with a button to stop it, and what went wrong."""
    state = sheet_state()
    if state.is_running:
        row = layout.row(align=True)
        row.progress(factor=state.progress, text=f"Sheet: {state.status}")
        row.operator("understudy.sheet_stop", text="", icon="CANCEL")
    if state.trouble:
        draw_text(layout, context, state.trouble, "ERROR")


def _draw_menu_entry(menu: Any, context: Any) -> None:
    """Draw the entry in the context menu of a modifier's settings."""
    owner, prop = getattr(context, "button_pointer", None), getattr(context, "button_prop", None)
    group = type(owner).__name__.removeprefix("UNDERSTUDY_PG_")
    if prop is None or group not in STAGE_GROUPS or not isinstance(owner, STAGE_GROUPS[group]):
        return
    scene = active_scene(context)
    pointers = [getattr(entry, group).as_pointer() for entry in settings_of(scene).modifiers]
    path = f"{group}.{prop.identifier}"
    if owner.as_pointer() not in pointers or not can_compare(find_parameter(path)):
        return
    menu.layout.separator()
    menu.layout.operator_context = "INVOKE_DEFAULT"
    entry = menu.layout.operator("understudy.compare_values", text="Compare Values…", icon="IMGDISPLAY")
    entry.path, entry.index = path, pointers.index(owner.as_pointer())


def register() -> None:
    """Add the panel, the menu entry and the double click."""
    bpy.utils.register_class(UNDERSTUDY_PT_sheet)
    cast("Any", bpy.types).UI_MT_button_context_menu.append(_draw_menu_entry)
    keys: Any = cast("Any", bpy.context.window_manager).keyconfigs.addon
    if keys is not None:
        keymap = keys.keymaps.new(name="Image", space_type="IMAGE_EDITOR")
        item = keymap.keymap_items.new("understudy.sheet_cell_use", "LEFTMOUSE", "DOUBLE_CLICK")
        _KEY_ITEMS.append((keymap, item))


def unregister() -> None:
    """Take them out again."""
    while _KEY_ITEMS:
        keymap, item = _KEY_ITEMS.pop()
        keymap.keymap_items.remove(item)
    cast("Any", bpy.types).UI_MT_button_context_menu.remove(_draw_menu_entry)
    bpy.utils.unregister_class(UNDERSTUDY_PT_sheet)
