# SPDX-License-Identifier: GPL-3.0-or-later
"""Five people are cast on a strip of 300 frames, prepared, flipped while it plays, and compared on sheets.

/given holds long.mp4, the folder cast with five images, sheet_window.py, take_watcher.py and screen_watcher.py; the
extension is installed.
"""

import importlib
import time

import bpy
import numpy as np

LENGTH = 300
FRAME = 40
TIMED_FLIPS, FLIPS = 12, 12
FLIP_SECONDS = 0.6
SECOND = "fusion.blend"
SECOND_SETTING_PIXELS = -60, 62
"""From where the menu was opened to the dialog's second setting, right and down."""
COMPARED = 2


def steps(window):
    """Play everything; `window.facts` gets what a test wants to know."""
    yield from window.start_editing()
    yield from window.make_room(200)
    yield from cast(window)
    yield from prepare(window)
    yield from play(window)
    yield from compare_takes(window)
    yield from compare_values(window)
    yield from show_sheet(window)


def cast(window):
    """A clip with a modifier; the button beside Add Take, and every image of a folder chosen."""
    scene = bpy.context.scene
    window.add_movie("/given/long.mp4", LENGTH)
    scene.frame_set(FRAME)
    bpy.ops.wm.save_as_mainfile(filepath="/work/casting.blend")
    yield from window.exact_preview()
    # Proxies are smaller images that Blender makes of its own accord.
    window.area("PREVIEW").spaces.active.use_proxies = False
    window.area("PROPERTIES").spaces.active.context = "STRIP_MODIFIER"
    yield 1.0
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.understudy.modifier_add()
    modifier().show_more = True
    yield 1.0
    controls = yield from window.buttons(window.area("PROPERTIES"), across=0.94, step=6)
    yield from window.click(controls["understudy.takes_add_images"])
    yield 1.0
    browser = bpy.context.window_manager.windows[-1]
    area = max((a for a in browser.screen.areas if a.type == "FILE_BROWSER"), key=lambda a: a.width)
    area.spaces.active.params.directory = b"/given/cast"
    yield 2.0
    for step in (lambda: bpy.ops.file.select_all(action="SELECT"), bpy.ops.file.execute):
        with bpy.context.temp_override(window=browser, area=area, region=window.region(area)):
            step()
        yield 0.5
    yield 1.0
    yield from window.wake()
    window.facts["takes"] = [take.name for take in modifier().takes]
    modifier().show_which_face = modifier().show_swap = False


def prepare(window):
    """Press Prepare All Takes and wait for it."""
    controls = yield from window.buttons(window.area("PROPERTIES"), across=0.5)
    begun = time.perf_counter()
    yield from window.click(controls["understudy.prepare_takes"])
    yield 1.0
    yield from window.until(lambda: not state().running, 4000)
    window.facts["prepare_seconds"] = round(time.perf_counter() - begun, 1)
    window.point(40, 600)
    yield 3.0
    panel = importlib.import_module("bl_ext.user_default.understudy.addon.ui.takes_panel")
    icons = [panel.take_icon(bpy.context.scene, modifier(), place) for place in range(5)]
    window.facts["faces"] = [icon is not None for icon in icons]
    window.facts["prepared"] = [state().trouble, state().notice, state().original_shown]
    window.shot("21_five_takes")
    window.push_undo()


def play(window):
    """Play the strip and press the arrow again and again; then look at each frame that was seen, without playing."""
    controls = yield from window.buttons(window.area("PROPERTIES"), across=0.94, step=6)
    window.point(*controls["understudy.take_step"])
    yield 0.5
    begun, seconds, handlers = [], [], bpy.app.handlers.frame_change_post
    handlers.insert(0, lambda *_: begun.append((time.perf_counter(), time.thread_time())))
    handlers.append(
        lambda *_: seconds.append((time.perf_counter() - begun[-1][0], time.thread_time() - begun[-1][1]))
    )
    yield from flip_while_playing(window, TIMED_FLIPS)
    window.facts["handler_milliseconds"] = [
        sorted(round(1000 * value, 3) for value in values) for values in zip(*seconds, strict=True)
    ]
    preview = window.area("PREVIEW")
    screen = window.module("/given/screen_watcher.py").Screen()
    watcher = window.module("/given/take_watcher.py").TakeWatcher(
        window.window, window.region(preview, "PREVIEW"), screen
    )
    preview.tag_redraw()
    yield 0.5  # until there are marks
    watcher.start()
    window.facts["places"] = yield from flip_while_playing(window, FLIPS)
    watcher.stop()
    window.facts["order"] = watcher.order
    yield 1.0
    window.point(40, 600)
    yield from look_again(watcher)
    watcher.close()
    modifier().active_take = 0
    bpy.context.scene.frame_set(FRAME)
    yield 2.0


def flip_while_playing(window, count):
    """Play, and press the arrow under the pointer; returns which takes were shown. Generator."""
    places = [modifier().active_take]
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.screen.animation_play()
    yield FLIP_SECONDS
    for _ in range(count):
        window.hand("click", 1)
        yield FLIP_SECONDS
        places.append(modifier().active_take)
    bpy.ops.screen.animation_cancel(restore_frame=False)
    yield 0.5
    return places


def look_again(watcher):
    """Show each take and frame that was seen once more, and the same frame with the next take. Generator."""
    wanted, stills, others = list(watcher.pictures), [], []
    count = len(modifier().takes)
    for take, frame in wanted:
        bpy.context.scene.frame_set(frame)
        for pictures, place in ((others, (take + 1) % count), (stills, take)):
            modifier().active_take = place
            yield 0.15
            for _ in range(50):
                shown = watcher.read()
                if shown is not None and shown[:2] == (place, frame):
                    break
                yield 0.05
            pictures.append(shown[2])
    np.savez(
        "/work/watched.npz",
        watched=np.array(wanted),
        playing=np.array([watcher.pictures[place] for place in wanted]),
        still=np.array(stills),
        other=np.array(others),
    )


def compare_takes(window):
    """The take that is shown beside another one; the other one by a key; the same two as Blender shows them."""
    preview = window.area("PREVIEW")
    region = window.region(preview, "PREVIEW")
    window.facts["region"] = [region.x, region.y, region.width, region.height]
    window.shot("compare_result")
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.understudy.compare_with(index=COMPARED)
    yield 1.0
    overlay = importlib.import_module("bl_ext.user_default.understudy.addon.ui.compare_overlay")
    # It has libraries to load.
    yield from window.until(lambda: not overlay._HANDLES[0][1]._reader.is_busy, 300)
    yield 1.5
    window.facts["split"] = [compared().mode, compared().fault]
    window.shot("compare_split")
    window.point(region.x + region.width // 2, region.y + region.height // 2)
    yield 0.3
    window.hand("key", "j")
    yield 1.5
    window.facts["flip"] = compared().mode
    window.shot("compare_other")
    window.hand("key", "j")
    yield 1.0
    preview.spaces.active.show_region_ui = True
    yield 0.5
    window.region(preview, "UI").active_panel_category = "Understudy"
    yield 1.5
    window.shot("25_compare_takes")
    preview.spaces.active.show_region_ui = False
    compared().mode = "OFF"
    modifier().active_take = COMPARED
    window.point(40, 600)
    yield 2.0
    window.shot("compare_flipped")
    modifier().active_take = 0
    yield 2.0


def compare_values(window):
    """Right click on Light and Color, choose the entry, choose a second setting by the wheel, and press Return."""
    modifier().show_who, modifier().show_colour = False, True
    yield 2.0
    hands = window.module("/given/sheet_window.py")
    yield from hands.open_comparison(window, "colour_match")
    window.hand("mousemove_relative", "--", *SECOND_SETTING_PIXELS)
    yield 0.3
    settings = bpy.ops.understudy.compare_values.get_rna_type().properties["second"].enum_items
    window.hand("keydown", "ctrl")
    for _ in range(settings.find(SECOND)):
        window.hand("click", 5)
        yield 0.05
    window.hand("keyup", "ctrl")
    yield 0.7
    window.shot("22_two_settings")
    window.facts["before"] = values()
    window.hand("key", "Return")
    yield 0.5
    yield from window.until(lambda: not sheet().is_running, 600)
    yield 1.0
    hands.shot_of_sheet(window, "23_grid_of_values")
    window.facts["grid"] = sheet_facts()
    yield from hands.double_click_cell(window, 0)
    window.facts["used"] = values()
    window.hand("key", "ctrl+z")
    yield 1.5
    window.facts["undone"] = values()


def show_sheet(window):
    """A casting sheet of the takes, in the Image Editor."""
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.understudy.casting_sheet(columns=3)
    yield from window.until(lambda: not sheet().is_running, 600)
    yield 1.0
    window.module("/given/sheet_window.py").shot_of_sheet(window, "24_sheet_of_takes")
    window.facts["people"] = sheet_facts()


def sheet_facts():
    """What windows show of the sheet."""
    image = bpy.data.images[sheet().image]
    editors = [
        area.spaces.active.image.name
        for shown in bpy.context.window_manager.windows
        for area in shown.screen.areas
        if area.type == "IMAGE_EDITOR"
    ]
    return {
        "status": sheet().status,
        "labels": [entry.label for entry in sheet().variants],
        "places": len(sheet().places),
        "editors": [name == image.name for name in editors],
    }


def values():
    """The values that the grid compares."""
    fusion = modifier().fusion
    return [round(fusion.colour_match, 4), round(fusion.blend, 4)]


def modifier():
    """The modifier."""
    return bpy.context.scene.understudy.modifiers[0]


def state():
    """What the panels show."""
    return bpy.context.window_manager.understudy


def compared():
    """What the preview compares."""
    return bpy.context.window_manager.understudy_compare


def sheet():
    """The sheet."""
    return bpy.context.window_manager.understudy_sheet
