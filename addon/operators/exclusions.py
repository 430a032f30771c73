# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators on the ranges of frames in which a modifier leaves the original face."""

from typing import Any

import bpy
from bpy.props import EnumProperty, IntProperty

from ...core.recipe.exclusion import MAX_EXCLUSIONS
from ..blender.reports import report
from ..lookups.gallery import lookup_cache
from ..lookups.scan_lookup import problem_runs_of, scan_lookup
from ..modifiers.active import active_scene, active_strip
from ..prepare.source_frames import source_frame_at
from ..properties.update import tag_update
from .requires_modifier import RequiresModifier, activate_modifier


class UNDERSTUDY_OT_exclusion_add(RequiresModifier, bpy.types.Operator):
    """Leave the original face in the problem at the current frame, or in the current frame."""

    bl_idname = "understudy.exclusion_add"
    bl_label = "Exclude Frames"
    bl_description = (
        "Leave the original face where the problem at the current frame is, or in the current frame where there is "
        "none. A change costs: blends these frames again"
    )
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Add a range in frames of the clip."""
        scene, strip, modifier = active_scene(context), active_strip(context), activate_modifier(context)
        if strip is None or modifier is None:
            return {"CANCELLED"}
        number = source_frame_at(scene, strip, scene.frame_current)
        if number is None:
            report(self, "ERROR", f"{strip.name} shows no frame here: go to a frame of it first")
            return {"CANCELLED"}
        if len(modifier.exclusions) >= MAX_EXCLUSIONS:
            report(self, "ERROR", f"{modifier.name} has {MAX_EXCLUSIONS} ranges already: remove some")
            return {"CANCELLED"}
        first, last = _problem_span(scene, strip, modifier, number)
        entry = modifier.exclusions.add()
        entry.first, entry.last = first, last
        return {"FINISHED"}


def _problem_span(scene: bpy.types.Scene, strip: Any, modifier: Any, number: int) -> tuple[int, int]:
    """Return the frames of the problem that a frame of the clip is in; the frame alone where it is in none."""
    if modifier.scan_count:
        lookup = scan_lookup(scene, strip, modifier)
        result = lookup_cache().get_or_fetch(lookup)
        runs = () if result is None else problem_runs_of(lookup, result, modifier)
        around = [run for run in runs if run.first <= number <= run.last]
        if around:
            return min(run.first for run in around), max(run.last for run in around)
    return number, number


class UNDERSTUDY_OT_exclusion_remove(RequiresModifier, bpy.types.Operator):
    """Show the new face in this range again."""

    bl_idname = "understudy.exclusion_remove"
    bl_label = "Remove Range"
    bl_description = "Show the new face in this range again. A change costs: blends these frames again"
    bl_options = {"REGISTER", "UNDO"}

    index: IntProperty(name="Range", description="Which range, counted from 0", min=0)  # type: ignore[valid-type]

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Remove it."""
        modifier = activate_modifier(context)
        if modifier is None or self.index >= len(modifier.exclusions):
            return {"CANCELLED"}
        modifier.exclusions.remove(self.index)
        tag_update(modifier, context)
        return {"FINISHED"}


class UNDERSTUDY_OT_exclusion_set(RequiresModifier, bpy.types.Operator):
    """Have a range begin or end at the current frame."""

    bl_idname = "understudy.exclusion_set"
    bl_label = "Set to Current Frame"
    bl_description = (
        "Have the range begin or end at the current frame. A change costs: blends these frames again"
    )
    bl_options = {"REGISTER", "UNDO"}

    index: IntProperty(name="Range", description="Which range, counted from 0", min=0)  # type: ignore[valid-type]
    end: EnumProperty(  # type: ignore[valid-type]
        name="End",
        items=(("FIRST", "First", "Where the range begins"), ("LAST", "Last", "Where the range ends")),
    )

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Set one end; the other one goes along where it would be passed."""
        scene, strip, modifier = active_scene(context), active_strip(context), activate_modifier(context)
        if strip is None or modifier is None or self.index >= len(modifier.exclusions):
            return {"CANCELLED"}
        number = source_frame_at(scene, strip, scene.frame_current)
        if number is None:
            report(self, "ERROR", f"{strip.name} shows no frame here: go to a frame of it first")
            return {"CANCELLED"}
        entry = modifier.exclusions[self.index]
        if self.end == "FIRST":
            entry.first, entry.last = number, max(entry.last, number)
        else:
            entry.first, entry.last = min(entry.first, number), number
        return {"FINISHED"}


CLASSES = (UNDERSTUDY_OT_exclusion_add, UNDERSTUDY_OT_exclusion_remove, UNDERSTUDY_OT_exclusion_set)
