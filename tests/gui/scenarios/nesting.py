# SPDX-License-Identifier: GPL-3.0-or-later
"""A prepared project: its clip faded, graded and grouped in the window, undone and done again."""

import bpy

FRAME, LAYER = 2, "Clip Understudy"


def steps(window):
    """Make each edit as an editor does; the preview is kept as a picture of the screen, nothing else is pressed."""
    window.hand("key", "Escape")
    yield
    bpy.ops.wm.open_mainfile(filepath="/work/nesting.blend")
    yield 2.0
    scene = bpy.context.scene
    scene.frame_set(FRAME)
    strips = scene.sequence_editor.strips
    strips["Clip"].channel = 3
    # Where nothing lies below, the preview shows a pattern through what is transparent.
    strips.new_effect("Black", "COLOR", 1, 1, length=5).color = (0, 0, 0)
    yield from window.show_sequencer()
    yield from window.make_room(200)
    yield from window.exact_preview()
    properties = window.area("PROPERTIES")
    properties.spaces.active.context = "STRIP"
    yield from look(window, "begin")
    bpy.ops.ed.undo_push(message="begin")

    yield from drag_opacity(window, properties)
    yield from look(window, "faded")
    yield from back_and_forth(window, "faded")

    yield from back(window)
    select("Clip")
    yield from operate(window, bpy.ops.sequencer.meta_make)
    yield from look(window, "grouped")
    yield from back_and_forth(window, "grouped")

    yield from back(window)
    select("Clip")
    yield from operate(window, brighten)
    yield from look(window, "graded")

    yield from back(window)
    select("Clip")
    yield 1.0
    yield from drag_back(window, properties)


def drag_opacity(window, properties):
    """Drag the clip's own Opacity; what it is at the end is kept."""
    controls = yield from window.buttons(properties)
    window.facts["controls"] = sorted(controls)
    x, y = controls["blend_alpha"]
    for number in window.drag((x, y), (x - 60, y), steps=12):
        if number == 0.1:
            window.facts.setdefault("while_dragged", []).append([layout(), opacity()])
        yield number
    yield 2.0
    window.facts["opacity"] = {
        strip.name: strip.blend_alpha for strip in bpy.context.scene.sequence_editor.strips_all
    }


def drag_back(window, properties):
    """Drag the clip's own Opacity down until it is nested, and in the same drag up as far as it goes."""
    controls = yield from window.buttons(properties)
    x, y = controls["blend_alpha"]
    window.point(x, y)
    yield
    window.hand("mousedown", 1)
    yield
    for offset in (*range(0, -61, -5), *range(-55, 200, 15)):
        window.point(x + offset, y)
        yield 0.1
        window.facts.setdefault("dragged_back", []).append([len(layout()), opacity()])
    window.hand("mouseup", 1)
    yield 2.0
    window.facts["dragged_back_to"] = {
        strip.name: strip.blend_alpha for strip in bpy.context.scene.sequence_editor.strips_all
    }


def opacity():
    """Return how opaque clip and meta strip are together."""
    opacities = [
        strip.blend_alpha for strip in bpy.context.scene.sequence_editor.strips_all if strip.name != LAYER
    ]
    return min(opacities)


def brighten():
    """Give the clip one of Blender's own strip modifiers."""
    clip = bpy.context.scene.sequence_editor.strips_all["Clip"]
    clip.modifiers.new("Brighter", "BRIGHT_CONTRAST").bright = 40


def operate(window, operator):
    """Do what an editor does in the timeline, and keep it as a step of undo."""
    with window.within(window.area("SEQUENCE_EDITOR")):
        operator()
    bpy.ops.ed.undo_push(message="edit")
    yield 1.0


def back(window):
    """Undo the last edit."""
    bpy.ops.ed.undo()
    yield 1.0


def back_and_forth(window, name):
    """Undo and redo the last edit, and look at both."""
    bpy.ops.ed.undo()
    yield from look(window, f"{name}_undone")
    bpy.ops.ed.redo()
    yield from look(window, f"{name}_redone")


def look(window, name):
    """Keep what is seen, and the strips."""
    window.point(40, 600)
    yield 1.0
    window.shot(name)
    window.facts[name] = layout()


def select(name):
    editor = bpy.context.scene.sequence_editor
    for strip in editor.strips_all:
        strip.select = strip.name == name
    editor.active_strip = editor.strips_all[name]


def layout():
    """Name, type and meta strip around it of each strip."""
    all_strips = [strip for strip in bpy.context.scene.sequence_editor.strips_all if strip.type != "COLOR"]
    around = {strip.name: strip.parent_meta() for strip in all_strips}
    return sorted(
        [strip.name, strip.type, around[strip.name].name if around[strip.name] else ""]
        for strip in all_strips
    )
