# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps for finding problems and for the ranges that keep the original face."""

import bpy
from panel_steps import drawn
from steps import _scene, _strip
from understudy.addon.lookups.gallery import lookup_cache
from understudy.addon.lookups.scan_lookup import PlotLookup, open_result, scan_lookup
from understudy.addon.operators.problems import problem_frames
from understudy.addon.prepare.source_frames import visible_frames


def problems(active):
    """The problems of a strip: the frame of the timeline, the first and the last of the clip, and what is measured."""
    _scene().sequence_editor.active_strip = _strip(active)
    return [
        [frame, run.first, run.last, run.reasons[0].measure] for frame, run in problem_frames(bpy.context)
    ]


def red_frames(active):
    """The frames of the clip that are red in the plots of a strip, as the panel draws them; None without plots."""
    drawn(active)
    (modifier,) = _scene().understudy.modifiers
    lookup = scan_lookup(_scene(), _strip(active), modifier)
    result = lookup_cache().peek(lookup)
    view = lookup_cache().peek(PlotLookup(lookup, result, ()))
    return None if view.icon is None else [problem.frame for problem in view.problems]


def lists_files_once(active):
    """Whether what a strip plays is listed once, however often a panel asks what a scan of it finds."""
    (modifier,) = _scene().understudy.modifiers
    first, again = (scan_lookup(_scene(), _strip(active), modifier).source for _ in range(2))
    return first is again


def flagged_frames(index=0):
    """The frames of the clip that Scan for Problems counts for a modifier of the active strip."""
    modifier = _scene().understudy.modifiers[index]
    lookup = scan_lookup(_scene(), _scene().sequence_editor.active_strip, modifier)
    return list(open_result(lookup, lookup_cache().get_or_fetch(lookup), modifier).flagged_frames)


def mended_ranges(index=0):
    """The ranges of a modifier."""
    return [[entry.first, entry.last, entry.fade] for entry in _scene().understudy.modifiers[index].ranges]


def markers():
    """The timeline's markers."""
    return sorted([marker.frame, marker.name] for marker in _scene().timeline_markers)


def go(frame):
    """Go to a frame of the timeline."""
    _scene().frame_set(frame)


def here():
    """The frame of the timeline."""
    return _scene().frame_current


def shown_source_frames(name):
    """The frame of its clip that a strip shows, by the frame of the timeline."""
    return list(map(list, visible_frames(_scene(), _strip(name)).by_frame.items()))
