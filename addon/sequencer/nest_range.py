# SPDX-License-Identifier: GPL-3.0-or-later
"""A meta strip that nesting made shows the same part of its clip when the project's frame rate changes.

A movie that plays at its own rate gets another length then. Blender leaves a meta strip as long as it was: the end of
the clip is cut off, or nothing is shown where it was.
"""

from collections.abc import Iterable
from typing import Any

import bpy

from .strips import frame_rate, parent_strips

_MILLIHERTZ = 1000


def follow_frame_rate(scene: bpy.types.Scene, meta: Any, clip: Any) -> bool:
    """Trim a meta strip to what it showed of its clip at the frame rate before, or note that; True if it was trimmed.

    What was trimmed since that was noted stays.
    """
    rate_millihertz, start_offset, end_offset, length = meta.understudy_nest_range
    rate_changed = rate_millihertz not in (0, _rate_millihertz(scene))
    wanted = clip.frame_final_start + start_offset, clip.frame_final_end + end_offset
    trims = (
        rate_changed
        and length == meta.frame_final_duration
        and wanted != _range(meta)
        and wanted[0] < wanted[1]
    )
    if trims:
        # Blender moves a strip that is made to overlap another.
        start, end = _free_range(parent_strips(scene, meta), meta, *wanted)
        meta.frame_final_end, meta.frame_final_start = end, start
    _note_range(scene, meta, clip)
    return trims


def _note_range(scene: bpy.types.Scene, meta: Any, clip: Any) -> None:
    """Note what a meta strip shows of its clip."""
    start, end = _range(meta)
    note = (
        _rate_millihertz(scene),
        start - clip.frame_final_start,
        end - clip.frame_final_end,
        meta.frame_final_duration,
    )
    if note != tuple(meta.understudy_nest_range):
        meta.understudy_nest_range = note


def _free_range(siblings: Iterable[Any], meta: Any, start: int, end: int) -> tuple[int, int]:
    """Return how much of a range is free on a meta strip's channel, around what it has already."""
    others = [strip for strip in siblings if strip != meta and strip.channel == meta.channel]
    ends = [strip.frame_final_end for strip in others if strip.frame_final_start < meta.frame_final_start]
    starts = [strip.frame_final_start for strip in others if strip.frame_final_start > meta.frame_final_start]
    return max([start, *ends]), min([end, *starts])


def _range(strip: Any) -> tuple[int, int]:
    return strip.frame_final_start, strip.frame_final_end


def _rate_millihertz(scene: bpy.types.Scene) -> int:
    return round(frame_rate(scene) * _MILLIHERTZ)
