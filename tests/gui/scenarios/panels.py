# SPDX-License-Identifier: GPL-3.0-or-later
"""Every panel unfolded, one after the other, at the width that Blender gives it; and the page of preferences.

/given holds clip.mp4 and face.png; the extension is installed.
"""

import importlib

import bpy

PARTS = ("who", "which_face", "swap", "mask", "colour", "analysis")
_TIMELINE_PIXELS = 60
"""How high the timeline is made, so that panels are seen whole; their width is Blender's own."""


def steps(window):
    """Play everything; `window.facts` gets how wide the editor of the panels is."""
    window.hand("key", "Escape")
    yield 1.0
    bpy.ops.wm.read_homefile(app_template="Video_Editing")
    yield 2.0
    sequencer = window.area("SEQUENCE_EDITOR")
    yield from window.drag((300, sequencer.y + sequencer.height + 1.5), (300, _TIMELINE_PIXELS))
    yield from add_modifier(window)
    region = window.region(window.area("PROPERTIES"))
    window.facts["width"] = region.width / bpy.context.preferences.system.ui_scale
    modifier = bpy.context.scene.understudy.modifiers[0]
    for part in PARTS:
        fold_all(modifier, part)
        yield from pictures(window, f"panel_{part}")
    fold_all(modifier, "who")
    modifier.show_consent = True
    modifier.identity.consent, modifier.identity.consent_record.until = "The lead", "2001-01-31"
    modifier.identity.consent_record.recorded_on = "2000-12-01"
    modifier.identity.consent_record.evidence = "/given/clip.mp4"
    modifier.identity.consent_record.evidence_sha256 = "0123456789abcdef" * 4
    yield from pictures(window, "panel_consent")
    modifier.show_consent = False
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
    """Keep two pictures of the Properties editor: of its top as `name`, of its end as `name_end`."""
    area = window.area("PROPERTIES")
    area.tag_redraw()
    window.point(area.x + area.width - 20, area.y + area.height - 60)
    for end, button in (("", 4), ("_end", 5)):
        window.hand("click", "--repeat", 60, "--delay", 2, button)
        yield 0.8
        window.shot(f"{name}{end}")


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
    for end in ("", "_end"):
        window.shot(f"preferences{end}")
        window.hand("click", "--repeat", 60, "--delay", 2, 5)
        yield 0.8
