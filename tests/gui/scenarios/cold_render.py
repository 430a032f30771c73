# SPDX-License-Identifier: GPL-3.0-or-later
"""A saved project whose cache and layer images are gone: looked at, then rendered, in the window."""

import bpy

LOOKED_AT = (5, 25)


def steps(window):
    """Open, scrub, render the animation; `window.facts` says whether it ended."""
    window.hand("key", "Escape")
    yield
    bpy.ops.wm.open_mainfile(filepath="/work/newcomer.blend")
    yield 2.0
    for frame in LOOKED_AT:
        bpy.context.scene.frame_set(frame)
        yield 0.6
        window.shot(f"missing_{frame:04d}")
    scene = bpy.context.scene
    scene.render.filepath = "/work/cold_"
    ended, threads = [], []
    bpy.app.handlers.render_complete.append(lambda *_: ended.append(True))
    bpy.app.handlers.render_pre.append(lambda *_: threads.append(_thread_name()))
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.render.render("INVOKE_DEFAULT", animation=True)
    for _ in range(300):
        if ended:
            break
        yield 0.2
        window.facts["ticks"] = window.facts.get("ticks", 0) + 1
    window.facts.update(rendered=bool(ended), threads=sorted(set(threads)))
    yield 1.0
    window.shot("10_cold_render")


def _thread_name():
    import threading

    main = threading.current_thread() is threading.main_thread()
    return "main" if main else "render"
