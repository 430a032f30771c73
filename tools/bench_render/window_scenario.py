# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays inside Blender's window: moves a slider until it is drawn, or seen on the screen; Blender's own redraws beside.

/given holds understudy.zip, clip.mp4, face.png and the two watches; /work/asked.json says in how many frames and how
often to move, and whether there is a `screen` to watch. `window.facts` gets what the moments of Redraws and
ScreenRedraws are, for `moves` and for `redraws` where nothing is rewritten: `plain`, with nothing invalidated;
`changed`, after a property of the modifier was set to what it is; `invalidated`, with the layers' pictures to be read
again. Beside them the name of the `opengl` that drew, and for how many milliseconds Blender `waits` for the fusion
before it draws.
"""

import importlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import bpy
import gpu

FILL_SECONDS = 15.0
FRAME = 3
WARM = 5
SETTLE_SECONDS = 0.15
DRAW_SECONDS = 0.12
"""Within what time a redraw is over where no screen is waited for."""
MARK = (6, 6, 8, 8)
"""Where in the preview each drawing of it leaves a trace: left, bottom, width, height."""


def steps(window):
    """Prepare a project, move, redraw."""
    asked = json.loads(Path("/work/asked.json").read_text())
    window.hand("key", "Escape")
    yield
    bpy.ops.wm.read_homefile(app_template="Video_Editing")
    yield 2.0
    yield from prepare_project(window, asked["frames"], asked["values"])
    window.point(40, 600)
    clock = ScreenRedraws(window) if asked["screen"] else Redraws(window)
    face = (yield from clock.find_face()) if asked["screen"] else None
    modifier = bpy.context.scene.understudy.modifiers[0]
    changes = {
        "plain": lambda: window.area("PREVIEW").tag_redraw(),
        "changed": _set_again,
        "invalidated": _of_the_extension("layers.layer_strip").invalidate_layer_caches,
    }
    moves, redraws = [], {name: [] for name in changes}
    for number in range(WARM + asked["moves"]):
        # Far apart, so that the screen can't look the same, and never the same twice.
        blend = (0.7 if number % 2 else 0.3) + 0.001 * number
        moves.append((yield from clock.time_change(partial(setattr, modifier.fusion, "blend", blend), face)))
        for name, change in changes.items():
            redraws[name].append((yield from clock.time_change(change)))
    clock.close()
    window.facts["moves"] = moves[WARM:]
    window.facts["redraws"] = {name: entries[WARM:] for name, entries in redraws.items()}
    window.facts["opengl"] = gpu.platform.renderer_get()
    window.facts["waits"] = 1000 * _of_the_extension("preview.live_preview").EDIT_WAIT_SECONDS
    window.facts["notice"] = bpy.context.window_manager.understudy.notice
    window.shot("live")


def prepare_project(window, frames, values):
    """Install the extension, make a project of the clip, and make a few of its layers. Generator.

    `values` are the modifier's that are not a new one's: group, name and value of each.
    """
    bpy.ops.extensions.package_install_files(
        repo="user_default", filepath="/given/understudy.zip", enable_on_install=True
    )
    yield 1.0
    scene, sequencer = bpy.context.scene, window.area("SEQUENCE_EDITOR")
    with window.within(sequencer):
        bpy.ops.sequencer.movie_strip_add(
            filepath="/given/clip.mp4", frame_start=1, channel=1, sound=False, move_strips=False
        )
        bpy.ops.sequencer.view_all()
    picture = scene.sequence_editor.strips[0].elements[0]
    scene.render.resolution_x, scene.render.resolution_y = picture.orig_width, picture.orig_height
    scene.view_settings.view_transform = "Standard"
    scene.frame_start, scene.frame_end = 1, frames
    scene.frame_set(FRAME)
    bpy.ops.wm.save_as_mainfile(filepath="/work/live.blend")
    with window.within(sequencer):
        bpy.ops.understudy.modifier_add()
        bpy.ops.understudy.picture_add(filepath="/given/face.png")
        for group, name, value in values:
            setattr(getattr(scene.understudy.modifiers[0], group), name, value)
        bpy.ops.understudy.prepare()
    # Until it has every frame, Blender fills its cache ahead: a move then waits for the frame that it is decoding,
    # from the last key frame on. That was seen to take up to a second.
    yield FILL_SECONDS
    # The slider is in sight, as when it is dragged: its own drawing belongs to a move.
    window.area("PROPERTIES").spaces.active.context = "STRIP_MODIFIER"
    modifier = scene.understudy.modifiers[0]
    modifier.show_who, modifier.show_colour = False, True
    yield 1.0


class Redraws:
    """Times what Blender does from a change until the preview is drawn."""

    def __init__(self, window):
        """Begin to take note of each update of the scene and of each region that is drawn."""
        self._window = window
        self._drawings = window.module("/given/redraw_recorder.py").Drawings()
        self._updates = []
        # Behind those of the extension, so that they are within.
        bpy.app.handlers.depsgraph_update_pre.append(self._on_update_begin)
        bpy.app.handlers.depsgraph_update_post.append(self._on_update_end)

    def close(self):
        """Take note no more."""
        bpy.app.handlers.depsgraph_update_pre.remove(self._on_update_begin)
        bpy.app.handlers.depsgraph_update_post.remove(self._on_update_end)
        self._drawings.close()

    def time_change(self, change, _place=None):
        """Make a change and let it be drawn. Generator; returns what came of it, in milliseconds since.

        `drawings` has every callback of Blender's drawing (redraw_recorder.py), `updates` when each update of the scene
        began and ended, all handlers' work within.
        """
        yield from self._settle()
        began = time.perf_counter()
        change()
        yield DRAW_SECONDS
        return self._report(began)

    def _settle(self):
        yield SETTLE_SECONDS
        self._drawings.forget()
        self._updates.clear()

    def _report(self, began):
        updates = [[1000 * (moment - began) for moment in update] for update in self._updates]
        return {"drawings": self._drawings.since(began), "updates": updates}

    def _on_update_begin(self, *_):
        self._updates.append([time.perf_counter()])

    def _on_update_end(self, *_):
        if self._updates:
            self._updates[-1].append(time.perf_counter())


class ScreenRedraws(Redraws):
    """Waits also until the screen shows the change."""

    def __init__(self, window):
        """Watch the preview on the screen, and the layer image of the frame that is seen."""
        super().__init__(window)
        watching = window.module("/given/screen_watcher.py")
        self._watch, self._screen, self._pool = watching.Watch, watching.Screen(), ThreadPoolExecutor(1)
        self._marks = 0
        layer = next(s for s in bpy.context.scene.sequence_editor.strips if s.understudy_layer_of)
        element = layer.strip_elem_from_frame(FRAME)
        self._picture = Path(bpy.path.abspath(layer.directory)) / element.filename
        region = window.region(window.area("PREVIEW"), "PREVIEW")
        self._box = (region.x, window.window.height - region.y - region.height, region.width, region.height)
        left, bottom, width, height = MARK
        self._mark = (region.x + left + width // 2, self._box[1] + region.height - bottom - height // 2)
        space = bpy.types.SpaceSequenceEditor
        self._handler = space.draw_handler_add(self._leave_mark, (), "PREVIEW", "POST_PIXEL")

    def close(self):
        """Watch no more."""
        super().close()
        bpy.types.SpaceSequenceEditor.draw_handler_remove(self._handler, "PREVIEW")
        self._pool.shutdown()

    def find_face(self):
        """Return the place on the screen that the slider changes most. Generator."""
        screenshots = []
        for blend in (0.3, 0.7):
            bpy.context.scene.understudy.modifiers[0].fusion.blend = blend
            yield 1.5
            screenshots.append(self._screen.read(*self._box).astype(int))
        far = abs(screenshots[1] - screenshots[0]).max(2)
        left, bottom, width, height = MARK
        far[-bottom - height :, : left + width] = 0
        row, column = divmod(int(far.argmax()), far.shape[1])
        if far[row, column] < 16:
            raise RuntimeError("the slider changes nothing that is seen in the preview")
        return self._box[0] + column, self._box[1] + row

    def time_change(self, change, place=None):
        """As above, until a place on the screen looks otherwise; without one, until the preview was drawn anew.

        `visible` is when it did, and `written` when the new layer image lay there, if one was written.
        """
        yield from self._settle()
        watch = self._watch(self._screen, place or self._mark, self._picture)
        waiting = self._pool.submit(watch.until_changed)
        began = time.perf_counter()
        change()
        while not waiting.done():
            yield 0.02
        written, visible = waiting.result()
        return {
            **self._report(began),
            "written": None if written is None else 1000 * (written - began),
            "visible": 1000 * (visible - began),
        }

    def _leave_mark(self):
        """Leave a trace on the screen that differs from the last drawing's."""
        self._marks += 1
        grey = 0.1 + 0.2 * (self._marks % 5)
        gpu.state.scissor_test_set(True)
        gpu.state.scissor_set(*MARK)
        gpu.state.active_framebuffer_get().clear(color=(grey, grey, grey, 1.0))
        gpu.state.scissor_test_set(False)


def _set_again():
    """Change a property to what it is: Blender does as for any other value, and we find nothing to do."""
    fusion = bpy.context.scene.understudy.modifiers[0].fusion
    fusion.blend = fusion.blend


def _of_the_extension(name):
    return importlib.import_module(f"bl_ext.user_default.understudy.addon.{name}")
