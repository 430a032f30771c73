# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps for what happens by itself a moment after an edit: what Blender's timer does, done at once."""

import bpy
from understudy.addon.layers import auto_sync, opacity_drag, sync

_STATE = {}


def settled():
    """Do what the timer does; returns what it returned and what the panels tell of."""
    watching = _STATE.setdefault("settling", auto_sync.LayerAutoSync(report=_keep_report))
    return [watching.tick(), bpy.data.window_managers[0].understudy.trouble]


def _keep_report(text, level):
    _STATE.setdefault("reports", []).append([level, text])


def reports():
    """What was said in Blender's own report since this was last called."""
    return _STATE.pop("reports", [])


def settled_failing(touches):
    """Settle several times with a fault nobody foresaw; returns how often it was run into, and what is told."""
    calls = []

    def sync(scene, _changed_clips, _strips):
        calls.append(scene.name)
        raise KeyError("unforeseen")

    watching = auto_sync.LayerAutoSync(sync)
    returned = [watching.tick() for _ in range(touches)]
    return [len(calls), returned, bpy.data.window_managers[0].understudy.trouble]


def fingerprint_changes(name, element=None, adds=None, into=None):
    """Whether an edit of a strip's files, or of where it lies, is noticed."""
    strip = bpy.context.scene.sequence_editor.strips_all[name]
    before = auto_sync.timeline_fingerprint()
    if element is not None:
        number, filename = element
        strip.elements[number].filename = filename
    if adds is not None:
        strip.elements.append(adds)
    if into is not None:
        strip.directory = into
    return auto_sync.timeline_fingerprint() != before


def fingerprint_text():
    return str(auto_sync.timeline_fingerprint())


def drag_opacity(name, values):
    """Drag a strip's opacity in a panel, and wait each time until layers are put in order; returns all opacities."""
    scene = bpy.context.scene
    strips = scene.sequence_editor.strips_all
    scene.sequence_editor.active_strip = strips[name]
    opacities = []
    for value in values:
        strips[name].blend_alpha = value
        opacity_drag.move_opacity_to_meta(scene)
        sync.sync_scene(scene, during_edit=True)
        opacities.append({strip.name: round(strip.blend_alpha, 6) for strip in strips})
    return opacities
