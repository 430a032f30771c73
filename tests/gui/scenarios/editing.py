# SPDX-License-Identifier: GPL-3.0-or-later
"""A prepared project: its clip copied and dragged, deleted, undone, and its frame rate changed, in the window."""

import bpy


def steps(window):
    """After each edit `window.facts` gets the strips; nothing is ever asked of Understudy."""
    window.hand("key", "Escape")
    yield
    bpy.ops.wm.open_mainfile(filepath="/work/editing.blend")
    yield 2.0
    scene, facts = bpy.context.scene, window.facts
    area = window.area("VIEW_3D")
    area.type = "SEQUENCE_EDITOR"
    bpy.context.workspace.sequencer_scene = scene
    yield 1.0
    area = window.area("SEQUENCE_EDITOR")
    region = window.region(area)
    facts["opened"] = strips()
    select("Clip")
    window.point(region.x + region.width // 2, region.y + region.height // 2)
    yield
    with window.within(area):
        bpy.ops.sequencer.duplicate_move("INVOKE_DEFAULT")
    yield 0.3
    for step in (60, 120, 180):
        window.point(region.x + region.width // 2 + step, region.y + region.height // 2)
        yield 0.4
    facts["dragged"] = strips()
    facts["going_on"] = [entry.bl_idname for entry in window.window.modal_operators]
    window.hand("key", "Return")
    yield 1.5
    facts["copied"] = strips()
    select("Clip.001")
    with window.within(area):
        bpy.ops.sequencer.delete()
    yield 1.5
    facts["deleted"] = strips()
    bpy.ops.ed.undo_push(message="deleted")
    bpy.ops.ed.undo()
    yield 1.5
    facts["undone"] = strips()
    window.shot("editing")


def strips():
    """Name, clip's id or empty, layer's id or empty, channel and start of each strip."""
    all_strips = bpy.context.scene.sequence_editor.strips_all
    return [[s.name, s.understudy_id, s.understudy_layer_of, s.channel, s.left_handle] for s in all_strips]


def select(name):
    editor = bpy.context.scene.sequence_editor
    for strip in editor.strips_all:
        strip.select = strip.name == name
    editor.active_strip = editor.strips_all[name]
