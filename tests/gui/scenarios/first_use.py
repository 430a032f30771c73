# SPDX-License-Identifier: GPL-3.0-or-later
"""The newcomer's path, in the window: install, add a clip, recast a face, look, tweak, render.

It begins with Blender's own preferences and an empty profile. /given holds the extension, clip.mp4 and face.png.
"""

import time
from pathlib import Path

import bpy

LENGTH = 30
PROJECT = "/work/newcomer.blend"
LOOKED_AT = (1, 10, 20)
FIRST_HEADER, HEADERS_APART = 31.0, 21.4
"""Where the headers of a modifier's parts are below its name while all are folded, in pixels of the screen."""


def steps(window):
    """Play everything; `window.facts` gets what a test wants to know."""
    window.hand("key", "Escape")  # the splash screen
    yield 1.0
    yield from window.make_room(300)
    yield from install(window)
    yield from add_clip(window)
    yield from add_modifier(window)
    yield from add_picture(window)
    yield from look(window, "unprepared")
    yield from prepare(window, "06_prepare")
    yield from look(window, "prepared")
    yield from tweak(window)
    yield from look(window, "tweaked")
    yield from render(window)


def install(window):
    """Preferences, Get Extensions, Install from Disk."""
    bpy.ops.screen.userpref_show(section="EXTENSIONS")
    yield 1.0
    yield from window.centre()
    bpy.ops.extensions.package_install_files("INVOKE_DEFAULT")
    yield from window.choose("/given/understudy.zip", "01_install_from_disk")
    yield from window.centre()
    window.point(700, 500)
    yield 2.0
    window.shot("02_installed")
    window.facts["addons"] = [addon.module for addon in bpy.context.preferences.addons]
    bpy.ops.wm.save_userpref()
    second = bpy.context.window_manager.windows[-1]
    with bpy.context.temp_override(window=second):
        bpy.ops.wm.window_close()
    yield


def add_clip(window):
    """Add the movie and save the project."""
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = 640, 360
    sequencer = window.area("SEQUENCE_EDITOR")
    with window.within(sequencer):
        bpy.ops.sequencer.movie_strip_add("INVOKE_DEFAULT", move_strips=False)
    yield from window.choose("/given/clip.mp4")
    scene.frame_start, scene.frame_end = 1, LENGTH
    with window.within(sequencer):
        bpy.ops.sequencer.view_all()
    yield 1.0
    bpy.ops.wm.save_as_mainfile(filepath=PROJECT)
    clip = next(strip for strip in scene.sequence_editor.strips if strip.type == "MOVIE")
    region = window.region(sequencer)
    x, y = region.view2d.view_to_region(clip.left_handle + 14, clip.channel + 0.5)
    yield from window.click((region.x + x, region.y + y))
    yield from window.exact_preview()
    window.shot("03_clip")


def add_modifier(window):
    """Properties, Strip Modifiers, Add Modifier, Face Swap."""
    properties = window.area("PROPERTIES")
    properties.spaces.active.context = "STRIP_MODIFIER"
    yield 0.5
    region = window.region(properties)
    yield from window.click((region.x + region.width / 2, region.y + region.height - 54))
    yield 0.5
    window.shot("04_add_modifier")
    # The menu begins a search when a letter is typed.
    window.write("Face Swap")
    yield 1.0
    window.facts["modifiers"] = len(bpy.context.scene.understudy.modifiers)


def add_picture(window):
    """The panel Who: Add Image, then wait until the face in it is shown."""
    properties = window.area("PROPERTIES")
    controls = yield from window.buttons(properties)
    window.facts["controls"] = sorted(controls)
    yield from window.click(controls["understudy.picture_add"])
    yield 1.0
    browser = bpy.context.window_manager.windows[-1].screen
    area = max((a for a in browser.areas if a.type == "FILE_BROWSER"), key=lambda a: a.width)
    window.facts["offered_image"] = area.spaces.active.params.filename
    yield from window.choose("/given/face.png")
    for _ in range(40):
        yield 0.5
        # Until then there is a button that looks for the face.
        if "understudy.picture_check" not in (yield from window.buttons(properties, across=0.865)):
            break
    window.point(40, 600)
    yield 3.0  # the worker draws the face that shape understood
    window.shot("05_picture")


def look(window, name):
    """Scrub: go to frames, and keep what the preview shows of each."""
    for frame in LOOKED_AT:
        bpy.context.scene.frame_set(frame)
        window.point(40, 600)
        yield 0.6
        window.shot(f"{name}_{frame:04d}")


def prepare(window, picture=None, since=None):
    """Press Prepare and wait until every layer image is newer than now, or than `since`."""
    properties = window.area("PROPERTIES")
    controls = yield from window.buttons(properties, across=0.35)
    since = since or time.time()
    yield from window.click(controls["understudy.prepare_clip"])
    window.point(40, 600)
    for _ in range(400):
        yield 0.15
        if picture and _count_layers_since(since) > LENGTH // 5:
            window.shot(picture)
            picture = None
        if _count_layers_since(since) == LENGTH:
            break
    window.facts.setdefault("made", []).append(_count_layers_since(since))
    yield 1.5


def _count_layers_since(moment):
    """Count the layer images that were written since a moment; what stands in for one is tiny."""
    facts = [path.stat() for path in Path(PROJECT).parent.glob("understudy_cache/layers/*/*.tif")]
    return sum(fact.st_mtime > moment and fact.st_size > 1000 for fact in facts)


def tweak(window):
    """Fold Who, open Color and Blend, both by their headers, and drag Blend to about a half."""
    properties = window.area("PROPERTIES")
    for number in (0, 4):
        controls = yield from window.buttons(properties, across=0.35)
        x, y = controls["name"]
        yield from window.click((x, y - FIRST_HEADER - HEADERS_APART * number))
        yield 0.5
    modifier = bpy.context.scene.understudy.modifiers[0]
    window.facts["folds"] = [modifier.show_who, modifier.show_colour]
    controls = yield from window.buttons(properties)
    x, y = controls["blend"]
    began = time.time()
    yield from window.drag((x, y), (x - 90, y))
    yield 1.0
    window.shot("08_blend")
    window.facts["blend"] = bpy.context.scene.understudy.modifiers[0].fusion.blend
    yield from prepare(window, since=began)


def render(window):
    """Render the animation from the window, and save."""
    scene = bpy.context.scene
    scene.render.image_settings.media_type = "IMAGE"
    scene.render.image_settings.file_format = "PNG"
    scene.render.filepath = "/work/window_"
    bpy.ops.wm.save_mainfile()
    ended = []
    bpy.app.handlers.render_complete.append(lambda *_: ended.append(True))
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.render.render("INVOKE_DEFAULT", animation=True)
    for _ in range(200):
        if ended:
            break
        yield 0.3
    window.facts["rendered"] = bool(ended)
    yield from window.centre()
    window.shot("09_render")
    # What the preview draws, without the rounding of zoom and screen.
    scene.render.filepath = "/work/preview_"
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.render.opengl(animation=True, sequencer=True, view_context=False)
    yield 1.0
