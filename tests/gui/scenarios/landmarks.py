# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks corrected with the mouse: handles shown by a click, the chin dragged, undone, a knob turned, one given up;
then a face placed where none is found, by a click and a drag of an eye.

/given holds hidden.mp4, whose face is hidden in two frames, and face.png; the extension is installed.
"""

import bpy
from bl_ext.user_default.understudy.addon.ui.landmark_view import landmark_view
from bl_ext.user_default.understudy.core.recipe.landmark_drag import FaceControl

LENGTH, FRAME, HIDDEN = 12, 6, 10
DOWN = 16


def steps(window):
    """Play everything; `window.facts` gets what a test wants to know."""
    yield from window.start_editing()
    yield from window.make_room(200)
    yield from make_project(window)
    properties = window.area("PROPERTIES")
    window.point(40, 600)
    yield 1.0
    window.shot("landmarks_before")
    controls = yield from window.buttons(properties, across=0.3)
    across, height = controls["understudy.landmarks_edit"]
    yield from window.click((across, height))
    window.point(40, 600)
    yield 2.0
    window.facts["region"] = [*view(window)[1]]
    yield from drag_chin(window)
    yield from turn(window)
    yield from give_up(window)
    beside = properties.x + 0.75 * properties.width, height
    yield from place(window, beside)


def make_project(window):
    """A saved project with the movie, recast and prepared, at a frame in its middle."""
    window.add_movie("/given/hidden.mp4", LENGTH)
    bpy.context.scene.sequence_editor.strips[0].frame_final_duration = LENGTH
    bpy.context.scene.frame_set(FRAME)
    bpy.ops.wm.save_as_mainfile(filepath="/work/landmarks.blend")
    yield from window.exact_preview()
    window.area("PREVIEW").spaces.active.show_gizmo = True
    yield from window.recast()
    modifier().swap.shape = 0.0  # else what is around the face goes along
    modifier().landmark.gaps = 0  # a face that is filled in is found
    modifier().fusion.keep_cover = 0.0
    yield from window.prepare_clip()
    modifier().show_who, modifier().show_repair = False, True
    window.area("PROPERTIES").tag_redraw()
    window.push_undo()


def drag_chin(window):
    """Drag the chin down; look at it with and without handles; take it back by a key."""
    start = at(window, "chin")
    window.facts["chin"] = start
    window.facts["eyes"] = [at(window, "left_eye"), at(window, "right_eye")]
    window.facts["forehead"] = at(window, "forehead")
    yield from window.drag(start, (start[0], start[1] - DOWN))
    yield from window.rest()
    window.facts["dragged"] = edits()
    window.facts["reached"] = at(window, "chin")
    window.shot("21_landmarks")
    state().is_editing = False
    yield 1.0
    window.shot("landmarks_after")
    area = window.area("PREVIEW")
    window.point(area.x + 40, area.y + area.height // 2)
    yield 0.5
    window.hand("key", "ctrl+z")
    yield from window.rest()
    window.facts["undone"] = edits()
    window.shot("landmarks_undone")
    window.hand("key", "ctrl+shift+z")
    yield from window.rest()
    window.facts["redone"] = edits()
    state().is_editing = True
    yield 1.0


def turn(window):
    """Turn the whole face by its knob."""
    start = at(window, FaceControl.ROTATE)
    yield from window.drag(start, (start[0] + 25, start[1]))
    yield from window.rest()
    window.facts["turned"] = edits()


def give_up(window):
    """Begin to drag the nose, and press Escape on the way."""
    start = at(window, "nose")
    for step in window.drag(start, (start[0] + 40, start[1])):
        yield step
        if edits() != window.facts["turned"]:
            window.facts["on_the_way"] = edits()
            window.hand("key", "Escape")
            yield 0.5
            window.hand("mouseup", 1)
            break
    yield 1.0
    window.facts["given_up"] = edits()


def place(window, button):
    """Place a face in a frame in which none is found, and drag the eye on the left."""
    bpy.context.scene.frame_set(HIDDEN)
    yield from window.rest()
    window.shot("landmarks_none")
    window.facts["nobody"] = [len(view(window)[0].faces), view(window)[0].text]
    yield from window.click(button)
    yield from window.rest()
    window.shot("landmarks_placed")
    window.facts["placed"] = places()
    start = at(window, FaceControl.PLACE_LEFT_EYE)
    yield from window.drag(start, (start[0] - 12, start[1] + 5))
    yield from window.rest()
    window.facts["eye"] = places()


def places():
    """Where faces are placed: the frame of the clip, the eyes and the mouth."""
    entries = [entry for entry in modifier().landmark_edits if entry.places_face]
    return [[key.frame, *key.place] for entry in entries for key in entry.keys]


def modifier():
    return bpy.context.scene.understudy.modifiers[0]


def state():
    return bpy.context.window_manager.understudy_landmarks


def view(window):
    """What the preview shows, and where its region is."""
    area = window.area("PREVIEW")
    region = window.region(area, "PREVIEW")
    with window.within(area, "PREVIEW"):
        return landmark_view(bpy.context), (region.x, region.y, region.width, region.height)


def at(window, control):
    """Where a control of the face is on the screen, in Blender's coordinates."""
    shown, (left, low, _, _) = view(window)
    x, y = shown.to_region.apply(*shown.faces[0].controls[control])
    return [left + x, low + y]


def edits():
    """The corrections, with all that their keys say."""
    return [
        [
            entry.first,
            entry.last,
            [[key.frame, *key.shift, key.rotation, key.scale, *key.offsets] for key in entry.keys],
        ]
        for entry in modifier().landmark_edits
    ]
