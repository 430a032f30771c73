# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators on the takes of a modifier: add, remove, duplicate, move, and show another."""

from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, CollectionProperty, EnumProperty, IntProperty, StringProperty

from ...core.errors import FaceImageError, RecipeError
from ..blender.reports import report
from ..layers.take_layers import point_layers, remove_unused_images
from ..modifiers.active import active_modifier, active_scene
from ..modifiers.stack import stack_of
from ..modifiers.takes import (
    active_take_place,
    add_person,
    add_take,
    duplicate_take,
    layers_ids,
    load_take,
    move_take,
    remove_take,
    set_own_values,
)
from ..properties.source_image_files import chosen_face_images
from .list_entry import has_entry
from .requires_modifier import RequiresModifier, activate_modifier


class _RequiresTakes(RequiresModifier):
    """Needs a modifier with takes."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only with takes to choose from."""
        if not super().poll(context):
            return False
        modifier = active_modifier(context)
        if modifier is None or not len(modifier.takes):
            cls.poll_message_set("The modifier has no takes: add one")  # type: ignore[attr-defined]
            return False
        return True


class UNDERSTUDY_OT_take_add(RequiresModifier, bpy.types.Operator):
    """Add a take: another source person for the same face."""

    bl_idname = "understudy.take_add"
    bl_label = "Add Take"
    bl_description = (
        "Add a take, another source person for the same face, and show it. What was there stays a take too"
    )
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Add the take and show it."""
        return _add(self, context, is_copy=False)


class UNDERSTUDY_OT_takes_add_images(RequiresModifier, bpy.types.Operator):
    """Add a take for each image that is chosen."""

    bl_idname = "understudy.takes_add_images"
    bl_label = "Add Takes from Images"
    bl_description = (
        "Add a take for each image that you choose, another source person each, and show the first of them"
    )
    bl_options = {"REGISTER", "UNDO"}

    directory: StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})  # type: ignore[valid-type]
    files: CollectionProperty(type=bpy.types.OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"})  # type: ignore[valid-type]
    filter_image: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})  # type: ignore[valid-type]
    filter_folder: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})  # type: ignore[valid-type]

    def invoke(self, context: Any, _event: Any) -> set[Any]:
        """Let the editor choose the images."""
        activate_modifier(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Add the takes and show the first of them."""
        modifier = activate_modifier(context)
        names = [entry.name for entry in self.files if entry.name]
        if modifier is None or not names:
            report(self, "ERROR", "No image is chosen: select an image of each person")
            return {"CANCELLED"}
        images = [str(Path(self.directory) / name) for name in names]
        places = []
        try:
            chosen_face_images(images)
            for image in images:
                name = Path(image).stem
                places.append(add_person(modifier, name, [(image, 0)]))
        except (FaceImageError, RecipeError) as error:
            report(self, "ERROR", str(error))
        if not places:
            return {"CANCELLED"}
        _show(context, modifier, places[0])
        return {"FINISHED"}


class UNDERSTUDY_OT_take_duplicate(_RequiresTakes, bpy.types.Operator):
    """Add a copy of the active take, with its images and settings."""

    bl_idname = "understudy.take_duplicate"
    bl_label = "Duplicate Take"
    bl_description = "Add a copy of the active take, with its images and settings, and show it"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Add the copy and show it."""
        return _add(self, context, is_copy=True)


class UNDERSTUDY_OT_take_remove(_RequiresTakes, bpy.types.Operator):
    """Remove the active take and its layer images."""

    bl_idname = "understudy.take_remove"
    bl_label = "Remove Take"
    bl_description = "Remove the active take and its layer images"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Remove the take."""
        scene, modifier = active_scene(context), activate_modifier(context)
        if modifier is None:
            return {"CANCELLED"}
        strip_id = modifier.strip_id
        before = layers_ids(strip_id, stack_of(scene, strip_id))
        try:
            remove_take(modifier, active_take_place(modifier))
        except RecipeError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        point_layers(scene)
        remove_unused_images(scene, strip_id, before)
        return {"FINISHED"}


class UNDERSTUDY_OT_take_move(_RequiresTakes, bpy.types.Operator):
    """Move the active take in the list."""

    bl_idname = "understudy.take_move"
    bl_label = "Move Take"
    bl_description = "Move the active take in the list; keyframes go on showing the same takes"
    bl_options = {"REGISTER", "UNDO"}

    direction: EnumProperty(  # type: ignore[valid-type]
        name="Direction", items=(("UP", "Up", "Towards the first"), ("DOWN", "Down", "Towards the last"))
    )

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Move the take."""
        modifier = activate_modifier(context)
        if modifier is None:
            return {"CANCELLED"}
        here = active_take_place(modifier)
        there = here + (-1 if self.direction == "UP" else 1)
        if not 0 <= there < len(modifier.takes):
            return {"CANCELLED"}
        move_take(modifier, here, there)
        return {"FINISHED"}


class UNDERSTUDY_OT_take_step(_RequiresTakes, bpy.types.Operator):
    """Show the previous or the next take."""

    bl_idname = "understudy.take_step"
    bl_label = "Next Take"
    bl_description = "Show the next take, or the previous one; after the last comes the first"
    bl_options = {"REGISTER", "UNDO"}

    direction: EnumProperty(  # type: ignore[valid-type]
        name="Direction",
        items=(("NEXT", "Next", "Towards the last"), ("PREVIOUS", "Previous", "Towards the first")),
    )

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Show the take."""
        modifier = activate_modifier(context)
        if modifier is None:
            return {"CANCELLED"}
        step = 1 if self.direction == "NEXT" else -1
        _show(context, modifier, (active_take_place(modifier) + step) % len(modifier.takes))
        return {"FINISHED"}


class UNDERSTUDY_OT_take_choose(_RequiresTakes, bpy.types.Operator):
    """Show this take."""

    bl_idname = "understudy.take_choose"
    bl_label = "Show Take"
    bl_description = "Show and render this take"
    bl_options = {"REGISTER", "UNDO"}

    index: IntProperty(name="Index", min=0)  # type: ignore[valid-type]

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Show the take."""
        modifier = activate_modifier(context)
        if modifier is None or not has_entry(self, modifier.takes, "take"):
            return {"CANCELLED"}
        _show(context, modifier, self.index)
        return {"FINISHED"}


class UNDERSTUDY_OT_take_edit(_RequiresTakes, bpy.types.Operator):
    """Edit the take that keyframes show at this frame."""

    bl_idname = "understudy.take_edit"
    bl_label = "Edit Shown Take"
    bl_description = (
        "Show the images and settings of the take that keyframes show at this frame, to edit them"
    )
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Load the take."""
        modifier = activate_modifier(context)
        if modifier is None:
            return {"CANCELLED"}
        load_take(modifier, active_take_place(modifier))
        return {"FINISHED"}


class UNDERSTUDY_OT_take_own_settings(_RequiresTakes, bpy.types.Operator):
    """Give the active take settings of its own, or have it share those of the others again."""

    bl_idname = "understudy.take_own_settings"
    bl_label = "Own Settings"
    bl_description = (
        "Give the active take settings of its own for swap, mask, color and blend; "
        "otherwise it shares them with the other takes"
    )
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Switch it over."""
        modifier = activate_modifier(context)
        if modifier is None:
            return {"CANCELLED"}
        place = active_take_place(modifier)
        set_own_values(modifier, place, has_own=not modifier.takes[place].has_own_values)
        modifier.id_data.update_tag()
        return {"FINISHED"}


def _add(operator: Any, context: bpy.types.Context, *, is_copy: bool) -> set[Any]:
    modifier = activate_modifier(context)
    if modifier is None:
        return {"CANCELLED"}
    try:
        if is_copy:
            duplicate_take(modifier, active_take_place(modifier))
        else:
            add_take(modifier)
    except RecipeError as error:
        report(operator, "ERROR", str(error))
        return {"CANCELLED"}
    _show(context, modifier, len(modifier.takes) - 1)
    return {"FINISHED"}


def _show(context: bpy.types.Context, modifier: Any, place: int) -> None:
    modifier.active_take = place
    point_layers(active_scene(context))


CLASSES = (
    UNDERSTUDY_OT_take_add,
    UNDERSTUDY_OT_takes_add_images,
    UNDERSTUDY_OT_take_duplicate,
    UNDERSTUDY_OT_take_remove,
    UNDERSTUDY_OT_take_move,
    UNDERSTUDY_OT_take_step,
    UNDERSTUDY_OT_take_choose,
    UNDERSTUDY_OT_take_edit,
    UNDERSTUDY_OT_take_own_settings,
)
