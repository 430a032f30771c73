# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel Farm in the sequencer's side bar: how a farm is to render the scene, and what a check of that found."""

from typing import Any

import bpy

from ..blender.wrapped_text import BOX_PIXELS, draw_text
from ..modifiers.active import active_scene
from ..properties.scene_properties import settings_of
from ..properties.status import window_state
from .fields import Field, draw_field, fit_side_by_side, row_or_column

_ICONS = {"INFO": "DOT", "WARNING": "INFO", "ERROR": "ERROR"}
"""What stands before a line of a check, by its level."""
_TABS_PIXELS = 24
"""What the side bar's tabs take of its width."""


class UNDERSTUDY_PT_farm(bpy.types.Panel):
    """A scene's job for a farm."""

    bl_idname = "UNDERSTUDY_PT_farm"
    bl_label = "Farm"
    bl_space_type = "SEQUENCE_EDITOR"
    bl_region_type = "UI"
    bl_category = "Understudy"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where a scene has Face Swap modifiers: Blender's own work needs no panel of ours."""
        scene = active_scene(context)
        return scene is not None and bool(settings_of(scene).modifiers)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the settings, the buttons, and what the last check found."""
        layout: Any = self.layout
        layout.use_property_decorate = False
        scene = active_scene(context)
        settings = settings_of(scene).farm
        names = ["engine", "use_automatic_chunk", "workers", "prepare_first", "strict", "output"]
        if not settings.use_automatic_chunk:
            names.insert(2, "chunk")
        fields = [Field(settings, name) for name in names]
        is_narrow = not fit_side_by_side(context, fields)
        for field in fields:
            draw_field(layout, context, field, is_narrow=is_narrow)
        buttons = row_or_column(layout, context, ("Check", "Write Job"))
        buttons.operator("understudy.farm_check", icon="VIEWZOOM")
        buttons.operator("understudy.farm_write_job", icon="FILE_NEW")
        state = window_state()
        if not bpy.data.filepath:
            draw_text(layout, context, "Save the project first: workers read the file", "INFO", _TABS_PIXELS)
        elif state.farm_lines and state.farm_scene == scene.name:
            column = layout.box().column()
            for line in state.farm_lines:
                draw_text(column, context, line.text, _ICONS[line.level], _TABS_PIXELS + BOX_PIXELS)


CLASSES = (UNDERSTUDY_PT_farm,)


def register() -> None:
    """Add the panel."""
    for entry in CLASSES:
        bpy.utils.register_class(entry)


def unregister() -> None:
    """Remove the panel."""
    for entry in reversed(CLASSES):
        bpy.utils.unregister_class(entry)
