# SPDX-License-Identifier: GPL-3.0-or-later
"""A mask drawn with the pointer over a hand before the face, in the preview; and undone.

/given holds hand.mp4, in which fingers lie on a cheek, and face.png; the extension is installed.
"""

import json
from pathlib import Path

import bpy

PROJECT = "/work/masks.blend"
LENGTH = 30
FRAME = 6


def steps(window):
    """Play everything; `window.facts` gets what a test wants to know."""
    yield from window.start_editing()
    yield from window.make_room(200)
    yield from make_project(window)
    properties = window.area("PROPERTIES")
    controls = yield from window.buttons(properties, across=0.3)
    window.facts["listed"] = sorted(controls)
    window.shot("before")
    outline = json.loads(Path("/given/outline.json").read_text())
    window.push_undo()
    yield from window.click(controls["understudy.mask_draw"])
    yield 0.5
    for number, place in enumerate(outline):
        yield from window.click(window.place_of_pixel(*place))
        if number == 1:  # one too many, taken back
            yield from window.click(window.place_of_pixel(30, 30))
            window.hand("key", "BackSpace")
            yield 0.3
    window.point(*window.place_of_pixel(*outline[-1]))
    yield 0.7
    window.shot("30_outline")
    window.hand("key", "Return")
    yield 3.0
    window.point(40, 600)
    yield 1.0
    window.shot("31_masked")
    window.facts["masks"] = masks()
    window.facts["drawn"] = sorted((yield from window.buttons(properties, across=0.7)))
    yield from cancel_another(window, controls)
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.ed.undo()
    yield 2.5
    window.facts["undone"] = masks()


def make_project(window):
    """A saved project with the movie, recast, at a frame with the hand, prepared."""
    scene = bpy.context.scene
    window.add_movie("/given/hand.mp4", LENGTH)
    bpy.ops.wm.save_as_mainfile(filepath=PROJECT)
    yield from window.recast()
    modifier = scene.understudy.modifiers[0]
    modifier.show_who, modifier.show_repair = False, True
    yield from window.prepare_clip()
    scene.frame_set(FRAME)
    yield from window.exact_preview()
    yield 2.0
    window.area("PROPERTIES").tag_redraw()
    window.point(40, 600)
    yield 1.0


def cancel_another(window, controls):
    """Begin another mask, and leave with Escape."""
    yield from window.click(controls["understudy.mask_draw"])
    yield 0.5
    yield from window.click(window.place_of_pixel(100, 100))
    window.hand("key", "Escape")
    yield 0.5
    window.facts["canceled"] = len(masks())


def masks():
    """What the modifier's masks hold: mode, follow, and how many points each outline has."""
    entries = bpy.context.scene.understudy.modifiers[0].masks
    return [
        [
            entry.mode,
            entry.follow,
            [len(layer["shapes"][0]["splines"][0]) for layer in json.loads(entry.record or "[]")],
        ]
        for entry in entries
    ]
