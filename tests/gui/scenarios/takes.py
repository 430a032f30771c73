# SPDX-License-Identifier: GPL-3.0-or-later
"""Two takes in the window: prepared by a button, flipped by an arrow and by keyframes, and undone."""

import time
from pathlib import Path

import bpy

LENGTH = 30
FRAMES = (5, 15, 25)


def steps(window):
    """Play everything; `window.facts` gets what a test wants to know."""
    yield from window.start_editing()
    yield from window.make_room(200)
    yield from add_takes(window)
    yield from prepare(window)
    yield from flip(window)
    yield from key(window)


def add_takes(window):
    """A clip with a modifier of two takes."""
    window.add_movie("/given/clip.mp4", LENGTH)
    bpy.context.scene.frame_set(FRAMES[0])
    bpy.ops.wm.save_as_mainfile(filepath="/work/takes.blend")
    yield from window.exact_preview()
    yield from window.recast()
    with window.within(window.area("SEQUENCE_EDITOR")):
        modifier().identity.name = "Tiger"
        bpy.ops.understudy.take_add()
        bpy.ops.understudy.picture_add(filepath="/given/harlequin.png")
    modifier().identity.name = "Harlequin"
    modifier().takes[1].name = "Harlequin"
    yield 6.0


def prepare(window):
    """Press Prepare All Takes and wait for it."""
    controls = yield from window.buttons(window.area("PROPERTIES"), across=0.5)
    yield from window.click(controls["understudy.prepare_takes"])
    yield 1.0
    yield from window.until(lambda: not state().running, 600)
    window.point(40, 600)
    yield 2.5
    window.facts["prepared"] = [state().trouble, state().notice]
    window.shot("takes_second")


def flip(window):
    """Press the arrows; undo one; time what a flip takes before it is drawn."""
    window.facts["files"] = layer_files()
    window.push_undo()
    controls = yield from window.buttons(window.area("PROPERTIES"), across=0.94, step=6)
    x, y = controls["understudy.take_step"]
    yield from window.click((x, y))
    window.point(40, 600)
    yield 1.5
    window.facts["flipped"] = modifier().active_take
    window.shot("takes_first")
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.ed.undo()
    yield 2.0
    window.facts["undone"] = modifier().active_take
    window.shot("takes_undone")
    seconds = []
    for place in (0, 1) * 5:
        begun = time.perf_counter()
        modifier().active_take = place
        bpy.context.view_layer.update()
        seconds.append(time.perf_counter() - begun)
        yield 0.4
    window.facts["milliseconds"] = sorted(round(1000 * value, 2) for value in seconds)
    for place in (0, 1):
        modifier().active_take = place
        for frame in FRAMES:
            bpy.context.scene.frame_set(frame)
            yield 1.5
            window.shot(f"takes_{place}_{frame}")


def key(window):
    """Keyframe the takes, and look at frames of each."""
    for frame, place in ((1, 0), (11, 1), (21, 0)):
        modifier().active_take = place
        modifier().keyframe_insert("active_take", frame=frame)
    bpy.context.view_layer.update()
    yield 3.0
    for frame in FRAMES:
        bpy.context.scene.frame_set(frame)
        yield 1.5
        window.shot(f"takes_keyed_{frame}")
    yield from play(window)
    window.facts["later_files"] = layer_files()
    window.facts["end"] = [state().trouble, state().notice]


def play(window):
    """Play over the keyframes; tells how long what is called at each frame took, the quickest first."""
    begun, seconds = [], []
    handlers = bpy.app.handlers.frame_change_post
    handlers.insert(0, lambda *_: begun.append(time.perf_counter()))
    handlers.append(lambda *_: seconds.append(time.perf_counter() - begun[-1]))
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.screen.animation_play()
    yield 4.0
    bpy.ops.screen.animation_cancel(restore_frame=False)
    window.facts["playback_milliseconds"] = sorted(round(1000 * value, 2) for value in seconds)
    yield 2.0


def layer_files():
    """When each layer image was written."""
    layers = Path("/work/understudy_cache/layers")
    return {str(path.relative_to(layers)): path.stat().st_mtime_ns for path in sorted(layers.rglob("*.tif"))}


def modifier():
    """The modifier."""
    return bpy.context.scene.understudy.modifiers[0]


def state():
    """What the panels show."""
    return bpy.context.window_manager.understudy
