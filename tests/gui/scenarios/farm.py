# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel Farm in the preview's side bar: folded at first, then checked, and its job written.

/given holds clip.mp4 and face.png; the extension is installed.
"""

import shutil
from pathlib import Path

import bpy

_HEADER_PIXELS = 14
"""How far below the top of the side bar the header of its first panel is hit."""


def steps(window):
    """Play everything; `window.facts` gets what a test wants to know."""
    window.hand("key", "Escape")
    yield 1.0
    bpy.ops.wm.read_homefile(app_template="Video_Editing")
    yield 2.0
    yield from make_project(window)
    preview = window.area("PREVIEW")
    preview.spaces.active.show_region_ui = True
    yield 1.0
    window.region(preview, "UI").active_panel_category = "Understudy"
    preview.tag_redraw()
    yield 1.0
    window.facts["folded"] = sorted((yield from window.buttons(preview, "UI")))
    region = window.region(preview, "UI")
    yield from window.click((region.x + region.width // 3, region.y + region.height - _HEADER_PIXELS))
    yield 1.0
    places = yield from window.buttons(preview, "UI", across=0.8)
    window.facts["unfolded"] = sorted(places)
    window.shot("farm_unfolded")
    buttons = yield from window.buttons(preview, "UI", across=0.3)
    window.facts["buttons"] = sorted(buttons)
    yield from window.click(buttons["understudy.farm_check"])
    yield 2.0
    window.point(region.x - 60, region.y + 60)
    yield 0.5
    window.shot("farm_checked")
    window.facts["lines"] = lines()
    # In a narrow side bar the buttons stand below each other.
    wide = yield from window.buttons(preview, "UI", across=0.7)
    yield from window.click((wide | buttons)["understudy.farm_write_job"])
    yield 2.0
    window.facts["files"] = sorted(path.name for path in Path("/work/farm").iterdir())
    Path("/work/face.png").unlink()
    yield 4.0  # the panel's looks at files are of the last seconds
    yield from window.click(buttons["understudy.farm_check"])
    yield 2.0
    window.shot("farm_faults")
    window.facts["faults"] = lines()


def lines():
    """What the panel shows of the last check."""
    return [[line.text, line.level] for line in bpy.context.window_manager.understudy.farm_lines]


def make_project(window):
    """A saved project with a movie and an image beside it."""
    for name in ("clip.mp4", "face.png"):
        shutil.copy(f"/given/{name}", "/work")
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = 640, 360
    scene.render.filepath = "//render/"
    bpy.ops.wm.save_as_mainfile(filepath="/work/farm.blend")
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.sequencer.movie_strip_add(
            filepath="/work/clip.mp4", frame_start=1, channel=1, sound=False, move_strips=False
        )
        bpy.ops.understudy.modifier_add()
        bpy.ops.understudy.picture_add(filepath="/work/face.png")
    scene.frame_end = 30
    bpy.ops.file.make_paths_relative()
    bpy.ops.wm.save_mainfile()
    yield 5.0
