# SPDX-License-Identifier: GPL-3.0-or-later
"""A bad shot repaired as a person would: scan, next problem, then what the shot needs, play, scan again.

/given holds a movie of 1280 x 720 pixels that is named as one of `SHOTS`, and face.png; the extension is installed.
Every action of the hands is counted.
"""

from dataclasses import dataclass
from pathlib import Path

import bpy
from bl_ext.user_default.understudy.addon.lookups.gallery import lookup_cache
from bl_ext.user_default.understudy.addon.lookups.scan_lookup import problem_runs_of, scan_lookup
from bl_ext.user_default.understudy.addon.properties.landmark_state import landmark_state
from bl_ext.user_default.understudy.addon.ui.landmark_view import landmark_view

LEFT, RIGHT, ICON = 0.3, 0.75, 0.92
"""Where buttons are across the panel: in the left half, in the right half, and a small one at the right end."""
PULL = 5
"""How far the chin is dragged down, in pixels of the screen: to where it is in the frames around."""
MOST_STEPS = 12
"""How often undo is pressed at most: where the hands went to another frame is a step too."""


@dataclass(frozen=True)
class Shot:
    """A part of a movie, and how it is repaired."""

    begin: int
    """The frame of the clip that is frame 1 of the timeline."""
    length: int
    select: dict
    """Which face is replaced, by the modifier's properties."""
    repairs: tuple
    """What the hands do, one after another: a generator function and its arguments."""
    last_look: int
    """The frame of the timeline that is shown at the end."""


class Hands:
    """The pointer and the keyboard; they count what they do."""

    def __init__(self, window):
        self.window = window
        self.counts = {"clicks": 0, "keys": 0, "drags": 0}
        self.places = {}

    def look(self, across=LEFT):
        """Look where the panel's buttons are. Generator."""
        self.places |= yield from self.window.buttons(self.window.area("PROPERTIES"), across=across)

    def press(self, button, reached, across=LEFT):
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
            yield from self.look(across)

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
    name = next(name for name in SHOTS if Path(f"/given/{name}.mp4").is_file())
    shot = SHOTS[name]
    yield from window.start_editing()
    yield from window.make_room(200)
    yield from make_project(window, name, shot)
    hands = Hands(window)
    yield from hands.look()
    yield from hands.press("problem_scan", lambda: modifier().scan_count == 1)
    yield from window.until(lambda: problems() is not None, 100)
    yield from window.rest()
    window.facts["before"] = problems()
    yield from hands.look()
    for repair, *arguments in shot.repairs:
        yield from repair(window, hands, *arguments)
    yield from play_and_scan(window, hands)
    window.facts["hands"] = hands.counts
    bpy.context.scene.frame_set(shot.last_look)
    yield from window.scroll_to_end(window.area("PROPERTIES"))
    window.shot(f"{name}_lists")
    yield from undo_all(window)


def make_project(window, name, shot):
    """A saved project with a part of the movie, recast and prepared."""
    scene = bpy.context.scene
    window.add_movie(f"/given/{name}.mp4", shot.length)
    strip = scene.sequence_editor.strips[0]
    strip.frame_offset_start = shot.begin
    strip.frame_offset_end = strip.frame_duration - shot.begin - shot.length
    strip.frame_start = 1 - shot.begin
    with window.within(window.area("SEQUENCE_EDITOR")):
        bpy.ops.sequencer.view_all()
    bpy.ops.wm.save_as_mainfile(filepath="/work/bad_shot.blend")
    yield from window.exact_preview()
    window.area("PREVIEW").spaces.active.show_gizmo = True
    yield from window.recast()
    for key, value in shot.select.items():
        setattr(modifier().select, key, value)
    modifier().show_who, modifier().show_repair = False, True
    yield from window.prepare_clip()
    window.push_undo()
    window.area("PROPERTIES").tag_redraw()
    yield 1.0


def go_to_next_problem(window, hands):
    """The key goes there. Generator."""
    yield from hands.key("shift+Next")
    yield from window.rest()


def go_to_frame(window, hands, frame):
    """A click in the ruler goes to a frame of the timeline. Generator."""
    timeline = window.area("SEQUENCE_EDITOR")
    ruler = window.region(timeline)
    across, _ = ruler.view2d.view_to_region(frame, 0, clip=False)
    yield from hands.click((ruler.x + across, ruler.y + ruler.height - 12))
    yield from window.rest()


def keep_shot(window, _hands, name):
    """Keep a picture of the screen. Generator."""
    window.shot(name)
    yield


def add_range(window, hands, across):
    """The problem at the current frame is held or excluded, by which of two buttons is pressed. Generator."""
    count = len(modifier().ranges) + 1
    yield from hands.press("range_add", lambda: len(modifier().ranges) == count, across)
    yield from window.rest()


def end_range(window, hands):
    """The first range in the list ends at the current frame from now on. Generator."""
    yield from hands.look(ICON)
    last = modifier().ranges[0].last
    yield from hands.press("range_set", lambda: modifier().ranges[0].last != last, ICON)
    yield from window.rest()


def correct_chin(window, hands):
    """The chin of a face that is half hidden is dragged to where it must be. Generator."""
    yield from hands.press("landmarks_edit", lambda: chin(window) is not None)
    yield from window.rest()
    start = chin(window)
    yield from hands.drag(start, (start[0], start[1] - PULL))
    yield from window.rest()
    window.shot("33_bad_shot_corrected")
    yield from hands.press("landmarks_edit", lambda: chin(window) is None)


def draw_mask(window, hands, *corners):
    """What lies between corners, pixels of the picture from its upper left, is held out. Generator."""
    yield from hands.press("mask_draw", lambda: len(window.window.modal_operators) > 0)
    for corner in corners:
        yield from hands.click(window.place_of_pixel(*corner))
    yield from hands.key("Return")
    yield from window.rest()


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


SHOTS = {
    # A box goes up over a face: two frames are missed, the chin is wrong below it, both eyes are hidden for a while,
    # and the new face lies over its edge.
    "box": Shot(
        102,
        41,
        {},
        (
            (go_to_next_problem,),
            (add_range, RIGHT),
            (go_to_next_problem,),
            (add_range, RIGHT),
            (go_to_next_problem,),
            (keep_shot, "32_bad_shot"),
            (correct_chin,),
            (go_to_next_problem,),
            (add_range, LEFT),
            (go_to_frame, 9),
            (keep_shot, "bad_shot_unmasked"),
            (draw_mask, (334, 110), (458, 110), (458, 204), (334, 204)),
            (keep_shot, "34_bad_shot_masked"),
        ),
        9,
    ),
    # Two people cross, and the one behind is replaced. Where she comes out again the new face lies over the other's.
    "crossing": Shot(
        44,
        64,
        {"which": "reference", "reference_frame": 126, "reference_face": 0, "others": "126:1"},
        (
            (go_to_next_problem,),
            (keep_shot, "36_crossing"),
            (add_range, LEFT),
            (go_to_frame, 53),
            (keep_shot, "37_crossing_fringe"),
            (go_to_frame, 55),
            (end_range,),
            (keep_shot, "38_crossing_excluded"),
        ),
        62,
    ),
}
