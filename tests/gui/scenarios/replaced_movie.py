# SPDX-License-Identifier: GPL-3.0-or-later
"""A movie is replaced on disk while the window has it open, and rendered with no edit between."""

from pathlib import Path

import bpy


def steps(window):
    """Look at the project, render it, replace its movie, render it again by the keys."""
    window.hand("key", "Escape")
    yield
    bpy.ops.wm.open_mainfile(filepath="/work/replaced.blend")
    yield 1.0
    yield from window.show_sequencer()
    bpy.context.scene.frame_set(2)
    yield 1.5
    yield from render(window, "/work/before_")
    new = Path("/work/new.mp4")
    new.write_bytes(Path("/given/couple.mp4").read_bytes())
    new.replace("/work/clip.mp4")
    yield from render(window, "/work/after_")
    window.facts["result"] = bpy.context.window_manager.understudy.rendered


def render(window, path):
    """Render the animation as F12 does, on a thread of its own."""
    ended = []
    bpy.context.scene.render.filepath = path
    bpy.app.handlers.render_complete.append(lambda *_: ended.append(True))
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.render.render("INVOKE_DEFAULT", animation=True, use_sequencer_scene=True)
    for _ in range(600):
        if ended:
            break
        yield 0.2
    window.hand("key", "Escape")
    yield 1.0
