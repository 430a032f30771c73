# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators on the masks of a modifier: use one, use it no more, and draw outlines in the preview."""

from typing import Any

import bpy
from bpy.props import IntProperty

from ...core.recipe.roto import MAX_MASKS
from ..blender.preview_areas import preview_areas
from ..blender.reports import report
from ..modifiers.active import active_scene
from ..modifiers.mask_drawing import add_mask, add_outline, mask_placement
from ..properties.update import tag_update
from ..sequencer.placement import Placement, frame_size, preview_placement, view_placement
from .list_entry import has_entry
from .outline_drawing import MIN_POINTS, OutlineDrawing
from .requires_modifier import RequiresModifier, activate_modifier
from .visible_frame import VisibleFrame, find_visible_frame

NEW_MASK = -1
"""As the index of a mask: one that there is not yet."""
_CLOSE_PIXELS = 10
"""How near to the first point a click closes the outline."""
_STATUS = (
    "Click: Add Point   Enter or Click First Point: Close   Backspace: Remove Point   S: Smooth   "
    "Esc or Right Click: Cancel"
)
_CONFIRM, _CANCEL = ("RET", "NUMPAD_ENTER"), ("ESC", "RIGHTMOUSE")
_NAVIGATION = ("MIDDLEMOUSE", "WHEELUPMOUSE", "WHEELDOWNMOUSE", "TRACKPADPAN", "TRACKPADZOOM", "HOME")


class UNDERSTUDY_OT_mask_draw(RequiresModifier, bpy.types.Operator):
    """Draw an outline around what is to show the original, point by point in the preview."""

    bl_idname = "understudy.mask_draw"
    bl_label = "Draw Mask"
    bl_description = (
        "Click around a hand, hair or a thing before the face in the preview; Enter closes the outline, and the "
        "original is shown within it. A change costs: blends the frames again"
    )
    bl_options = {"UNDO"}

    index: IntProperty(  # type: ignore[valid-type]
        name="Mask",
        description="Which mask of the modifier, counted from 0; -1 for a new one",
        default=NEW_MASK,
        min=NEW_MASK,
    )

    def invoke(self, context: bpy.types.Context, _event: Any) -> set[Any]:
        """Begin to draw in the preview."""
        target = _find_target(self, context, self.index)
        if target is None:
            return {"CANCELLED"}
        scene, strip = target.scene, target.strip
        preview = _preview_of(context)
        if preview is None:
            report(self, "ERROR", "No preview is open: show the Video Sequencer's preview first")
            return {"CANCELLED"}
        window, area, region = preview
        self._modifier, self._frame = target.modifier.name, scene.frame_current
        self._drawing = OutlineDrawing(area, region, lambda: _to_region(scene, strip, region))
        self._drawing.open()
        window.workspace.status_text_set(_STATUS)
        context.window_manager.modal_handler_add(self)  # type: ignore[union-attr]
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: Any) -> set[Any]:
        """Take points until the outline is closed."""
        drawing = self._drawing
        if active_scene(context).frame_current != self._frame:
            return self._end(context, {"CANCELLED"})
        if event.type == "MOUSEMOVE":
            drawing.point_at(event.mouse_x, event.mouse_y)
            return {"RUNNING_MODAL"}
        if event.type in _NAVIGATION:
            return {"PASS_THROUGH"}
        if event.value != "PRESS":
            return {"RUNNING_MODAL"}
        if event.type in _CANCEL:
            return self._end(context, {"CANCELLED"})
        if event.type in _CONFIRM or (
            event.type == "LEFTMOUSE" and drawing.is_near_first(event.mouse_x, event.mouse_y, _CLOSE_PIXELS)
        ):
            return self._finish(context)
        if event.type == "LEFTMOUSE" and drawing.is_over(event.mouse_x, event.mouse_y):
            drawing.add(event.mouse_x, event.mouse_y)
        elif event.type == "BACK_SPACE":
            drawing.remove_last()
        elif event.type == "S":
            drawing.switch_smooth()
        return {"RUNNING_MODAL"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Leave: Blender closes the file or the window."""
        self._end(context, set())

    def _finish(self, context: bpy.types.Context) -> set[Any]:
        points, smooth = self._drawing.points, self._drawing.smooth
        if len(points) < MIN_POINTS:
            report(self, "WARNING", "An outline has three points at least: click some more")
            return {"RUNNING_MODAL"}
        self._end(context, set())
        target = _find_target(self, context, self.index)
        if target is None or target.modifier.name != self._modifier:
            return {"CANCELLED"}
        if self.index == NEW_MASK:
            entry = add_mask(target.modifier, self._frame, target.number)
        else:
            entry = target.modifier.masks[self.index]
        add_outline(entry, points, target.number, smooth=smooth)
        return {"FINISHED"}

    def _end(self, context: bpy.types.Context, result: set[Any]) -> set[Any]:
        self._drawing.close()
        if context.workspace is not None:
            context.workspace.status_text_set(None)
        return result


def _find_target(operator: Any, context: bpy.types.Context, index: int) -> VisibleFrame | None:
    """Return over what a mask of this place is drawn; None, and why in a report, where none can be."""
    target = find_visible_frame(operator, context)
    if target is None:
        return None
    modifier = target.modifier
    if index == NEW_MASK and len(modifier.masks) >= MAX_MASKS:
        report(operator, "ERROR", f"{modifier.name} has {MAX_MASKS} masks already: remove some")
        return None
    if index >= len(modifier.masks):
        return None
    mask = None if index == NEW_MASK else modifier.masks[index].mask
    if mask is not None and mask.library is not None:
        report(operator, "ERROR", f"{mask.name} is linked from another file: make it local first")
        return None
    return target


def _preview_of(context: bpy.types.Context) -> tuple[Any, Any, Any] | None:
    """Return a window, an area and a region of a preview in it: the window at hand, which gets the clicks."""
    window = context.window or next(iter(context.window_manager.windows), None)  # type: ignore[union-attr]
    for area in [] if window is None else preview_areas(window):
        region = next((region for region in area.regions if region.type == "PREVIEW"), None)
        if region is not None and region.width > 1:
            return window, area, region
    return None


def _to_region(scene: bpy.types.Scene, strip: Any, region: Any) -> Placement:
    """Return where the numbers of masks are in a preview's region."""
    size = frame_size(scene, strip)
    return mask_placement(preview_placement(scene, strip, size).then(view_placement(region)), size)


class UNDERSTUDY_OT_mask_add(RequiresModifier, bpy.types.Operator):
    """Use a mask that there is."""

    bl_idname = "understudy.mask_add"
    bl_label = "Use Mask"
    bl_description = "Add a line to choose a mask in that was drawn elsewhere"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Add a line."""
        target = _find_target(self, context, NEW_MASK)
        if target is None:
            return {"CANCELLED"}
        add_mask(target.modifier, target.scene.frame_current, target.number)
        return {"FINISHED"}


class UNDERSTUDY_OT_mask_remove(RequiresModifier, bpy.types.Operator):
    """Use a mask no more."""

    bl_idname = "understudy.mask_remove"
    bl_label = "Remove Mask"
    bl_description = "Use this mask no more; it stays in the file"
    bl_options = {"REGISTER", "UNDO"}

    index: IntProperty(name="Mask", description="Which mask, counted from 0", min=0)  # type: ignore[valid-type]

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Remove it from the modifier."""
        modifier = activate_modifier(context)
        if modifier is None or not has_entry(self, modifier.masks, "mask"):
            return {"CANCELLED"}
        modifier.masks.remove(self.index)
        tag_update(modifier, context)
        return {"FINISHED"}


CLASSES = (UNDERSTUDY_OT_mask_draw, UNDERSTUDY_OT_mask_add, UNDERSTUDY_OT_mask_remove)
