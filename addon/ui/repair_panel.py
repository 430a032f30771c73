# SPDX-License-Identifier: GPL-3.0-or-later
"""The part Repair of a modifier: what finds problems and mends them, then what was found and done."""

from typing import TYPE_CHECKING, Any

import bpy

from ...core.reporting.layer_outcomes import pluralise
from ..blender.wrapped_text import draw_text
from ..lookups.gallery import lookup_cache
from ..lookups.scan_lookup import OpenProblems, ScanLookup, open_problems_of, plot_icon, scan_lookup
from ..modifiers.active import active_scene, active_strip
from ..properties.range_properties import DISMISS, EXCLUDE, HOLD, REDETECT
from ..properties.redetection_properties import REDETECTION_NAMES
from .fields import row_or_column
from .landmark_list import draw_landmark_buttons, draw_landmark_edits
from .mask_panel import draw_mask_buttons, draw_masks
from .range_ends import ClipView, clip_view, draw_ends, draw_go_button
from .scan_plot import draw_plot

if TYPE_CHECKING:
    from ...core.scan.problems import ScanResult
    from ...core.scan.runs import ProblemRun

_MAX_DRAWN_RUNS = 8
_MAX_DRAWN_RANGES = 32
_WIDEST_KIND, _WIDEST_SPAN = "Detect Again", "0000-0000 (clip 0000-0000)"


def draw_repair(layout: Any, context: bpy.types.Context, modifier: Any) -> None:
    """Draw what goes through the problems and mends them, which stays in its place, then the lists."""
    layout.operator("understudy.problem_scan", icon="VIEWZOOM")
    strip = active_strip(context)
    is_scanned = modifier.scan_count and strip is not None
    lookup = scan_lookup(active_scene(context), strip, modifier) if is_scanned else None
    result = None if lookup is None else lookup_cache().get(lookup)
    if lookup is not None:
        row = row_or_column(layout, context, ("Previous Problem", "Next Problem"))
        row.operator("understudy.problem_previous", icon="TRIA_LEFT")
        row.operator("understudy.problem_next", icon="TRIA_RIGHT")
    _draw_range_buttons(layout, context)
    draw_landmark_buttons(layout, context)
    draw_mask_buttons(layout, context)
    clip = clip_view(context)
    left = None if lookup is None or result is None else open_problems_of(lookup, result, modifier)
    if lookup is not None:
        _draw_problems(layout, context, lookup, result, left, clip)
    _draw_ranges(layout, context, modifier, clip)
    draw_landmark_edits(layout, context, modifier, clip)
    draw_masks(layout, context, modifier)
    if lookup is not None and result is not None and left is not None:
        draw_plot(layout, context, modifier, plot_icon(lookup, result, left.problems))


def _draw_problems(
    layout: Any,
    context: bpy.types.Context,
    lookup: ScanLookup,
    result: "ScanResult | None",
    left: OpenProblems | None,
    clip: ClipView,
) -> None:
    if result is None or left is None:
        is_unknown = lookup_cache().is_unknown(lookup)
        text = "Nothing is prepared yet: press Prepare Clip" if is_unknown else "Scanning…"
        draw_text(layout, context, text, "INFO")
        return
    if result.unknown_count:
        draw_text(layout, context, f"{pluralise(result.unknown_count, 'frame')} not prepared yet", "INFO")
    by_frame = ((run, clip.visible.span(run.first, run.last)) for run in left.runs)
    runs = [(run, span[0]) for run, span in by_frame if span is not None]
    if not runs:
        text = "No problem found in the others" if result.unknown_count else "No problem found"
        draw_text(layout, context, text, "CHECKMARK")
        return
    _draw_runs(layout, context, runs, clip)
    layout.operator("understudy.problem_markers", icon="MARKER")


def _draw_runs(
    layout: Any, context: bpy.types.Context, runs: "list[tuple[ProblemRun, int]]", clip: ClipView
) -> None:
    """Draw the problems around the current frame, each with its first reason, and the others of the one it is in."""
    current = next((place for place, (run, _) in enumerate(runs) if clip.shows(run.first, run.last)), None)
    nearest = current if current is not None else sum(frame <= clip.current for _, frame in runs)
    begin = max(min(nearest - _MAX_DRAWN_RUNS // 2, len(runs) - _MAX_DRAWN_RUNS), 0)
    column = layout.column(align=True)
    for place, (run, frame) in list(enumerate(runs))[begin : begin + _MAX_DRAWN_RUNS]:
        go = column.operator(
            "understudy.problem_go",
            text=f"{clip.span_text(run.first, run.last)}: {run.reasons[0].text}",
            translate=False,
            depress=place == current,
        )
        go.frame = frame
    if len(runs) > _MAX_DRAWN_RUNS:
        layout.label(text=f"{len(runs)} problems in all", translate=False)
    others = () if current is None else runs[current][0].reasons[1:]
    if others:
        box = layout.box()
        for reason in others:
            draw_text(box, context, reason.text, "ERROR")


def _draw_range_buttons(layout: Any, context: bpy.types.Context) -> None:
    row = row_or_column(layout, context, ("Exclude Frames", "Hold Frames"))
    row.operator("understudy.range_add", text="Exclude Frames", icon="CANCEL").kind = EXCLUDE
    row.operator("understudy.range_add", text="Hold Frames", icon="PINNED").kind = HOLD
    row = row_or_column(layout, context, ("Detect Again", "Dismiss Problem"))
    row.operator("understudy.range_add", text="Detect Again", icon="VIEWZOOM").kind = REDETECT
    row.operator("understudy.range_add", text="Dismiss Problem", icon="CHECKMARK").kind = DISMISS


def _draw_ranges(layout: Any, context: bpy.types.Context, modifier: Any, clip: ClipView) -> None:
    for index, entry in enumerate(modifier.ranges[:_MAX_DRAWN_RANGES]):
        column = layout.box().column(align=True)
        both = row_or_column(column, context, (_WIDEST_KIND, _WIDEST_SPAN, ""))
        both.prop(entry, "kind", text="")
        row = both.row(align=True)
        draw_go_button(row, "understudy.range_go", index, entry, clip)
        row.operator("understudy.range_remove", text="", icon="X").index = index
        draw_ends(column, context, entry, "understudy.range_set", index)
        if entry.kind == EXCLUDE:
            column.prop(entry, "fade")
        if entry.kind == REDETECT:
            for name in REDETECTION_NAMES:
                column.prop(entry, name)
    if len(modifier.ranges) > _MAX_DRAWN_RANGES:
        draw_text(layout, context, f"{len(modifier.ranges) - _MAX_DRAWN_RANGES} more ranges", "INFO")
