# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators on corrections of landmarks: show the handles, place a face, key, range, remove."""

from contextlib import closing
from typing import Any, cast

import bpy
from bpy.props import EnumProperty, IntProperty

from ...core.errors import RecipeError, UnderstudyError
from ...core.face.types import LANDMARK_COUNT
from ...core.media.clip_info_cache import NotCachedError
from ...core.recipe.landmark_drag import place_from, place_in_frame
from ...core.recipe.landmark_edits import LandmarkKey
from ..blender.preview_areas import preview_areas
from ..blender.reports import report
from ..layers.folders import cache_folder
from ..lookups.gallery import lookup_cache
from ..lookups.landmark_lookup import FrameLandmarks, landmark_lookup
from ..modifiers.landmark_edits import (
    add_edit,
    edit_index_at,
    insert_key,
    remove_edit,
    remove_key,
)
from ..prepare.source_frames import visible_frames
from ..properties.landmark_state import landmark_state
from ..properties.preferences import preferences
from ..sessions.open import open_preview
from .list_entry import has_entry
from .requires_modifier import RequiresModifier, activate_modifier
from .visible_frame import find_visible_frame, go_to_entry, set_range_end


class UNDERSTUDY_OT_landmarks_edit(RequiresModifier, bpy.types.Operator):
    """Show handles on the faces in the preview, or hide them."""

    bl_idname = "understudy.landmarks_edit"
    bl_label = "Edit Landmarks"
    bl_description = (
        "Show handles on the face in the preview. A drag corrects the current frame. A change costs: swaps the "
        "corrected frames again"
    )
    bl_options = {"REGISTER"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Show or hide them."""
        if activate_modifier(context) is None:
            return {"CANCELLED"}
        if landmark_state().is_editing:
            landmark_state().is_editing = False
        else:
            _show_handles()
        return {"FINISHED"}


def _show_handles() -> None:
    """Show the handles, in every preview."""
    landmark_state().is_editing = True
    for window in cast("Any", bpy.data.window_managers[0]).windows:
        for area in preview_areas(window):
            area.spaces.active.show_gizmo = True  # Blender hands no drag to gizmos that are hidden


class UNDERSTUDY_OT_landmarks_place(RequiresModifier, bpy.types.Operator):
    """Put a face where none was found."""

    bl_idname = "understudy.landmarks_place"
    bl_label = "Place Face"
    bl_description = (
        "Put a face where none is found in the current frame: drag its eyes and its mouth to where they are. It begins "
        "where the face is in the frame beside, or in the middle"
    )
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Add a correction that places a face, and show its handles."""
        visible = find_visible_frame(self, context)
        if visible is None:
            return {"CANCELLED"}
        scene, strip, modifier, number = visible
        if edit_index_at(modifier, number, None) >= 0:
            report(self, "INFO", "A face is placed in this frame already: drag it")
        else:
            known: FrameLandmarks | None = lookup_cache().get_or_fetch(
                landmark_lookup(scene, strip, modifier, number)
            )
            if known is None:
                report(self, "ERROR", "This frame is not prepared: press Prepare Clip first")
                return {"CANCELLED"}
            beside = [face for face in (*known.before, *known.after) if len(face) == LANDMARK_COUNT]
            place = place_from(beside[0]) if beside else place_in_frame(*known.size)
            try:
                add_edit(modifier, LandmarkKey(number, place=place), None)
            except RecipeError as error:
                report(self, "ERROR", str(error))
                return {"CANCELLED"}
        _show_handles()
        return {"FINISHED"}


class UNDERSTUDY_OT_landmark_edit_remove(RequiresModifier, bpy.types.Operator):
    """Leave the face's landmarks as they were found."""

    bl_idname = "understudy.landmark_edit_remove"
    bl_label = "Remove Correction"
    bl_description = "Leave the face's landmarks in these frames as they were found"
    bl_options = {"REGISTER", "UNDO"}

    index: IntProperty(name="Correction", description="Which correction, counted from 0", min=0)  # type: ignore[valid-type]

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Remove it."""
        modifier = activate_modifier(context)
        if modifier is None or not has_entry(self, modifier.landmark_edits, "correction"):
            return {"CANCELLED"}
        remove_edit(modifier, self.index)
        return {"FINISHED"}


class UNDERSTUDY_OT_landmark_edit_go(RequiresModifier, bpy.types.Operator):
    """Go to a correction and show its handles."""

    bl_idname = "understudy.landmark_edit_go"
    bl_label = "Go to Correction"
    bl_description = "Go to the first visible frame of this correction, and show its handles"
    bl_options = {"REGISTER"}

    index: IntProperty(name="Correction", description="Which correction, counted from 0", min=0)  # type: ignore[valid-type]

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Go there."""
        if not go_to_entry(self, context, "landmark_edits", "correction"):
            return {"CANCELLED"}
        _show_handles()
        return {"FINISHED"}


class UNDERSTUDY_OT_landmark_edit_set(RequiresModifier, bpy.types.Operator):
    """Have a correction begin or end elsewhere."""

    bl_idname = "understudy.landmark_edit_set"
    bl_label = "Set Range of Correction"
    bl_description = "Have the correction begin or end at the current frame"
    bl_options = {"REGISTER", "UNDO"}

    index: IntProperty(name="Correction", description="Which correction, counted from 0", min=0)  # type: ignore[valid-type]
    end: EnumProperty(  # type: ignore[valid-type]
        name="End",
        items=(
            ("FIRST", "First", "It begins at the current frame"),
            ("LAST", "Last", "It ends at the current frame"),
            ("CUT", "Until Cut", "It ends before the next cut"),
        ),
    )

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        """Return the tooltip, by the end."""
        if properties.end == "CUT":
            return "Have the correction go on until the shot ends"
        return cls.bl_description

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Set one end; the other one goes along where it would be passed."""
        visible = find_visible_frame(self, context)
        if visible is None or not has_entry(self, visible.modifier.landmark_edits, "correction"):
            return {"CANCELLED"}
        scene, strip, modifier, number = visible
        entry = modifier.landmark_edits[self.index]
        if self.end != "CUT":
            set_range_end(entry, self.end, number)
        else:
            shown = max(visible_frames(scene, strip).by_frame.values(), default=entry.last)
            lookup = landmark_lookup(scene, strip, modifier, number)
            try:
                with closing(open_preview(cache_folder(scene), preferences())) as session:
                    entry.last = session.last_frame_of_shot(
                        lookup.source, entry.first, max(shown, entry.last), lookup.request
                    )
            except NotCachedError:
                report(self, "ERROR", "Not all frames until the cut are prepared: press Prepare Clip first")
                return {"CANCELLED"}
            except UnderstudyError as error:
                report(self, "ERROR", str(error))
                return {"CANCELLED"}
        return {"FINISHED"}


class UNDERSTUDY_OT_landmark_key_insert(RequiresModifier, bpy.types.Operator):
    """Key a correction in the current frame."""

    bl_idname = "understudy.landmark_key_insert"
    bl_label = "Insert Key"
    bl_description = (
        "Key the correction in the current frame as it is there. The range grows to this frame. Between keys the face "
        "goes straight from one to the other"
    )
    bl_options = {"REGISTER", "UNDO"}

    index: IntProperty(name="Correction", description="Which correction, counted from 0", min=0)  # type: ignore[valid-type]

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Insert the key."""
        visible = find_visible_frame(self, context)
        if visible is None or not has_entry(self, visible.modifier.landmark_edits, "correction"):
            return {"CANCELLED"}
        try:
            insert_key(visible.modifier, self.index, visible.number)
        except RecipeError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class UNDERSTUDY_OT_landmark_key_remove(RequiresModifier, bpy.types.Operator):
    """Remove a correction's key in the current frame."""

    bl_idname = "understudy.landmark_key_remove"
    bl_label = "Remove Key"
    bl_description = "Remove the correction's key in the current frame"
    bl_options = {"REGISTER", "UNDO"}

    index: IntProperty(name="Correction", description="Which correction, counted from 0", min=0)  # type: ignore[valid-type]

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Remove the key."""
        visible = find_visible_frame(self, context)
        if visible is None or not has_entry(self, visible.modifier.landmark_edits, "correction"):
            return {"CANCELLED"}
        if not remove_key(visible.modifier, self.index, visible.number):
            report(
                self, "INFO", "There is no key in this frame, or it is the only one: remove the correction"
            )
            return {"CANCELLED"}
        return {"FINISHED"}


CLASSES = (
    UNDERSTUDY_OT_landmarks_edit,
    UNDERSTUDY_OT_landmarks_place,
    UNDERSTUDY_OT_landmark_edit_remove,
    UNDERSTUDY_OT_landmark_edit_go,
    UNDERSTUDY_OT_landmark_edit_set,
    UNDERSTUDY_OT_landmark_key_insert,
    UNDERSTUDY_OT_landmark_key_remove,
)
