# SPDX-License-Identifier: GPL-3.0-or-later
"""Every panel unfolded, one after the other, at the width that Blender gives it; and the page of preferences.

/given holds clip.mp4 and face.png; the extension is installed.
"""

import importlib

import bpy

PARTS = ("who", "which_face", "swap", "mask", "colour", "analysis")
_PAGE_PIXELS = 300
"""How far a picture of a long panel is scrolled on for the next."""


def steps(window):
    """Play everything; `window.facts` gets what the panels are called."""
    window.hand("key", "Escape")
    yield 1.0
    bpy.ops.wm.read_homefile(app_template="Video_Editing")
    yield 2.0
    yield from add_modifier(window)
    modifier = bpy.context.scene.understudy.modifiers[0]
    for part in PARTS:
        fold_all(modifier, part)
        yield from pictures(window, f"panel_{part}")
    fold_all(modifier, "")
    modifier.swap.swapper, modifier.enhance.enhancer = "inswapper", "codeformer"
    modifier.occlude.masker, modifier.embed.recogniser = "bisenet", "arcface"
    modifier.detect.detector, modifier.landmark.landmarker = "scrfd", "fan-68"
    modifier.select.which, modifier.landmark.pose = "reference", "6drepnet"
    for part in ("which_face", "swap", "mask", "colour", "analysis"):
        fold_all(modifier, part)
        yield from pictures(window, f"panel_{part}_models")
    fold_all(modifier, "")
    bpy.context.scene.understudy.show_cache = True
    yield from pictures(window, "panel_cache")
    yield from preferences(window)


def add_modifier(window):
    """A movie with a modifier and an image."""
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = 640, 360
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.sequencer.movie_strip_add(
            filepath="/given/clip.mp4", frame_start=1, channel=1, sound=False, move_strips=False
        )
    bpy.ops.wm.save_as_mainfile(filepath="/work/panels.blend")
    yield 1.0  # the editor learns that there is an active strip
    window.area("PROPERTIES").spaces.active.context = "STRIP_MODIFIER"
    yield 1.0
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.understudy.modifier_add()
    window.area("PROPERTIES").tag_redraw()
    yield 1.0
    window.shot("panel_first_step")
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.understudy.picture_add(filepath="/given/face.png")
    yield 5.0


def fold_all(modifier, but):
    """Fold every part of a modifier except one."""
    for part in PARTS:
        setattr(modifier, f"show_{part}", part == but)


def pictures(window, name):
    """Keep pictures of the Properties editor as `name`, `name_1` and so on, scrolled to its end."""
    area = window.area("PROPERTIES")
    area.tag_redraw()
    window.point(area.x + area.width / 2, area.y + area.height / 2)
    for _ in range(60):
        window.hand("click", 4)
    yield 1.2
    shots = max(1, -(-int(bpy.context.preferences.system.ui_scale * 1100) // window.region(area).height))
    for number in range(shots):
        window.shot(name if number == 0 else f"{name}_{number}")
        for _ in range(window.region(area).height // 45):
            window.hand("click", 5)
            yield 0.02
        yield 0.6


def preferences(window):
    """The extension's page, as wide as Blender opens it."""
    (name,) = (
        addon.module for addon in bpy.context.preferences.addons if addon.module.endswith("understudy")
    )
    importlib.import_module(name)
    bpy.ops.preferences.addon_show(module=name)
    yield 1.5
    yield from window.centre()
    yield 1.0
    second = bpy.context.window_manager.windows[-1]
    window.hand("mousemove", 240 + second.width // 2, 130 + second.height // 2)
    for number in range(4):
        window.shot(f"preferences_{number}")
        for _ in range(8):
            window.hand("click", 5)
            yield 0.02
        yield 0.6
