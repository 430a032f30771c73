# SPDX-License-Identifier: GPL-3.0-or-later
"""A prepared project, retimed and at other frame rates: scrubbed, rendered from the viewport and rendered."""

from pathlib import Path

import bpy

PROJECT = "/work/rates.blend"
RATES = (24, 25, 30)
FIRST, LAST = 2, 8
LOOK_FRAME = 4


def steps(window):
    """Make every edit at every rate; `window.facts` gets what the strips show."""
    window.hand("key", "Escape")
    yield
    bpy.context.preferences.view.render_display_type = "NONE"  # no window over the preview
    bpy.ops.wm.open_mainfile(filepath=PROJECT)
    yield 1.0
    yield from window.show_sequencer()
    yield from window.make_room(200)
    yield from window.exact_preview()
    for edit in (nothing, retime, speed_effect):
        for rate in RATES:
            yield from case(window, edit, rate)


def case(window, edit, rate):
    """Edit the project, change its rate, and look at it in every way."""
    bpy.ops.wm.open_mainfile(filepath=PROJECT, load_ui=False)
    yield 1.0
    scene = window.window.scene
    bpy.context.workspace.sequencer_scene = scene
    yield 0.5
    name = f"{edit.__name__}_{rate}"
    with window.within(window.area("SEQUENCE_EDITOR")):
        edit(scene)
    bpy.ops.ed.undo_push(message="edit")
    yield 1.0
    scene.frame_set(FIRST)
    for step in RATES if rate == RATES[-1] else (rate,):
        scene.render.fps = step
        yield 0.3
    scene.frame_start, scene.frame_end = FIRST, LAST
    yield 1.5
    scene.render.filepath = f"/work/{name}_viewport_"
    with window.within(window.area("PREVIEW")):
        bpy.ops.render.opengl("INVOKE_DEFAULT", animation=True, sequencer=True)
    yield from window.until(lambda: Path(f"/work/{name}_viewport_{LAST:04d}.png").is_file())
    yield 0.5
    scene.frame_set(LOOK_FRAME)
    window.point(40, 600)
    yield 0.7
    window.shot(name)
    state = bpy.context.window_manager.understudy
    window.facts[name] = {
        "elements": elements(scene),
        "notice": state.notice,
        "rendered": state.rendered,
        "trouble": state.trouble,
    }
    scene.render.filepath = f"/work/{name}_render_"
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.render.render("INVOKE_DEFAULT", animation=True)
    yield from window.until(lambda: Path(f"/work/{name}_render_{LAST:04d}.png").is_file())
    yield 0.7


def elements(scene):
    """List the layer image that is shown at each frame."""
    layer = next(strip for strip in scene.sequence_editor.strips_all if strip.understudy_layer_of)
    return [
        element and element.filename
        for element in (layer.strip_elem_from_frame(frame) for frame in range(FIRST, LAST + 1))
    ]


def nothing(scene):
    """Leave the clip as it is."""


def retime(scene):
    """Play the clip twice as fast by its retiming keys."""
    clip = select(scene)
    bpy.ops.sequencer.retiming_segment_speed_set(speed=200.0)
    assert len(clip.retiming_keys) > 1


def speed_effect(scene):
    """Play the clip twice as fast by an effect strip."""
    select(scene)
    bpy.ops.sequencer.effect_strip_add(type="SPEED")
    effect = next(strip for strip in scene.sequence_editor.strips_all if strip.type == "SPEED")
    effect.speed_control, effect.speed_factor = "MULTIPLY", 2.0


def select(scene):
    editor = scene.sequence_editor
    for strip in editor.strips_all:
        strip.select = strip.name == "Clip"
    editor.active_strip = editor.strips_all["Clip"]
    return editor.active_strip
