# SPDX-License-Identifier: GPL-3.0-or-later
"""The bar along the bottom of each recast strip: where its new faces are ready, and where the original will be seen.

Over it are the ranges that are mended, and the problems that a scan found.
"""

from functools import cache
from typing import Any, cast

import bpy
import gpu
from bpy.app.handlers import persistent
from gpu_extras.batch import batch_for_shader

from ...core.sessions.layer_counts import LayerContent
from ..modifiers.active import active_scene
from ..prepare.prepared_frames import PreparedFrames, StripBar
from ..prepare.range_marks import MarkKind

_Colour = tuple[float, float, float, float]

_HEIGHT_PIXELS = 4
_LEAST_PIXELS = 6
"""A strip that is narrower has no bar: nothing could be told from it."""
_RULER_PIXELS = 24
"""How high the ruler is, which Blender draws over the strips."""
_STRIP_BOTTOM = 0.06
"""Where Blender begins a strip in its channel."""
_TRACK_COLOUR: _Colour = (0.0, 0.0, 0.0, 0.55)
_COLOURS: dict[LayerContent, _Colour] = {
    LayerContent.SWAPPED: (0.36, 0.82, 0.45, 1.0),
    LayerContent.ORIGINAL: (1.0, 0.75, 0.2, 1.0),
}
_MARK_COLOURS: dict[MarkKind, _Colour] = {
    MarkKind.PROBLEM: (0.95, 0.25, 0.22, 1.0),
    MarkKind.REDETECT: (0.8, 0.5, 1.0, 1.0),
    MarkKind.HOLD: (0.35, 0.65, 1.0, 1.0),
    MarkKind.EXCLUDE: (0.3, 0.9, 0.95, 1.0),
}
"""What is drawn in a second line over the first, the later ones over those before."""
_HANDLER_NAMES = ("depsgraph_update_post", "undo_post", "redo_post")
# Blender hands out a number for what is drawn, and takes it back by that alone.
_HANDLES: list[Any] = []


@cache
def prepared_frames() -> PreparedFrames:
    """Return what is known of the strips in this Blender."""
    return PreparedFrames()


def rectangles(bars: list[StripBar]) -> list[tuple[float, float, int, _Colour]]:
    """Return what is drawn: first frame, end, channel and colour of each rectangle, in this order."""
    drawn: list[tuple[float, float, int, _Colour]] = []
    for bar in bars:
        if bar.runs:
            drawn.append((bar.first, bar.end, bar.channel, _TRACK_COLOUR))
        drawn += [
            (run.first, run.end, bar.channel, _COLOURS[run.content])
            for run in bar.runs
            if run.content in _COLOURS
        ]
    return drawn


def mark_rectangles(bars: list[StripBar]) -> list[tuple[float, float, int, _Colour]]:
    """Return what is drawn in the line of ranges and problems, as `rectangles` does."""
    return [
        (mark.first, mark.end, bar.channel, _MARK_COLOURS[mark.kind])
        for kind in MarkKind
        for bar in bars
        for mark in bar.marks
        if mark.kind is kind
    ]


def _draw() -> None:
    """Draw the bars in the timeline, over the strips."""
    context = bpy.context
    scene, region = active_scene(context), context.region
    space: Any = context.space_data
    if scene is None or region is None or not space.show_overlays or context.preferences is None:
        return
    view = region.view2d
    first, bottom = view.region_to_view(0, 0)
    end, _ = view.region_to_view(region.width, region.height)
    frame_pixels = region.width / max(end - first, 1e-6)
    known = prepared_frames()
    bars = known.bars(scene, first, end, _LEAST_PIXELS / frame_pixels)
    if not known.is_complete:
        cast("Any", context.area).tag_redraw()
    _, one = view.region_to_view(0, 1)
    channel_pixels = 1 / max(one - bottom, 1e-6)
    height = min(_HEIGHT_PIXELS * context.preferences.system.ui_scale, 0.25 * channel_pixels)
    points: list[tuple[float, float, float]] = []
    colours: list[_Colour] = []
    top = region.height - _RULER_PIXELS * context.preferences.system.ui_scale
    lines = [(0, one) for one in rectangles(bars)] + [(1, one) for one in mark_rectangles(bars)]
    for line, (start, stop, channel, colour) in lines:
        left, right = ((frame - first) * frame_pixels for frame in (start, stop))
        right = max(right, left + line)  # a single frame of a long strip is a pixel wide at least
        low = (channel + _STRIP_BOTTOM - bottom) * channel_pixels + line * height
        high = low + height
        if high > top:
            continue  # of a channel under the ruler
        corners = [(left, low, 0.0), (right, low, 0.0), (right, high, 0.0), (left, high, 0.0)]
        points += [corners[number] for number in (0, 1, 2, 0, 2, 3)]
        colours += [colour] * 6
    if not points:
        return
    shader = gpu.shader.from_builtin("FLAT_COLOR")
    gpu.state.blend_set("ALPHA")
    batch_for_shader(shader, "TRIS", {"pos": points, "color": colours}).draw(shader)
    gpu.state.blend_set("NONE")


@persistent
def _on_edit(*_: Any) -> None:
    prepared_frames().expire()


@persistent
def _on_load(*_: Any) -> None:
    prepared_frames().forget()


def register() -> None:
    """Have it drawn in every timeline."""
    if bpy.app.background:
        return
    space = cast("Any", bpy.types.SpaceSequenceEditor)
    _HANDLES.append(space.draw_handler_add(_draw, (), "WINDOW", "POST_PIXEL"))
    for name in _HANDLER_NAMES:
        getattr(bpy.app.handlers, name).append(_on_edit)
    bpy.app.handlers.load_post.append(cast("Any", _on_load))


def unregister() -> None:
    """Have it drawn no more."""
    if not _HANDLES:
        return
    while _HANDLES:
        cast("Any", bpy.types.SpaceSequenceEditor).draw_handler_remove(_HANDLES.pop(), "WINDOW")
    for name in _HANDLER_NAMES:
        getattr(bpy.app.handlers, name).remove(_on_edit)
    bpy.app.handlers.load_post.remove(cast("Any", _on_load))
