# SPDX-License-Identifier: GPL-3.0-or-later
"""Dragging what the landmark overlay draws: one drag corrects the current frame, and is one step of undo."""

from dataclasses import replace
from typing import Any, cast

import bpy

from ...core.errors import RecipeError
from ...core.recipe.landmark_drag import Control, Point, drag_control
from ...core.recipe.landmark_edits import LandmarkKey
from ..modifiers.active import active_modifier
from ..modifiers.landmark_edits import add_edit, remove_edit, remove_key, set_key
from ..properties.landmark_state import landmark_state
from ..properties.status import set_window_state
from .landmark_view import FaceView, LandmarkView, landmark_view


class UNDERSTUDY_GT_landmarks(bpy.types.Gizmo):
    """The controls of the faces in a preview."""

    bl_idname = "UNDERSTUDY_GT_landmarks"

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw nothing: the overlay draws the controls."""

    def test_select(self, context: Any, location: Any) -> int:
        """Tell whether the pointer is at a control."""
        view = landmark_view(context)
        near = None if view is None else view.control_at(*location)
        pointed = "" if near is None else f"{near[0]} {near[1]}"
        if landmark_state().pointed != pointed:
            landmark_state().pointed = pointed
        return -1 if near is None else 0

    def invoke(self, context: Any, event: Any) -> set[Any]:
        """Begin to drag the control at the pointer."""
        view = landmark_view(context)
        near = None if view is None else view.control_at(event.mouse_region_x, event.mouse_region_y)
        if view is None or near is None:
            return {"CANCELLED"}
        start = _frame_point(view, event)
        self.landmark_drag = _Drag(view.number, view.faces[near[0]], near[1], start)
        return {"RUNNING_MODAL"}

    def modal(self, context: Any, event: Any, _tweak: Any) -> set[Any]:
        """Have the control follow the pointer."""
        view, modifier = landmark_view(context), active_modifier(context)
        if view is not None and modifier is not None and view.number == self.landmark_drag.number:
            try:
                self.landmark_drag.go_to(modifier, _frame_point(view, event))
            except RecipeError as error:
                set_window_state("notice", str(error))
        return {"RUNNING_MODAL"}

    def exit(self, context: Any, cancel: Any) -> None:
        """Keep the correction, or take it back."""
        modifier = active_modifier(context)
        landmark_state().pointed = ""
        if modifier is None or not self.landmark_drag.has_moved:
            return
        if cancel:
            self.landmark_drag.take_back(modifier)
        else:
            bpy.ops.ed.undo_push(message="Edit Landmarks")


class _Drag:
    """One drag of a control. It keeps nothing of Blender's."""

    def __init__(self, number: int, face: FaceView, control: Control, start: Point) -> None:
        self.number = number
        self.has_moved = False
        self._face, self._control, self._start = face, control, start
        self._edit = face.edit

    def go_to(self, modifier: Any, goal: Point) -> None:
        """Have the correction follow the pointer. RecipeError where no correction can be added."""
        key = drag_control(self._face.landmarks, self._face.key, self._control, self._start, goal)
        if not self.has_moved and key == self._face.key:
            return
        key = replace(key, frame=self.number)
        if self._edit < 0:
            self._edit = add_edit(modifier, key, self._face.face)
        else:
            set_key(modifier, self._edit, key)
        self.has_moved = True

    def take_back(self, modifier: Any) -> None:
        """Leave the modifier as it was before the drag."""
        before: LandmarkKey = self._face.key
        if self._face.edit < 0:
            remove_edit(modifier, self._edit)
        elif self._face.is_keyed:
            set_key(modifier, self._edit, before)
        else:
            remove_key(modifier, self._edit, self.number)


def _frame_point(view: LandmarkView, event: Any) -> Point:
    """Return where the pointer is in the frame, in its pixels."""
    return view.to_region.inverse().apply(event.mouse_region_x, event.mouse_region_y)


class UNDERSTUDY_GGT_landmarks(bpy.types.GizmoGroup):
    """What can be dragged in a preview that shows landmarks."""

    bl_idname = "UNDERSTUDY_GGT_landmarks"
    bl_label = "Landmarks"
    bl_space_type = "SEQUENCE_EDITOR"
    bl_region_type = "PREVIEW"
    bl_options: Any = {"PERSISTENT", "SHOW_MODAL_ALL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only while handles are shown."""
        return bool(landmark_state().is_editing)

    def setup(self, _context: bpy.types.Context) -> None:
        """Make the controls."""
        cast("Any", self).gizmos.new(UNDERSTUDY_GT_landmarks.bl_idname)


_CLASSES: tuple[Any, ...] = (UNDERSTUDY_GT_landmarks, UNDERSTUDY_GGT_landmarks)


def register() -> None:
    """Add what can be dragged."""
    for entry in _CLASSES:
        bpy.utils.register_class(entry)


def unregister() -> None:
    """Take it out again."""
    for entry in reversed(_CLASSES):
        bpy.utils.unregister_class(entry)
