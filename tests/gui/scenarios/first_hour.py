# SPDX-License-Identifier: GPL-3.0-or-later
"""From the zip to the first swapped frame in a small window, by clicks that are counted once the clip is there.

It begins with Blender's own preferences and an empty profile. /given holds the extension, clip.mp4 and face.png.
"""

import importlib
import shutil
from pathlib import Path

import bpy

LENGTH = 30
FACES = "/work/faces"
"""A folder with two images and nothing else, as a user may have it."""
_TAB_BELOW_TOP = 147
"""Where the middle of the tab Strip Modifiers is in the Properties editor, in pixels below the first tab's top."""
_MENU_ENTRY = (-60, -88)
"""Where Face Swap is in the menu of modifiers, from the button that opens it: the sound of the movie is active."""
_FIRST_FILE = (70, 70)
"""Where the first thumbnail is in the file browser, from its upper left."""


def steps(window):
    """Play everything; `window.facts` gets the clicks, and how the panel said it stood after each."""
    window.facts.update(clicks=[], states=[])
    Path(FACES).mkdir()
    for name in ("face.png", "harlequin.png"):
        shutil.copy(f"/given/{name}", FACES)
    window.hand("key", "Escape")  # the splash screen
    yield 1.0
    yield from install(window)
    yield from add_clip(window)
    yield from add_modifier(window)
    yield from choose_picture(window)
    yield from prepare(window)


def install(window):
    """Preferences, Get Extensions, Install from Disk."""
    bpy.ops.screen.userpref_show(section="EXTENSIONS")
    yield 1.0
    yield from to_the_middle(window, "Preferences")
    bpy.ops.extensions.package_install_files("INVOKE_DEFAULT")
    yield from window.choose("/given/understudy.zip")
    yield from to_the_middle(window, "Preferences")
    window.point(640, 330)
    yield 2.0
    window.shot("first_hour_1_install")
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[-1]):
        bpy.ops.wm.window_close()
    yield 1.0


def add_clip(window):
    """Add > Movie: the strip stays selected."""
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = 640, 360
    scene.render.fps = 30  # that of the movie, about which Blender itself would warn
    sequencer = window.area("SEQUENCE_EDITOR")
    with window.within(sequencer):
        bpy.ops.sequencer.movie_strip_add("INVOKE_DEFAULT", move_strips=False, use_framerate=False)
    yield from window.choose("/given/clip.mp4")
    scene.frame_start, scene.frame_end = 1, LENGTH
    with window.within(sequencer):
        bpy.ops.sequencer.view_all()
    yield 1.0
    window.shot("first_hour_2_clip")


def add_modifier(window):
    """The tab Strip Modifiers, Add Modifier, Face Swap."""
    properties = window.area("PROPERTIES")
    tabs, region = window.region(properties, "NAVIGATION_BAR"), window.region(properties)
    yield from click(
        window, "Strip Modifiers", (tabs.x + tabs.width / 2, tabs.y + tabs.height - _TAB_BELOW_TOP)
    )
    window.facts["tab"] = properties.spaces.active.context
    button = region.x + region.width / 2, region.y + region.height - 54
    yield from click(window, "Add Modifier", button)
    window.shot("first_hour_3_menu")
    yield from click(window, "Face Swap", tuple(a + b for a, b in zip(button, _MENU_ENTRY, strict=True)))
    window.facts["modifiers"] = len(bpy.context.scene.understudy.modifiers)
    window.shot("first_hour_4_modifier")


def choose_picture(window):
    """Choose Face Image, a thumbnail, Return."""
    controls = yield from window.buttons(window.area("PROPERTIES"), across=0.5)
    yield from click(window, "Choose Face Image", controls["understudy.picture_add"])
    yield 1.0
    yield from to_the_middle(window, "File")
    browser = bpy.context.window_manager.windows[-1]
    area = max((a for a in browser.screen.areas if a.type == "FILE_BROWSER"), key=lambda a: a.width)
    area.spaces.active.params.directory = FACES.encode()
    yield 2.0
    region = window.region(area)
    left, top = corner(window, browser)
    x = left + region.x + _FIRST_FILE[0]
    y = top + browser.height - (region.y + region.height) + _FIRST_FILE[1]
    yield from click(window, "face.png", (x, window.window.height - 1 - y))
    window.shot("first_hour_5_picture")
    window.hand("key", "Return")
    yield 1.0
    yield from window.wake()
    yield from window.until(lambda: bpy.context.scene.understudy.modifiers[0].identity.pictures)
    yield 4.0
    window.facts["pictures"] = [
        Path(image.filepath).name for image in bpy.context.scene.understudy.modifiers[0].identity.pictures
    ]
    record_state(window)
    window.shot("first_hour_6_chosen")


def prepare(window):
    """Prepare Clip, and wait until all is ready."""
    controls = yield from window.buttons(window.area("PROPERTIES"), across=0.35)
    yield from click(window, "Prepare Clip", controls["understudy.prepare_clip"])
    yield from window.until(lambda: not bpy.context.window_manager.understudy.running, 600)
    window.point(700, 250)
    yield 2.0
    record_state(window)
    window.shot("first_hour_7_ready")


def click(window, what, place):
    """Click at a place, and note what on and how the strip stands then."""
    window.point(*place)
    yield
    window.hand("click", 1)
    window.facts["clicks"].append(what)
    yield 0.4
    record_state(window)


def record_state(window):
    """Note what the panel says of the strip, and whether that is a warning."""
    scene = bpy.context.scene
    if not scene.understudy.modifiers:
        return
    (name,) = (a.module for a in bpy.context.preferences.addons if a.module.endswith("understudy"))
    strip = next(strip for strip in scene.sequence_editor.strips if strip.type == "MOVIE")
    state = importlib.import_module(f"{name}.addon.prepare.strip_facts").state_of(scene, strip)
    text = importlib.import_module(f"{name}.core.reporting.strip_state").state_text(state)
    status = bpy.context.window_manager.understudy
    window.facts["states"].append([text, state.is_bad or bool(status.trouble)])


def corner(window, other):
    """Where the upper left of a window in the middle of the screen is, from the screen's upper left."""
    main = window.window
    return max((main.width - other.width) // 2, 0), max((main.height - other.height) // 2, 0)


def to_the_middle(window, title):
    """Move the last window to the middle of the screen: there is no window manager."""
    place = corner(window, bpy.context.window_manager.windows[-1])
    yield from window.move(title, place)
