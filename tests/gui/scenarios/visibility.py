# SPDX-License-Identifier: GPL-3.0-or-later
"""A prepared project in the window, its modifier on in the preview alone: rendered, and looked at again."""

from pathlib import Path

import bpy

FRAME, OTHER = 2, 4


def steps(window):
    """Render with the camera off; `window.facts` gets what the layer images are before and after."""
    window.hand("key", "Escape")
    yield
    bpy.context.preferences.view.render_display_type = "NONE"
    bpy.ops.wm.open_mainfile(filepath="/work/switches.blend")
    yield 2.0
    scene = bpy.context.scene
    scene.frame_set(FRAME)
    area = max(window.window.screen.areas, key=lambda area: area.width * area.height)
    area.type = "PROPERTIES"
    yield 0.5
    area.spaces.active.context = "STRIP_MODIFIER"
    scene.understudy.modifiers[0].show_render = False
    yield 2.0
    window.facts["before"] = {str(frame): picture(frame) for frame in (FRAME, OTHER)}
    window.shot("switches")
    scene.render.filepath = "/work/switched_"
    ended = []
    bpy.app.handlers.render_complete.append(lambda *_: ended.append(True))
    bpy.ops.render.render("INVOKE_DEFAULT", animation=True)
    yield from window.until(lambda: ended)
    yield 3.0
    window.facts["after"] = {str(frame): picture(frame) for frame in (FRAME, OTHER)}
    window.facts["rendered"] = bpy.context.window_manager.understudy.rendered


def picture(frame):
    """The layer image of a frame, as text."""
    layer = next(strip for strip in bpy.context.scene.sequence_editor.strips if strip.understudy_layer_of)
    name = layer.strip_elem_from_frame(frame).filename
    return (Path(bpy.path.abspath(layer.directory)) / name).read_bytes().hex()
