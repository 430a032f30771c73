# SPDX-License-Identifier: GPL-3.0-or-later
"""What an editor compares with: a panel in the preview's side bar, the key J, and the line to drag."""

from typing import Any, cast

import bpy

from ..modifiers.active import active_modifier, active_scene
from ..preview.compared_take import compared_take
from ..properties.compare_state import MODES, ORIGINAL, SPLIT, compare_state
from ..properties.scene_properties import settings_of

_GRAB_PIXELS = 8
"""How far from the line it is grabbed, on a screen without scaling."""
_KEY_ITEMS: list[tuple[Any, Any]] = []
"""What was added to Blender's key maps, which give it back by nothing else."""


class UNDERSTUDY_PT_compare(bpy.types.Panel):
    """What the preview shows: the result, the original or another take, or both."""

    bl_idname = "UNDERSTUDY_PT_compare"
    bl_label = "Compare"
    bl_space_type = "SEQUENCE_EDITOR"
    bl_region_type = "UI"
    bl_category = "Understudy"
    bl_order = 1  # below Farm, which is folded

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only beside a preview in which a face may be replaced."""
        scene, space = active_scene(context), cast("Any", context.space_data)
        return scene is not None and space.view_type != "SEQUENCER" and bool(settings_of(scene).modifiers)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the choice, what is compared with, and where the line is."""
        layout: Any = self.layout
        state = compare_state()
        take = compared_take(active_scene(context)) if state.is_take else None
        name = "Gone" if state.is_take and take is None else "Original" if take is None else take.name
        column = layout.column(align=True)
        for mode, text, _ in MODES:
            column.prop_enum(
                state, "mode", mode, text=name if mode == ORIGINAL else text, translate=mode != ORIGINAL
            )
        if state.is_take or len(_takes_of_active(context)):
            row = layout.row(align=True)
            row.label(text="With")
            row.menu(UNDERSTUDY_MT_compare_with.bl_idname, text=name, translate=False)
        if state.mode == SPLIT:
            layout.prop(state, "split")


class UNDERSTUDY_MT_compare_with(bpy.types.Menu):
    """What the result is compared with: the original, or a take."""

    bl_idname = "UNDERSTUDY_MT_compare_with"
    bl_label = "Compare With"
    bl_description = "What the result is compared with: the original, or another take of the modifier"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw an entry for the original and for each take of the active modifier."""
        layout: Any = self.layout
        layout.operator("understudy.compare_with", text="Original").index = -1
        for place, take in enumerate(_takes_of_active(context)):
            layout.operator("understudy.compare_with", text=take.name, translate=False).index = place


def _takes_of_active(context: bpy.types.Context) -> Any:
    modifier = active_modifier(context)
    return () if modifier is None else modifier.takes


class UNDERSTUDY_GT_compare_line(bpy.types.Gizmo):
    """The line between what is compared with and the result."""

    bl_idname = "UNDERSTUDY_GT_compare_line"

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw nothing: the overlay has the line, where gizmos are hidden too."""

    def test_select(self, context: Any, location: Any) -> int:
        """Tell whether the pointer is at the line."""
        region = context.region
        far = abs(location[0] - compare_state().split * region.width)
        return 0 if far <= _GRAB_PIXELS * context.preferences.system.ui_scale else -1

    def invoke(self, _context: Any, _event: Any) -> set[Any]:
        """Begin to drag."""
        return {"RUNNING_MODAL"}

    def modal(self, context: Any, event: Any, _tweak: Any) -> set[Any]:
        """Have the line follow the pointer."""
        compare_state().split = min(max(event.mouse_region_x / context.region.width, 0.0), 1.0)
        return {"RUNNING_MODAL"}

    def exit(self, _context: Any, _cancel: Any) -> None:
        """Leave the line where it is."""


class UNDERSTUDY_GGT_compare(bpy.types.GizmoGroup):
    """What can be dragged in a preview that compares."""

    bl_idname = "UNDERSTUDY_GGT_compare"
    bl_label = "Compare"
    bl_space_type = "SEQUENCE_EDITOR"
    bl_region_type = "PREVIEW"
    bl_options: Any = {"PERSISTENT", "SHOW_MODAL_ALL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only while there is a line."""
        return bool(compare_state().mode == SPLIT)

    def setup(self, _context: bpy.types.Context) -> None:
        """Make the line."""
        cast("Any", self).gizmos.new(UNDERSTUDY_GT_compare_line.bl_idname)


_CLASSES: tuple[Any, ...] = (
    UNDERSTUDY_MT_compare_with,
    UNDERSTUDY_PT_compare,
    UNDERSTUDY_GT_compare_line,
    UNDERSTUDY_GGT_compare,
)


def register() -> None:
    """Add the panel, the line and the key."""
    for entry in _CLASSES:
        bpy.utils.register_class(entry)
    keys: Any = cast("Any", bpy.context.window_manager).keyconfigs.addon
    if keys is not None:
        keymap = keys.keymaps.new(name="Preview", space_type="SEQUENCE_EDITOR", region_type="WINDOW")
        _KEY_ITEMS.append((keymap, keymap.keymap_items.new("understudy.compare_flip", "J", "PRESS")))


def unregister() -> None:
    """Take them out again."""
    while _KEY_ITEMS:
        keymap, item = _KEY_ITEMS.pop()
        keymap.keymap_items.remove(item)
    for entry in reversed(_CLASSES):
        bpy.utils.unregister_class(entry)
