# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators on the ranges of frames that a modifier mends."""

from typing import Any

import bpy
from bpy.props import EnumProperty, IntProperty

from ...core.recipe.frame_ranges import MAX_RANGES
from ..blender.reports import report
from ..lookups.gallery import lookup_cache
from ..lookups.scan_lookup import problem_runs_of, scan_lookup
from ..properties.range_properties import DISMISS, EXCLUDE, HOLD, RANGE_KINDS, REDETECT
from ..properties.update import tag_update
from .list_entry import has_entry
from .requires_modifier import RequiresModifier, activate_modifier
from .visible_frame import find_visible_frame, go_to_entry, set_range_end

_TOOLTIPS = {
    EXCLUDE: "Leave the original face where the problem at the current frame is, or in the current frame where there "
    "is none. A change costs: blends these frames again",
    HOLD: "Carry the face's points from the frame before the problem at the current frame to the frame after it. "
    "A change costs: swaps these frames again",
    REDETECT: "Look for faces with other settings in the frames of the problem at the current frame; set in the list "
    "which. A change costs: analyzes and swaps these frames again",
    DISMISS: "Find the problem at the current frame good: it counts no more. No image changes. The list of ranges has "
    "it, and takes it back",
}


class UNDERSTUDY_OT_range_add(RequiresModifier, bpy.types.Operator):
    """Mend the problem at the current frame, or the current frame alone."""

    bl_idname = "understudy.range_add"
    bl_label = "Add Range"
    bl_description = (
        "Mend the frames of the problem at the current frame, or the current frame where there is none"
    )
    bl_options = {"REGISTER", "UNDO"}

    kind: EnumProperty(name="Kind", description="What is done in these frames", items=RANGE_KINDS)  # type: ignore[valid-type]

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        """Return the tooltip, by the kind of range."""
        return _TOOLTIPS[properties.kind]

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Add a range in frames of the clip."""
        visible = find_visible_frame(self, context)
        if visible is None:
            return {"CANCELLED"}
        modifier = visible.modifier
        if len(modifier.ranges) >= MAX_RANGES:
            report(self, "ERROR", f"{modifier.name} has {MAX_RANGES} ranges already: remove some")
            return {"CANCELLED"}
        span = _problem_span(*visible)
        if span is None and self.kind == DISMISS:
            report(self, "INFO", "There is no problem in this frame")
            return {"CANCELLED"}
        first, last = span or (visible.number, visible.number)
        entry = modifier.ranges.add()
        entry.kind, entry.first, entry.last = self.kind, first, last
        return {"FINISHED"}


def _problem_span(scene: bpy.types.Scene, strip: Any, modifier: Any, number: int) -> tuple[int, int] | None:
    """Return the frames of the problem that a frame of the clip is in; None where it is in none."""
    if modifier.scan_count:
        lookup = scan_lookup(scene, strip, modifier)
        result = lookup_cache().get_or_fetch(lookup)
        runs = () if result is None else problem_runs_of(lookup, result, modifier)
        around = [run for run in runs if run.first <= number <= run.last]
        if around:
            return min(run.first for run in around), max(run.last for run in around)
    return None


class UNDERSTUDY_OT_range_remove(RequiresModifier, bpy.types.Operator):
    """Show these frames as they were before."""

    bl_idname = "understudy.range_remove"
    bl_label = "Remove Range"
    bl_description = "Show these frames as they were before"
    bl_options = {"REGISTER", "UNDO"}

    index: IntProperty(name="Range", description="Which range, counted from 0", min=0)  # type: ignore[valid-type]

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Remove it."""
        modifier = activate_modifier(context)
        if modifier is None or not has_entry(self, modifier.ranges, "range"):
            return {"CANCELLED"}
        modifier.ranges.remove(self.index)
        tag_update(modifier, context)
        return {"FINISHED"}


class UNDERSTUDY_OT_range_go(RequiresModifier, bpy.types.Operator):
    """Go to a range."""

    bl_idname = "understudy.range_go"
    bl_label = "Go to Range"
    bl_description = "Go to the first visible frame of this range"
    bl_options = {"REGISTER"}

    index: IntProperty(name="Range", description="Which range, counted from 0", min=0)  # type: ignore[valid-type]

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Go there."""
        return {"FINISHED"} if go_to_entry(self, context, "ranges", "range") else {"CANCELLED"}


class UNDERSTUDY_OT_range_set(RequiresModifier, bpy.types.Operator):
    """Have a range begin or end at the current frame."""

    bl_idname = "understudy.range_set"
    bl_label = "Set to Current Frame"
    bl_description = "Have the range begin or end at the current frame"
    bl_options = {"REGISTER", "UNDO"}

    index: IntProperty(name="Range", description="Which range, counted from 0", min=0)  # type: ignore[valid-type]
    end: EnumProperty(  # type: ignore[valid-type]
        name="End",
        items=(("FIRST", "First", "Where the range begins"), ("LAST", "Last", "Where the range ends")),
    )

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Set one end; the other one goes along where it would be passed."""
        visible = find_visible_frame(self, context)
        if visible is None or not has_entry(self, visible.modifier.ranges, "range"):
            return {"CANCELLED"}
        set_range_end(visible.modifier.ranges[self.index], self.end, visible.number)
        return {"FINISHED"}


CLASSES = (
    UNDERSTUDY_OT_range_add,
    UNDERSTUDY_OT_range_remove,
    UNDERSTUDY_OT_range_go,
    UNDERSTUDY_OT_range_set,
)
