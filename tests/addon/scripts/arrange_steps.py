# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps that arrange strips on the timeline: copies, meta strips, scene strips, cuts."""

import bpy
from steps import _in_sequencer, _scene, _select, _strip, project


def duplicate(names, by):
    """Copy strips and move the copies along the timeline."""
    editor = _scene().sequence_editor
    _select(names)
    before = {strip.name for strip in editor.strips_all}
    with _in_sequencer():
        bpy.ops.sequencer.duplicate()
    made = [strip for strip in editor.strips_all if strip.name not in before]
    for strip in made:
        # Contents go with their meta strips, effects with their inputs.
        if strip.parent_meta() is None and not getattr(strip, "input_count", 0):
            strip.frame_start += by
    return sorted(strip.name for strip in made)


def into_meta(names):
    """Make a meta strip of strips, as the editor does."""
    _select(names)
    with _in_sequencer():
        bpy.ops.sequencer.meta_make()


def scene_strip(name, resolution, frames):
    """Go on in a new scene that plays the one so far as a strip."""
    played = _scene()
    bpy.ops.scene.new(type="EMPTY")
    project(resolution, frames)
    strip = _scene().sequence_editor.strips.new_scene(name, played, 1, 1)
    strip.scene_input = "SEQUENCER"


def remove(name):
    _scene().sequence_editor.strips.remove(_strip(name))


def split(name, frame):
    """Cut a strip in two; returns the right part's name."""
    return _strip(name).split(frame=frame, split_method="SOFT").name


def move_into_meta(name, meta):
    """Move a strip into a meta strip."""
    _strip(name).move_to_meta(_strip(meta))
