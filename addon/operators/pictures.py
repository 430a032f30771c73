# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators on who plays the part: add and remove a picture of the person."""

from pathlib import Path
from typing import Any

import bpy
from bpy.props import IntProperty, StringProperty

from ...core.errors import UnderstudyError
from ..active import active_modifier, active_scene
from ..casting_check import check_beside
from ..folders import cache_folder
from ..preferences import preferences
from ..properties import casting_of
from ..session import open_session
from ..stack import add_picture
from .modifiers import _OnModifier


class UNDERSTUDY_OT_picture_add(_OnModifier, bpy.types.Operator):
    """Choose a picture that shows the face of the person who plays the part."""

    bl_idname = "understudy.picture_add"
    bl_label = "Add Picture"
    bl_description = "Choose a picture that shows the face of the person who plays the part"
    bl_options = {"REGISTER", "UNDO"}

    filepath: StringProperty(subtype="FILE_PATH")  # type: ignore[valid-type]
    filter_image: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})  # type: ignore[valid-type]
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})  # type: ignore[valid-type]

    def invoke(self, context: Any, _event: Any) -> set[Any]:
        """Let the editor choose the file."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Add the picture, and say at once if it can't be used."""
        scene, modifier = active_scene(context), active_modifier(context)
        if modifier is None:
            return {"CANCELLED"}
        if not Path(bpy.path.abspath(self.filepath)).is_file():
            self.report({"ERROR"}, f"There is no picture {self.filepath!r}: choose a file")
            return {"CANCELLED"}
        add_picture(modifier, self.filepath)
        if not bpy.app.background:
            check_beside(modifier.name, casting_of(modifier), cache_folder(scene), preferences())
            return {"FINISHED"}
        session = open_session(cache_folder(scene), preferences())
        try:
            session.check((casting_of(modifier),))
        except UnderstudyError as error:
            self.report({"WARNING"}, str(error))
        finally:
            session.close()
        return {"FINISHED"}


class UNDERSTUDY_OT_picture_remove(_OnModifier, bpy.types.Operator):
    """Remove this picture from the person who plays the part."""

    bl_idname = "understudy.picture_remove"
    bl_label = "Remove Picture"
    bl_description = "Remove this picture from the person who plays the part"
    bl_options = {"REGISTER", "UNDO"}

    index: IntProperty(name="Index", min=0)  # type: ignore[valid-type]

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Remove the picture."""
        modifier = active_modifier(context)
        if modifier is None or self.index >= len(modifier.identity.pictures):
            self.report({"ERROR"}, f"There is no picture number {self.index + 1}")
            return {"CANCELLED"}
        modifier.identity.pictures.remove(self.index)
        return {"FINISHED"}


CLASSES = (UNDERSTUDY_OT_picture_add, UNDERSTUDY_OT_picture_remove)
