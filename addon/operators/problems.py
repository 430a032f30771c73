# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators that find the frames of a strip that are likely to look wrong, and go through them."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import IntProperty

from ...core.reporting.layer_outcomes import pluralise
from ..blender.reports import report
from ..lookups.gallery import lookup_cache
from ..lookups.scan_lookup import open_problems_of, problem_runs_of, scan_lookup
from ..modifiers.active import active_modifier, active_scene, active_stack, active_strip
from ..prepare.source_frames import visible_frames
from .requires_modifier import RequiresModifier, activate_modifier

if TYPE_CHECKING:
    from ...core.scan.runs import ProblemRun

_MARKER_PREFIX = "Problem: "
_MAX_MARKERS = 1000
_MAX_MARKER_CHARACTERS = 60


def problem_frames(context: bpy.types.Context) -> "list[tuple[int, ProblemRun]]":
    """List the problems of the active strip, of every modifier that was scanned, by their first visible frame."""
    scene, strip = active_scene(context), active_strip(context)
    if strip is None:
        return []
    visible = visible_frames(scene, strip)
    runs: dict[tuple[int, str], ProblemRun] = {}
    for modifier in active_stack(context):
        if not modifier.scan_count:
            continue
        lookup = scan_lookup(scene, strip, modifier)
        result = lookup_cache().get_or_fetch(lookup)
        for run in () if result is None else problem_runs_of(lookup, result, modifier):
            span = visible.span(run.first, run.last)
            if span is not None:
                runs[span[0], run.text] = run
    return sorted(((frame, run) for (frame, _), run in runs.items()), key=lambda pair: pair[0])


class UNDERSTUDY_OT_problem_scan(RequiresModifier, bpy.types.Operator):
    """Find the frames of the strip whose new faces are likely to look wrong."""

    bl_idname = "understudy.problem_scan"
    bl_label = "Scan for Problems"
    bl_description = (
        "Find the frames of the strip whose new faces are likely to look wrong, by what is prepared: nothing is "
        "computed for it"
    )
    bl_options = {"REGISTER", "UNDO"}  # the undo of a range must not take the scan along

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Scan before returning."""
        scene, strip, modifier = active_scene(context), active_strip(context), activate_modifier(context)
        if strip is None or modifier is None:
            return {"CANCELLED"}
        modifier.scan_count += 1
        lookup = scan_lookup(scene, strip, modifier)
        result = lookup_cache().get_or_fetch(lookup)
        if result is None:
            report(self, "ERROR", "Nothing of this strip is prepared: press Prepare Clip first")
            return {"CANCELLED"}
        result = replace(result, problems=open_problems_of(lookup, result, modifier))
        flagged = f"{len(result.flagged_frames)} of {pluralise(result.frame_count, 'frame')} flagged"
        more = f", {result.unknown_count} are not prepared" if result.unknown_count else ""
        report(self, "INFO", f"{flagged}{more}")
        return {"FINISHED"}

    def invoke(self, context: Any, _event: Any) -> set[Any]:
        """Let the panel look it up while the editor goes on."""
        if bpy.app.background:
            return self.execute(context)
        modifier = activate_modifier(context)
        if modifier is None:
            return {"CANCELLED"}
        modifier.scan_count += 1
        lookup_cache().get(scan_lookup(active_scene(context), active_strip(context), modifier))
        return {"FINISHED"}


class _ProblemJump(RequiresModifier):
    """Goes to another frame with a problem."""

    def jump(self, context: bpy.types.Context, direction: int) -> set[Any]:
        """Go to the nearest problem after (1) or before (-1) the current frame."""
        scene: Any = active_scene(context)
        if not any(modifier.scan_count for modifier in active_stack(context)):
            report(self, "WARNING", "Press Scan for Problems first")
            return {"CANCELLED"}
        frames = [frame for frame, _ in problem_frames(context)]
        beyond = [frame for frame in frames if (frame - scene.frame_current) * direction > 0]
        if not beyond:
            where = "after" if direction > 0 else "before"
            report(self, "INFO", f"No problem {where} this frame")
            return {"CANCELLED"}
        scene.frame_set(min(beyond) if direction > 0 else max(beyond))
        return {"FINISHED"}


class UNDERSTUDY_OT_problem_next(_ProblemJump, bpy.types.Operator):
    """Go to the next frame of the active strip with a problem."""

    bl_idname = "understudy.problem_next"
    bl_options = {"REGISTER"}
    bl_label = "Next Problem"
    bl_description = "Go to the next frame of the active strip whose new face is likely to look wrong"

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Go there."""
        return self.jump(context, 1)


class UNDERSTUDY_OT_problem_previous(_ProblemJump, bpy.types.Operator):
    """Go to the previous frame of the active strip with a problem."""

    bl_idname = "understudy.problem_previous"
    bl_options = {"REGISTER"}
    bl_label = "Previous Problem"
    bl_description = "Go to the previous frame of the active strip whose new face is likely to look wrong"

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Go there."""
        return self.jump(context, -1)


class UNDERSTUDY_OT_problem_go(bpy.types.Operator):
    """Go to this problem."""

    bl_idname = "understudy.problem_go"
    bl_label = "Go to Problem"
    bl_description = "Go to the first frame of this problem"
    bl_options = {"REGISTER", "INTERNAL"}

    frame: IntProperty(name="Frame", description="Frame of the timeline")  # type: ignore[valid-type]

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Go there."""
        active_scene(context).frame_set(self.frame)
        return {"FINISHED"}


class UNDERSTUDY_OT_problem_markers(RequiresModifier, bpy.types.Operator):
    """Put a timeline marker where each problem begins."""

    bl_idname = "understudy.problem_markers"
    bl_label = "Add Markers"
    bl_description = (
        "Put a timeline marker where each problem of the strip begins; those of an earlier scan go"
    )
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Renew the markers."""
        if active_modifier(context) is None:
            return {"CANCELLED"}
        markers: Any = active_scene(context).timeline_markers
        for marker in [one for one in markers if one.name.startswith(_MARKER_PREFIX)]:
            markers.remove(marker)
        problems = problem_frames(context)[:_MAX_MARKERS]
        for frame, run in problems:
            name = f"{_MARKER_PREFIX}{run.reasons[0].text}"
            markers.new(name[:_MAX_MARKER_CHARACTERS], frame=frame)
        report(self, "INFO", f"{pluralise(len(problems), 'marker')} added")
        return {"FINISHED"}


CLASSES = (
    UNDERSTUDY_OT_problem_scan,
    UNDERSTUDY_OT_problem_next,
    UNDERSTUDY_OT_problem_previous,
    UNDERSTUDY_OT_problem_go,
    UNDERSTUDY_OT_problem_markers,
)
