# SPDX-License-Identifier: GPL-3.0-or-later
"""The takes of a modifier in its panel: arrows and a menu that show another, and a list with faces and names."""

from typing import Any

import bpy

from ...core.recipe.request import FaceImage
from ..blender.wrapped_text import draw_text
from ..modifiers.active import MODIFIER_POINTER, active_modifier, active_scene
from ..modifiers.takes import active_take_place
from ..prepare.strip_facts import source_image_view
from ..properties.scene_properties import recipe_of
from ..properties.source_image_files import source_image_path
from ..properties.take_properties import identity_of_take, loaded_take_place

_MIN_ROWS = 5


class UNDERSTUDY_UL_takes(bpy.types.UIList):
    """The takes, each with the face of its first image."""

    bl_idname = "UNDERSTUDY_UL_takes"

    def draw_item(
        self,
        context: Any,
        layout: Any,
        data: Any,
        item: Any,
        _icon: Any,
        _active_data: Any,
        _active_property: Any,
        index: Any = 0,
        _flag: Any = 0,
    ) -> None:
        """Draw a take: its face, its name, and whether it has settings of its own."""
        face = take_icon(active_scene(context), data, index)
        if face is None:
            layout.prop(item, "name", text="", emboss=False, icon="USER")
        else:
            layout.prop(item, "name", text="", emboss=False, icon_value=face)
        if item.has_own_values:
            layout.label(text="", icon="OPTIONS")


class UNDERSTUDY_MT_takes(bpy.types.Menu):
    """Show one of the takes."""

    bl_idname = "UNDERSTUDY_MT_takes"
    bl_label = "Takes"
    bl_description = "Show and render one of the takes"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw an entry for each take."""
        layout: Any = self.layout
        modifier = active_modifier(context)
        if modifier is None:
            return
        layout.context_pointer_set(MODIFIER_POINTER, modifier)
        for place, take in enumerate(modifier.takes):
            icon = take_icon(active_scene(context), modifier, place)
            shown = {"icon": "USER"} if icon is None else {"icon_value": icon}
            entry = layout.operator("understudy.take_choose", text=take.name, translate=False, **shown)
            entry.index = place


def take_icon(scene: bpy.types.Scene, modifier: Any, place: int) -> int | None:
    """Return the icon of the face in the first image of a take; None where it is not known, or not yet."""
    images = [image for image in identity_of_take(modifier, place).pictures if image.filepath]
    if not images:
        return None
    image = FaceImage(source_image_path(images[0]), images[0].face_number)
    view = source_image_view(scene, image, recipe_of(modifier).detect)
    return None if view is None else view.icon


def draw_takes(layout: Any, context: bpy.types.Context, modifier: Any) -> None:
    """Draw the takes of a modifier; only a button that adds one where it has none."""
    count = len(modifier.takes)
    if not count:
        row = layout.row(align=True)
        row.operator("understudy.take_add", icon="ADD")
        row.operator("understudy.takes_add_images", text="", icon="FILEBROWSER")
        return
    place = active_take_place(modifier)
    row = layout.row(align=True)
    row.operator("understudy.take_step", text="", icon="TRIA_LEFT").direction = "PREVIOUS"
    row.menu(UNDERSTUDY_MT_takes.bl_idname, text=modifier.takes[place].name, translate=False)
    row.operator("understudy.take_step", text="", icon="TRIA_RIGHT").direction = "NEXT"
    row = layout.row()
    row.template_list(
        UNDERSTUDY_UL_takes.bl_idname, "", modifier, "takes", modifier, "active_take", rows=_MIN_ROWS
    )
    column = row.column(align=True)
    column.operator("understudy.take_add", text="", icon="ADD")
    column.operator("understudy.takes_add_images", text="", icon="FILEBROWSER")
    column.operator("understudy.take_remove", text="", icon="REMOVE")
    column.operator("understudy.take_duplicate", text="", icon="DUPLICATE")
    column.separator()
    column.operator("understudy.take_move", text="", icon="TRIA_UP").direction = "UP"
    column.operator("understudy.take_move", text="", icon="TRIA_DOWN").direction = "DOWN"
    layout.prop(modifier, "active_take", text="Shown Take")
    loaded = loaded_take_place(modifier)
    if place != loaded:
        name = modifier.takes[loaded].name
        draw_text(layout, context, f"Below are the images and settings of {name}", "INFO")
        layout.operator("understudy.take_edit")
    own = modifier.takes[place].has_own_values
    layout.operator(
        "understudy.take_own_settings", icon="CHECKBOX_HLT" if own else "CHECKBOX_DEHLT", depress=own
    )
    layout.operator("understudy.prepare_takes", icon="RENDER_ANIMATION")


CLASSES: tuple[Any, ...] = (UNDERSTUDY_UL_takes, UNDERSTUDY_MT_takes)
