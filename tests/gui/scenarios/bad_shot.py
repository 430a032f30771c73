# SPDX-License-Identifier: GPL-3.0-or-later
"""A bad shot repaired as a person would: scan, next problem, hold, drag, exclude, draw a mask, play, scan again.

/given holds shot.mp4, of 1280 x 720 pixels, and face.png; the extension is installed. Every action of the hands is
counted.
"""

import bpy
from bl_ext.user_default.understudy.addon.lookups.gallery import lookup_cache
from bl_ext.user_default.understudy.addon.lookups.scan_lookup import problem_runs_of, scan_lookup
from bl_ext.user_default.understudy.addon.properties.landmark_state import landmark_state
from bl_ext.user_default.understudy.addon.ui.landmark_view import landmark_view

BEGIN, LENGTH = 102, 41
"""Which frames of the clip the strip shows."""
MASKED = 110
"""The frame of the clip in which the mask is drawn."""
BOX = ((334, 110), (458, 110), (458, 204), (334, 204))
"""Around the box in that frame and a few more, in pixels of the picture, from its upper left corner."""
PULL = 5
"""How far the chin is dragged down, in pixels of the screen: to where it is in the frames around."""
MOST_STEPS = 12
"""How often undo is pressed at most: where the hands went to another frame is a step too."""


class Hands:
    """The pointer and the keyboard; they count what they do."""

    def __init__(self, window):
        self.window = window
        self.counts = {"clicks": 0, "keys": 0, "drags": 0}
        self.places = {}

    def look(self):
        """Look where the panel's buttons are. Generator."""
        self.places = yield from self.window.buttons(self.window.area("PROPERTIES"), across=0.3)

    def press(self, button, reached, across=0.3):
        """Click a button of the panel, of two beside each other the one that is there. Generator.

        Where nothing is reached by it, since the panel was drawn late, it looks and clicks again, as the same click.
        """
        properties = self.window.area("PROPERTIES")
        self.counts["clicks"] += 1
        for _ in range(3):
            _, height = self.places.get(f"understudy.{button}", (0, 0))
            yield from self.window.click((properties.x + across * properties.width, height))
            yield from self.window.until(reached, 30)
            if reached():
                return
            yield from self.look()

    def click(self, place):
        """Click at a place. Generator."""
        self.counts["clicks"] += 1
        yield from self.window.click(place)

    def key(self, name, editor="PREVIEW"):
        """Press a key over the middle of an editor. Generator."""
        self.counts["keys"] += 1
        area = self.window.area(editor)
        self.window.point(area.x + area.width // 2, area.y + area.height // 2)
        yield 0.4
        self.window.hand("key", name)
        yield 0.5

    def drag(self, start, end):
        """Drag from a place to another. Generator."""
        self.counts["drags"] += 1
        yield from self.window.drag(start, end)


def steps(window):
    """Play everything; `window.facts` gets what a test wants to know."""
    yield from window.start_editing()
    yield from window.make_room(200)
    yield from make_project(window)
    hands = Hands(window)
    yield from hands.look()
    yield from hands.press("problem_scan", lambda: modifier().scan_count == 1)
    yield from window.until(lambda: problems() is not None, 100)
    yield from window.rest()
    window.facts["before"] = problems()
    yield from hands.look()
    yield from hold_two_frames(window, hands)
    yield from correct_chin(window, hands)
    yield from exclude_rest(window, hands)
    yield from draw_mask(window, hands)
    yield from play_and_scan(window, hands)
    window.facts["hands"] = hands.counts
    yield from undo_all(window)


def make_project(window):
    """A saved project with a part of the movie, recast and prepared."""
    scene = bpy.context.scene
    window.add_movie("/given/shot.mp4", LENGTH)
    strip = scene.sequence_editor.strips[0]
    strip.frame_offset_start, strip.frame_offset_end = BEGIN, strip.frame_duration - BEGIN - LENGTH
    strip.frame_start = 1 - BEGIN
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.sequencer.view_all()
    bpy.ops.wm.save_as_mainfile(filepath="/work/bad_shot.blend")
    yield from window.exact_preview()
    window.area("PREVIEW").spaces.active.show_gizmo = True
    yield from window.recast()
    modifier().show_who, modifier().show_repair = False, True
    yield from window.prepare_clip()
    window.push_undo()
    window.area("PROPERTIES").tag_redraw()
    yield 1.0


def hold_two_frames(window, hands):
    """Two faces that are missed for a frame are carried over it. Generator."""
    for count in (1, 2):
        yield from hands.key("shift+Next")
        yield from window.rest()
        yield from hands.press("range_add", lambda count=count: len(modifier().ranges) == count, across=0.75)
        yield from window.rest()


def correct_chin(window, hands):
    """The chin of a face that is half hidden is dragged to where it must be. Generator."""
    yield from hands.key("shift+Next")
    yield from window.rest()
    window.shot("32_bad_shot")
    yield from hands.press("landmarks_edit", lambda: chin(window) is not None)
    yield from window.rest()
    start = chin(window)
    yield from hands.drag(start, (start[0], start[1] - PULL))
    yield from window.rest()
    window.shot("33_bad_shot_corrected")
    yield from hands.press("landmarks_edit", lambda: chin(window) is None)


def exclude_rest(window, hands):
    """Where both eyes are hidden the original stays. Generator."""
    yield from hands.key("shift+Next")
    yield from hands.press("range_add", lambda: len(modifier().ranges) == 3)
    yield from window.rest()


def draw_mask(window, hands):
    """The box is held out: a click in the ruler goes to a frame, four are its corners. Generator."""
    timeline = window.area("SEQUENCE_EDITOR")
    ruler = window.region(timeline)
    across, _ = ruler.view2d.view_to_region(MASKED - BEGIN + 1, 0, clip=False)
    yield from hands.click((ruler.x + across, ruler.y + ruler.height - 12))
    yield from window.rest()
    window.shot("bad_shot_unmasked")
    yield from hands.press("mask_draw", lambda: len(window.window.modal_operators) > 0)
    for corner in BOX:
        yield from hands.click(window.place_of_pixel(*corner))
    yield from hands.key("Return")
    yield from window.rest()
    window.shot("34_bad_shot_masked")


def play_and_scan(window, hands):
    """Prepare what has changed, play it, and scan again. Generator."""
    yield from hands.press("prepare_clip", lambda: bpy.context.window_manager.understudy.running)
    yield from window.until(lambda: not bpy.context.window_manager.understudy.running, 900)
    yield from hands.key("space")
    yield from window.until(lambda: bpy.context.screen.is_animation_playing, 20)
    window.facts["played_from"] = bpy.context.scene.frame_current
    yield 1.5
    yield from hands.key("space")
    window.facts["played_to"] = bpy.context.scene.frame_current
    yield from hands.press("problem_scan", lambda: modifier().scan_count == 2)
    yield from window.until(lambda: problems() is not None, 100)
    window.facts["after"] = problems()
    window.facts["repairs"] = repairs()
    bpy.context.scene.frame_set(MASKED - BEGIN + 1)
    yield from window.scroll_to_end(window.area("PROPERTIES"))
    window.shot("35_bad_shot_lists")


def undo_all(window):
    """Take all of it back by key, and bring it again. Generator."""
    area = window.area("PREVIEW")
    window.point(area.x + 40, area.y + area.height // 2)
    yield 0.3
    done = repairs()
    for key, goal in (("ctrl+z", [[], [], []]), ("ctrl+shift+z", done)):
        for _ in range(MOST_STEPS):
            window.hand("key", key)
            yield 0.4
            if repairs() == goal:
                break
        yield from window.until(lambda: problems() is not None, 50)
        window.facts[key] = [repairs(), problems()]


def modifier():
    return bpy.context.scene.understudy.modifiers[0]


def problems():
    """The problems that are left, as [first, last, reason]; None where no scan is done."""
    scene, strip = bpy.context.scene, bpy.context.scene.sequence_editor.strips[0]
    lookup = scan_lookup(scene, strip, modifier())
    view = lookup_cache().peek(lookup)
    if view is None:
        return None
    return [
        [run.first, run.last, run.reasons[0].measure] for run in problem_runs_of(lookup, view, modifier())
    ]


def repairs():
    """What is mended: ranges, corrections and masks."""
    return [
        [[entry.kind, entry.first, entry.last] for entry in modifier().ranges],
        [[entry.first, entry.last] for entry in modifier().landmark_edits],
        [[entry.mode, entry.follow] for entry in modifier().masks],
    ]


def chin(window):
    """Where the chin's handle is on the screen, in Blender's coordinates; None where handles are not shown."""
    area = window.area("PREVIEW")
    region = window.region(area, "PREVIEW")
    with window.within(area, "PREVIEW"):
        shown = landmark_view(bpy.context)
    if not landmark_state().is_editing or shown is None or not shown.faces:
        return None
    x, y = shown.to_region.apply(*shown.faces[0].controls["chin"])
    return [region.x + x, region.y + y]
