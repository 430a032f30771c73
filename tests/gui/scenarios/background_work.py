# SPDX-License-Identifier: GPL-3.0-or-later
"""The newcomer's project again: another person, prepared by a worker while the window goes on; Esc, queue, live."""

import os
import time
from pathlib import Path

import bpy


def steps(window):
    """Cancel, queue, drag; `window.facts` gets what a test wants to know."""
    window.hand("key", "Escape")
    yield
    bpy.ops.wm.open_mainfile(filepath="/work/newcomer.blend")
    yield 2.0
    scene, facts = bpy.context.scene, window.facts
    scene.frame_set(10)
    yield 1.5
    facts["prepared"] = state()
    # Another look: what was made is of no use, and only the visible frame is made anew: the next shows the original.
    # And more work, or it were done at once.
    recipe = scene.understudy.modifiers[0]
    recipe.swap.mirror, recipe.swap.crop_size, recipe.detect.angles = 0.25, 1024, "all"
    yield 2.0
    scene.frame_set(11)
    yield 3.0  # a busy Blender shows "Updating…" for longer
    facts["changed"] = state()
    window.shot("beside_unprepared_0011")
    scene.frame_set(10)
    yield 0.5
    window.point(40, 600)
    press(window)
    # The first pictures are there before anything is known of how fast they come.
    yield from window.until(lambda: count_layers() >= 3 and "left" in state()["status"])
    facts["working"] = {**state(), "children": children(), "made": count_layers()}
    window.shot("11_working")
    press(window)
    yield 0.3
    facts["queued"] = state()
    window.hand("key", "Escape")
    yield 1.0
    facts["stopped"] = {**state(), "children": children(), "made": count_layers()}
    press(window)
    press(window, "STRIP")
    yield 0.3
    facts["waiting"] = [request.label for request in bpy.context.window_manager.understudy.queue]
    yield from window.until(lambda: not state()["running"], 400)
    facts["done"] = {**state(), "children": children(), "made": count_layers()}
    yield 2.5
    facts["viewed"] = state()
    # A slider, dragged by hand: the frame that is shown follows by itself.
    properties = window.area("PROPERTIES")
    properties.spaces.active.context = "STRIP_MODIFIER"
    modifier = scene.understudy.modifiers[0]
    modifier.show_who, modifier.show_colour = False, True
    yield 0.5
    controls = yield from window.buttons(properties)
    x, y = controls["blend"]
    marks = [picture().stat().st_mtime_ns]
    for place in window.drag((x, y), (x - 90, y)):
        yield place
        marks.append(picture().stat().st_mtime_ns)
    yield 1.5
    facts["rewritten"] = len(set(marks)) - 1
    facts["blend"] = scene.understudy.modifiers[0].fusion.blend
    window.point(40, 600)
    yield 1.0
    window.shot("beside_tweaked_0010")
    facts["tweaked"] = state()
    press(window)
    yield from window.until(children)
    # It is left while a worker works: nothing of it may stay.
    facts["last"] = children()


def press(window, what="TIMELINE"):
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.understudy.prepare("INVOKE_DEFAULT", what=what)


def state():
    shown = bpy.context.window_manager.understudy
    names = ("running", "status", "trouble", "notice")
    return {**{name: getattr(shown, name) for name in names}, "key": picture().stat().st_size > 1000}


def layer():
    strips = bpy.context.scene.sequence_editor.strips
    return next(strip for strip in strips if strip.understudy_layer_of)


def picture():
    element = layer().strip_elem_from_frame(bpy.context.scene.frame_current)
    return Path(bpy.path.abspath(layer().directory)) / element.filename


_START_TIME = time.time()


def count_layers():
    """Count the layer images that were written since the scenario began."""
    facts = [path.stat() for path in picture().parent.glob("*.tif")]
    return sum(fact.st_mtime > _START_TIME and fact.st_size > 1000 for fact in facts)


def children():
    """List the worker processes."""
    process_ids = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and int(folder.name) != os.getpid():
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"core.worker" in words:
                process_ids.append(int(folder.name))
    return process_ids
