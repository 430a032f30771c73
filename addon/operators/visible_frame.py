# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators on the visible frame of a clip share: which frame it is, and a range that begins or ends there."""

from typing import Any, NamedTuple

import bpy

from ..blender.reports import report
from ..modifiers.active import active_scene, active_strip
from ..prepare.source_frames import source_frame_at, visible_frames
from ..properties.range_bounds import ends_of
from .list_entry import has_entry
from .requires_modifier import activate_modifier


class VisibleFrame(NamedTuple):
    """The frame of the active strip's clip that is seen, of this number, and the modifier that is meant."""

    scene: Any
    strip: Any
    modifier: Any
    number: int


def find_visible_frame(operator: Any, context: bpy.types.Context) -> VisibleFrame | None:
    """Return what an operator works on, and make its modifier the active one; None, with a report, without a frame."""
    scene, strip, modifier = active_scene(context), active_strip(context), activate_modifier(context)
    if strip is None or modifier is None:
        return None
    number = source_frame_at(scene, strip, scene.frame_current)
    if number is None:
        report(operator, "ERROR", f"{strip.name} shows no frame here: go to a frame of it first")
        return None
    return VisibleFrame(scene, strip, modifier, number)


def go_to_entry(operator: Any, context: bpy.types.Context, list_name: str, noun: str) -> bool:
    """Go to the first frame at which the active strip shows one of the frames `first` to `last` of an entry.

    It is that of the operator's `index` in a list of its modifier, which becomes the active one.

    Returns whether there is an entry and such a frame; what there is not is reported.
    """
    modifier = activate_modifier(context)
    entries = getattr(modifier, list_name, ())
    if not has_entry(operator, entries, noun):
        return False
    entry = entries[operator.index]
    scene, strip = active_scene(context), active_strip(context)
    span = None if strip is None else visible_frames(scene, strip).span(*ends_of(entry))
    if strip is None or span is None:
        report(operator, "WARNING", "The strip shows none of these frames")
        return False
    scene.frame_set(span[0])
    return True


def set_range_end(entry: Any, end: str, number: int) -> None:
    """Have what has the properties `first` and `last` begin ("FIRST") or end ("LAST") at a frame.

    The other end goes along where it would be passed.
    """
    if end == "FIRST":
        entry.first, entry.last = number, max(entry.last, number)
    else:
        entry.first, entry.last = min(entry.first, number), number
