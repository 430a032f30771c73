# SPDX-License-Identifier: GPL-3.0-or-later
"""A prepared project: its clip and its layer clicked, dragged, muted and deleted by hand in the timeline."""

import bpy

LAYER, FRAME = "Clip Understudy", 3


def steps(window):
    """After each action `window.facts` gets the strips; nothing is ever asked of Understudy."""
    window.hand("key", "Escape")
    yield
    bpy.ops.wm.open_mainfile(filepath="/work/layer_strip.blend")
    yield 2.0
    area = window.area("VIEW_3D")
    area.type = "SEQUENCE_EDITOR"
    bpy.context.workspace.sequencer_scene = bpy.context.scene
    yield 1.0
    area = window.area("SEQUENCE_EDITOR")
    with window.within(area):
        bpy.ops.sequencer.select_all(action="DESELECT")
        bpy.ops.sequencer.view_all()
    yield 1.0
    facts = window.facts
    bpy.ops.ed.undo_push(message="begin")

    yield from window.click(place(window, area, LAYER))
    yield 0.5
    facts["clicked"] = strips()
    yield from press(window, "h")
    facts["muted"] = strips()
    yield from press(window, "alt+h")
    facts["unmuted"] = strips()
    yield from press(window, "ctrl+h")
    facts["locked"] = strips()
    yield from press(window, "ctrl+alt+h")
    facts["unlocked"] = strips()
    yield from press(window, "Delete")
    facts["deleted"] = strips()
    yield from press(window, "ctrl+z")
    facts["undone"] = strips()

    drags = (
        ("up", "Clip", 2),
        ("high", "Clip", 5),
        ("by_layer", LAYER, 4),
        ("down", "Clip", 1),
        ("under_title", "Clip", 2),
    )
    editor = bpy.context.scene.sequence_editor
    for name, dragged, target in drags:
        if name == "under_title":
            editor.strips.new_effect("Title", "COLOR", 3, 1, length=5).select = False
        yield from deselect(area, window)
        x, y = place(window, area, dragged)
        _, end = place(window, area, dragged, target)
        yield from fling(window, x, y, end)
        yield 1.5
        facts[name] = strips()

    select_only(LAYER)
    with window.within(area):
        bpy.ops.sequencer.delete()
    yield 1.5
    window.shot("layer_back")
    facts["back"] = strips()


def select_only(name):
    for strip in bpy.context.scene.sequence_editor.strips_all:
        strip.select = strip.name == name


def fling(window, x, y, end):
    """Drag as fast as events come once the strip moves: Blender gets the rest before it draws."""
    top = int(window.window.height - 1)
    window.point(x, y)
    yield
    window.hand("mousedown", 1)
    yield
    window.point(x, y + (8 if end > y else -8))
    yield 0.3
    words = [
        word for step in (0.3, 0.6, 1) for word in ("mousemove", int(x), top - int(y + (end - y) * step))
    ]
    window.facts.setdefault("going_on", []).extend(entry.bl_idname for entry in window.window.modal_operators)
    window.hand(*words, "mouseup", 1)
    yield


def press(window, keys):
    """Press keys where the pointer is, and wait until the layers are put in order."""
    window.hand("key", keys)
    yield 1.5


def deselect(area, window):
    with window.within(area):
        bpy.ops.sequencer.select_all(action="DESELECT")
    yield 0.3


def place(window, area, name, channel=None):
    """Return where a strip is on the screen, or would be on another channel."""
    strip = bpy.context.scene.sequence_editor.strips_all[name]
    region = window.region(area)
    x, y = region.view2d.view_to_region(FRAME, (channel or strip.channel) + 0.5, clip=False)
    return region.x + x, region.y + y


def strips():
    """Channel, start, muted, selected, locked of each strip."""
    editor = bpy.context.scene.sequence_editor
    return {s.name: [s.channel, s.left_handle, s.mute, s.select, s.lock] for s in editor.strips_all}
