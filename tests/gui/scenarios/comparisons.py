# SPDX-License-Identifier: GPL-3.0-or-later
"""The preview compared with the original; a wedge from a slider's context menu, a cell used by a double click and
undone; a casting sheet that fills in.

/given holds clip.mp4, face.png, harlequin.png and sheet_window.py; the extension is installed.
"""

import bpy

FRAME = 12
LENGTH = 16


def steps(window):
    """Play everything; `window.facts` gets what a test wants to know."""
    yield from window.start_editing()
    yield from window.make_room(200)
    yield from make_project(window)
    yield from compare(window)
    yield from render(window)
    yield from load_again(window)
    yield from compare_values(window)
    yield from use_cell(window)
    yield from cast(window)


def make_project(window):
    """A prepared clip; Color and Blend is unfolded."""
    scene = bpy.context.scene
    window.add_movie("/given/clip.mp4", LENGTH)
    with window.within(window.area("SEQUENCE_EDITOR")):
        strip().frame_final_duration = LENGTH
        bpy.ops.sequencer.view_all()
    scene.frame_set(FRAME)
    bpy.ops.wm.save_as_mainfile(filepath="/work/sheets.blend")
    yield from window.exact_preview()
    yield from window.recast()
    modifier().show_who, modifier().show_colour = False, True
    yield from window.prepare_clip()
    window.push_undo()
    yield 0.5


def compare(window):
    """The result and the original as Blender shows them, then the original, the split and the difference over it."""
    preview = window.area("PREVIEW")
    region = window.region(preview, "PREVIEW")
    middle = region.x + region.width // 2, region.y + region.height // 2
    window.point(*middle)
    yield 0.5
    window.shot("compare_result")
    modes = window.facts["modes"] = []
    for name, wanted in (("original", "ORIGINAL"), ("back", "OFF")):
        window.hand("key", "j")
        yield from window.until(lambda wanted=wanted: compared().mode == wanted, 50)
        yield 4.0 if name == "original" else 1.0  # the first one has libraries to load
        modes.append(compared().mode)
        window.shot(f"compare_{name}")
    compared().mode = "SPLIT"
    yield 1.5
    window.shot("compare_split")
    window.facts["region"] = [region.x, region.y, region.width, region.height]
    preview.spaces.active.show_gizmo = True
    yield 0.7
    start = region.x + compared().split * region.width, middle[1]
    yield from window.drag(start, (region.x + 0.54 * region.width, middle[1]))
    yield 0.7
    window.facts["split"] = compared().split
    window.point(40, 600)
    yield 1.0
    window.shot("19_compare_split")
    preview.spaces.active.show_gizmo = False
    compared().mode = "DIFFERENCE"
    yield 1.5
    window.shot("20_compare_difference")
    compared().mode = "OFF"
    modifier().enabled = False
    yield 3.0
    window.shot("compare_plain")
    modifier().enabled = True
    yield 3.0


def render(window):
    """With the original over the preview, and with nothing: rendered, and rendered from the viewport."""
    scene = bpy.context.scene
    preview = window.area("PREVIEW")
    for mode in ("ORIGINAL", "OFF"):
        compared().mode = mode
        yield 1.0
        scene.render.image_settings.media_type = "IMAGE"
        scene.render.image_settings.file_format = "PNG"
        scene.render.filepath = f"/work/rendered_{mode}.png"
        bpy.ops.render.render(write_still=True)
        scene.render.filepath = f"/work/viewed_{mode}.png"
        with window.within(preview, "PREVIEW"):
            bpy.ops.render.opengl(sequencer=True, write_still=True)
        yield from window.until(lambda: not bpy.app.is_job_running("RENDER"))
        yield 1.5


def load_again(window):
    """What was compared is off in a file that is loaded."""
    compared().mode = "SPLIT"
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath="/work/sheets.blend")
    yield 2.0
    window.facts["loaded"] = compared().mode
    window.area("PROPERTIES").spaces.active.context = "STRIP_MODIFIER"
    yield 1.0


def compared():
    return bpy.context.window_manager.understudy_compare


def compare_values(window):
    """Right click on Light and Color, choose the entry, add a second setting, press Return."""
    window.facts["before"] = values()
    hands = window.module("/given/sheet_window.py")
    yield from hands.open_comparison(window, "colour_match")
    window.hand("key", "Return")
    yield 0.3
    window.facts["begun"] = [state().is_running, len(bpy.context.window_manager.windows)]
    yield from window.until(lambda: not state().is_running, 300)
    yield 1.0
    window.facts["sheet"] = facts()


def use_cell(window):
    """Double click the first cell; undo."""
    hands = window.module("/given/sheet_window.py")
    yield from hands.double_click_cell(window, 0)
    window.facts["used"] = values()
    window.hand("key", "ctrl+z")
    yield 1.5
    window.facts["undone"] = values()
    _, area = hands.image_area()
    window.facts["kept"] = [area.spaces.active.image.name, list(area.spaces.active.image.size)]


def cast(window):
    """A casting sheet of two people; what is seen while it is made, then its end."""
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.understudy.casting_sheet(directory="/given", files=[{"name": "harlequin.png"}], columns=3)
    window.facts["casting"] = [state().is_running]
    yield from window.until(lambda: len(state().places) > 0, 300)
    window.facts["filling"] = state().status
    yield from window.until(lambda: not state().is_running, 300)
    yield 1.0
    window.facts["cast"] = facts()
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.understudy.casting_sheet(directory="/given", files=[{"name": "harlequin.png"}], columns=6)
    yield 0.2
    bpy.ops.understudy.sheet_stop()
    window.facts["stopped"] = [state().is_running, state().status]
    yield 0.5


def facts():
    return {
        "status": state().status,
        "trouble": state().trouble,
        "labels": [entry.label for entry in state().variants],
        "places": len(state().places),
        "windows": len(bpy.context.window_manager.windows),
    }


def values():
    return [round(modifier().fusion.colour_match, 4), round(modifier().fusion.blend, 4)]


def modifier():
    return bpy.context.scene.understudy.modifiers[0]


def strip():
    return bpy.context.scene.sequence_editor.strips_all["clip.mp4"]


def state():
    return bpy.context.window_manager.understudy_sheet
