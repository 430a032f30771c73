# SPDX-License-Identifier: GPL-3.0-or-later
"""The part Repair: prepared, scanned by a click, gone through by keys, and what is bad excluded by a click.

/given holds faulty.mp4, whose face is hidden in three frames, and face.png; the extension is installed.
"""

from pathlib import Path

import bpy

PROJECT = "/work/repair.blend"
LENGTH = 30
_KEYMAPS = (
    "Window", "Screen", "Screen Editing", "User Interface", "Frames", "Markers", "View2D", "View2D Buttons List",
    "Video Sequence Editor", "Sequencer", "Preview",
)  # fmt: skip


def steps(window):
    """Play everything; `window.facts` gets what a test wants to know."""
    yield from window.start_editing()
    yield from window.make_room(200)
    window.facts["collisions"] = collisions()
    yield from make_project(window)
    properties = window.area("PROPERTIES")
    modifier = bpy.context.scene.understudy.modifiers[0]
    modifier.show_who, modifier.show_repair = False, True
    properties.tag_redraw()
    yield 1.0
    controls = yield from window.buttons(properties, across=0.3)
    yield from window.click(controls["understudy.problem_scan"])
    yield 2.5
    window.point(40, 600)
    yield 1.0
    window.facts["listed"] = sorted((yield from window.buttons(properties, across=0.3)))
    window.push_undo()
    yield from press_keys(window)
    window.shot("18_repair")
    controls = yield from window.buttons(properties, across=0.3)
    yield from window.click(controls["understudy.range_add"])
    window.point(40, 600)
    yield 3.0
    window.shot("19_excluded")
    window.facts["ranges"] = ranges()
    window.facts["excluded"] = images()
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.ed.undo()
    yield 2.0
    window.facts["undone"] = ranges()
    with window.within(properties):
        bpy.ops.understudy.problem_next()
        bpy.ops.understudy.range_add(kind="DISMISS")
    window.point(40, 600)
    yield 2.0
    window.shot("19_dismissed")
    with window.within(properties):
        bpy.ops.understudy.range_remove(index=0)
        bpy.ops.understudy.range_add(kind="REDETECT")
    bpy.context.scene.understudy.modifiers[0].show_plots = False
    properties.tag_redraw()
    yield 2.0
    yield from window.until(lambda: not bpy.context.window_manager.understudy.updating, 100)
    yield from window.scroll_to_end(properties)
    window.shot("19_detect_again")


def make_project(window):
    """A saved project with the movie, recast and prepared."""
    window.add_movie("/given/faulty.mp4", LENGTH)
    bpy.ops.wm.save_as_mainfile(filepath=PROJECT)
    yield from window.recast()
    # A face that is filled in is found.
    bpy.context.scene.understudy.modifiers[0].landmark.gaps = 0
    yield from window.prepare_clip()
    window.facts["prepared"] = images()


def press_keys(window):
    """Go to the problem by key over the preview, past it, and back over the timeline."""
    scene = bpy.context.scene
    scene.frame_set(2)
    reached = []
    for kind, key in (
        ("PREVIEW", "shift+Next"),
        ("PREVIEW", "shift+Next"),
        ("SEQUENCE_EDITOR", "shift+Prior"),
    ):
        area = window.area(kind)
        window.point(area.x + area.width // 2, area.y + area.height // 2)
        yield 0.4
        window.hand("key", key)
        yield 0.8
        reached.append(scene.frame_current)
        if len(reached) == 2:
            scene.frame_set(LENGTH)
    window.facts["reached"] = reached


def collisions():
    """What else has the keys in Blender's own keymaps."""
    configuration = bpy.context.window_manager.keyconfigs.default
    return [
        [keymap.name, item.idname]
        for keymap in configuration.keymaps
        if keymap.name in _KEYMAPS or "Sequencer" in keymap.name
        for item in keymap.keymap_items
        if item.type in ("PAGE_UP", "PAGE_DOWN")
        and (item.any or (item.shift_ui and not item.ctrl_ui and not item.alt_ui))
    ]


def ranges():
    """The ranges of the modifier."""
    entries = bpy.context.scene.understudy.modifiers[0].ranges
    return [[entry.first, entry.last, entry.fade] for entry in entries]


def images():
    """How large each layer image is, by its name."""
    paths = sorted(Path(PROJECT).parent.glob("understudy_cache/layers/*/*.tif"))
    return {path.name: path.stat().st_size for path in paths}
