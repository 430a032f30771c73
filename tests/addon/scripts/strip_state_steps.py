# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps for the state of a strip: what each surface says of it."""

import shutil
import time
from pathlib import Path

import bpy
from panel_steps import drawn
from steps import _scene, _strip
from understudy.addon.lookups.gallery import lookup_cache, refresh_lookups
from understudy.addon.prepare.prepared_frames import PreparedFrames, _displayed_strips, _recast_clips
from understudy.addon.prepare.source_frames import visible_frames
from understudy.addon.prepare.strip_facts import state_of
from understudy.addon.properties.status import reset_progress, set_window_state, window_state
from understudy.addon.sequencer.strips import stack_id
from understudy.addon.ui import overlay, status_bar
from understudy.core.reporting.strip_state import (
    PrepareProgress,
    StripFacts,
    prepare_text,
    state_text,
    strip_state,
)


class _Header:
    """Takes the place of the status bar; keeps what is drawn."""

    def __init__(self):
        self.layout, self.texts, self.icons = self, [], []

    def label(self, text, icon, **_):
        self.texts.append(text)
        self.icons.append(icon)


def strip_state_surfaces(name):
    """What panel, status bar, overlay, report and JSON say of a strip now, and whether it can be prepared."""
    scene, strip = _scene(), _strip(name)
    refresh_lookups()
    for _ in range(2):  # which file a path leads to is looked at before what that shows
        shown = drawn(name)
    header = _Header()
    status_bar._draw(header, bpy.context)
    state = state_of(scene, strip)
    while lookup_cache().tick() is not None:
        time.sleep(0.01)
    set_window_state("original_shown", True)
    over = overlay.overlay_line(bpy.context)
    set_window_state("original_shown", False)
    return {
        "panel": " ".join(shown[""]),
        "who": next((shown[section] for section in shown if section.endswith(" Who")), []),
        "status_bar": header.texts[0],
        "icon": header.icons[0],
        "overlay": over,
        "report": prepare_text(state, 0, None),
        "json": state.as_dict(),
        "can_prepare": [bpy.ops.understudy.prepare_clip.poll(), bpy.ops.understudy.prepare_all.poll()],
    }


def timeline_bars(first, end, least_frames):
    """What the timeline's bars show between two frames: for each strip its channel, and each run of frames."""
    bars = _bars(first, end, least_frames)
    return [[bar.channel, [[run.first, run.end, run.content.name] for run in bar.runs]] for bar in bars]


def timeline_marks(first, end):
    """What the timeline marks between two frames, as far as strips show it: kinds, each with its frames."""
    marks = {}
    for bar in _bars(first, end, 1):
        for mark in bar.marks:
            marks.setdefault(mark.kind.name, []).extend(range(mark.first, mark.end))
    return {kind: sorted(frames) for kind, frames in marks.items()}


def shown_by_clips():
    """Which frame of its clip each recast strip of the timeline shows, with the frame of the timeline."""
    strips = _displayed_strips(_scene())
    shown = []
    for strip in strips:
        for clip, _ in _recast_clips(strip, strips):
            frames = visible_frames(_scene(), clip).by_frame.items()
            shown += [
                [frame, number]
                for frame, number in frames
                if strip.frame_final_start <= frame < strip.frame_final_end
            ]
    return shown


def _bars(first, end, least_frames):
    frames = PreparedFrames()
    frames.bars(_scene(), first, end, least_frames)
    while lookup_cache().tick() is not None:
        time.sleep(0.01)
    while True:
        bars = frames.bars(_scene(), first, end, least_frames)
        if frames.is_complete:
            return bars


def face_numbers():
    """Which face it is in each image of the first modifier."""
    return [image.face_number for image in _scene().understudy.modifiers[0].identity.pictures]


def copy_file(file, to):
    """Put another file in the place of one."""
    shutil.copy(file, to)


def remove_file(file):
    """Remove a file."""
    Path(file).unlink()


def stop_preparing(name):
    """What a stopped preparation leaves behind."""
    set_window_state("prepared_scene", _scene().name)
    set_window_state("prepared_strip", stack_id(_strip(name)))
    set_window_state("was_stopped", True)


def prepare_as_window(name, done, total):
    """What a window shows of a preparation of a strip that goes on; begins anew with a total of 0."""
    state = window_state()
    state.running = True
    reset_progress()
    state.prepared_label, state.prepared_scene = name, _scene().name
    state.prepared_strip = stack_id(_strip(name))
    state.prepared_count, state.prepared_total = done, total
    state.status = state_text(strip_state(StripFacts(progress=PrepareProgress(done, total))))


def end_preparation():
    """No preparation goes on any more."""
    for name in ("running", "status"):
        window_state().property_unset(name)
    reset_progress()


def mute_channel(number):
    """Mute a channel of the timeline."""
    _scene().sequence_editor.channels[number].mute = True
