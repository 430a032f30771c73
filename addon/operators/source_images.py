# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators on the source person: add, remove and check an image, choose the face in it."""

from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import bpy
from bpy.props import EnumProperty, IntProperty, StringProperty

from ...core.errors import FaceImageError, UnderstudyError
from ...core.recipe.request import FaceImage
from ..blender.reports import report
from ..layers.folders import cache_folder
from ..lookups.gallery import refresh_lookups
from ..modifiers.active import active_scene
from ..modifiers.stack import add_source_image
from ..prepare.request_check import check_request_in_background
from ..prepare.strip_facts import source_image_view
from ..properties.preferences import preferences
from ..properties.scene_properties import recipe_of, request_of
from ..properties.source_image_files import chosen_face_images, source_image_path
from ..sessions.open import open_session
from .list_entry import has_entry
from .requires_modifier import RequiresModifier, activate_modifier

_DISPLAY_TYPES = ("DEFAULT", "LIST_VERTICAL", "LIST_HORIZONTAL", "THUMBNAIL")
"""How the file browser shows files, by Blender's own numbers: faces are told apart by thumbnails."""


class UNDERSTUDY_OT_picture_add(RequiresModifier, bpy.types.Operator):
    """Choose an image that shows the face of the source person."""

    bl_idname = "understudy.picture_add"
    bl_label = "Add Image"
    bl_description = "Choose an image that shows the face of the source person"
    bl_options = {"REGISTER", "UNDO"}

    filepath: StringProperty(subtype="FILE_PATH")  # type: ignore[valid-type]
    filter_image: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})  # type: ignore[valid-type]
    display_type: EnumProperty(  # type: ignore[valid-type]
        items=[(name, name.title(), "", number) for number, name in enumerate(_DISPLAY_TYPES)],
        default=_DISPLAY_TYPES[-1],
        options={"HIDDEN", "SKIP_SAVE"},
    )
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})  # type: ignore[valid-type]

    def invoke(self, context: Any, _event: Any) -> set[Any]:
        """Let the editor choose the file."""
        activate_modifier(context)
        if not self.filepath and bpy.data.filepath:
            # Else Blender fills in the project's own name, which a press of the button would take for the image.
            self.filepath = bpy.path.abspath("//")
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Add the image, and say at once if it can't be used."""
        scene, modifier = active_scene(context), activate_modifier(context)
        if modifier is None:
            return {"CANCELLED"}
        if not Path(bpy.path.abspath(self.filepath)).is_file():
            report(self, "ERROR", f"There is no image {self.filepath!r}: choose a file")
            return {"CANCELLED"}
        try:
            chosen_face_images([self.filepath])
        except FaceImageError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        add_source_image(modifier, self.filepath)
        if not bpy.app.background:
            check_request_in_background(
                modifier.name, request_of(modifier), cache_folder(scene), preferences()
            )
            return {"FINISHED"}
        try:
            with closing(open_session(cache_folder(scene), preferences())) as session:
                session.check((request_of(modifier),))
        except UnderstudyError as error:
            report(self, "WARNING", str(error))
        return {"FINISHED"}


class UNDERSTUDY_OT_picture_remove(RequiresModifier, bpy.types.Operator):
    """Remove this image of the source person."""

    bl_idname = "understudy.picture_remove"
    bl_label = "Remove Image"
    bl_description = "Remove this image of the source person"
    bl_options = {"REGISTER", "UNDO"}

    index: IntProperty(name="Index", min=0)  # type: ignore[valid-type]

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Remove the image."""
        modifier = activate_modifier(context)
        if modifier is None or not has_entry(self, modifier.identity.pictures, "image"):
            return {"CANCELLED"}
        modifier.identity.pictures.remove(self.index)
        return {"FINISHED"}


class UNDERSTUDY_OT_picture_face_choose(RequiresModifier, bpy.types.Operator):
    """Use this face of the image."""

    bl_idname = "understudy.picture_face_choose"
    bl_label = "Use This Face"
    bl_description = "Use this face of the image. Swaps the faces again"
    bl_options = {"REGISTER", "UNDO"}

    index: IntProperty(name="Index", min=0)  # type: ignore[valid-type]
    number: IntProperty(name="Face", description="Which face it is, counted from the left", min=1, max=64)  # type: ignore[valid-type]

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Set the number that the image keeps."""
        scene, modifier = active_scene(context), activate_modifier(context)
        if modifier is None or not has_entry(self, modifier.identity.pictures, "image"):
            return {"CANCELLED"}
        image = modifier.identity.pictures[self.index]
        path = source_image_path(image)
        known = source_image_view(scene, FaceImage(path, self.number), recipe_of(modifier).detect)
        if known is not None and known.icon is None:
            report(self, "ERROR", "; ".join(known.quality_issues))
            return {"CANCELLED"}
        image.face_number = self.number
        return {"FINISHED"}


class UNDERSTUDY_OT_picture_check(RequiresModifier, bpy.types.Operator):
    """Check which face this image shows, and whether it is good enough."""

    bl_idname = "understudy.picture_check"
    bl_label = "Check Image"
    bl_description = "Check which face this image shows, and whether it is good enough"
    bl_options = {"REGISTER"}

    index: IntProperty(name="Index", min=0)  # type: ignore[valid-type]

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Look at it beside the editor, or at once where there is none."""
        scene, modifier = active_scene(context), activate_modifier(context)
        request = None if modifier is None else request_of(modifier)
        if modifier is None or request is None or not has_entry(self, request.identity.images, "image"):
            return {"CANCELLED"}
        if not bpy.app.background:
            check_request_in_background(modifier.name, request, cache_folder(scene), preferences())
            return {"FINISHED"}
        try:
            with closing(open_session(cache_folder(scene), preferences())) as session:
                image = request.identity.images[self.index]
                faults = session.inspect_source_image(image, request.recipe.detect).quality_issues
                faults += session.other_person_warnings(request)
                with suppress(FaceImageError):  # each image has its own report
                    if request.recipe.swap.gives_shape:
                        session.neutral_source_face(request.identity, request.recipe.detect)
        except UnderstudyError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        refresh_lookups()
        report(self, "WARNING" if faults else "INFO", "; ".join(faults) or "The face is clearly visible")
        return {"FINISHED"}


CLASSES = (
    UNDERSTUDY_OT_picture_add,
    UNDERSTUDY_OT_picture_remove,
    UNDERSTUDY_OT_picture_face_choose,
    UNDERSTUDY_OT_picture_check,
)
