# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scenario sees of Blender's window and does in it, with the pointer and the keyboard; runs inside Blender."""

import importlib.util
import subprocess
from pathlib import Path

import bpy

_BUTTON_PIXELS = 20


class Window:
    """Blender's first window: what is seen in it, and hands to use it."""

    def __init__(self):
        self.facts = {}

    @property
    def window(self):
        """The window; it is not kept, since loading a file replaces it."""
        return bpy.context.window_manager.windows[0]

    def area(self, kind):
        """Return the largest area of a kind, such as 'SEQUENCE_EDITOR' or 'PREVIEW' for its preview."""
        areas = [area for area in self.window.screen.areas if self._kind(area) == kind]
        return max(areas, key=lambda area: area.width * area.height)

    @staticmethod
    def _kind(area):
        if area.type == "SEQUENCE_EDITOR" and area.spaces.active.view_type == "PREVIEW":
            return "PREVIEW"
        return area.type

    @staticmethod
    def region(area, kind="WINDOW"):
        """Return a region of an area."""
        return next(region for region in area.regions if region.type == kind)

    def within(self, area, kind="WINDOW"):
        """Return a context in which operators work on an area."""
        return bpy.context.temp_override(window=self.window, area=area, region=self.region(area, kind))

    def shot(self, name):
        """Keep a picture of the whole screen as `/work/<name>.png`."""
        subprocess.run(["import", "-window", "root", f"/work/{name}.png"], check=True)

    def hand(self, *words):
        """Use pointer or keyboard: the words of an xdotool command."""
        subprocess.run(["xdotool", *map(str, words)], check=True)

    def point(self, x, y):
        """Move the pointer to a place in Blender's coordinates, from the lower left."""
        self.hand("mousemove", int(x), int(self.window.height - 1 - y))

    def write(self, text):
        """Type a text and press Return."""
        self.hand("type", "--delay", "4", text)
        self.hand("key", "Return")

    def click(self, place):
        """Click at a place."""
        self.point(*place)
        yield
        self.hand("click", 1)
        yield

    def drag(self, start, end, *, steps=8):
        """Press at a place and let go at another. Generator; it yields its number at each step on the way."""
        self.point(*start)
        yield
        self.hand("mousedown", 1)
        yield
        for step in range(1, steps + 1):
            self.point(*(a + (b - a) * step / steps for a, b in zip(start, end, strict=True)))
            yield 0.1
        yield
        self.hand("mouseup", 1)
        yield

    def buttons(self, area, kind="WINDOW", across=0.7, step=8):
        """Go down a region with the pointer and return {name: (x, y)} of what can be used there. Generator.

        The name of a property is the last part of its path, that of a button the name of its operator. Of several
        with one name it is the topmost. The place is away from its edges, where a click may miss it.
        """
        region = self.region(area, kind)
        extents, last = {}, ""

        def left():
            with self.within(area, kind):
                return not _under_the_pointer()

        # What the pointer was on would be found again at the top, for as long as Blender has not seen it move.
        self.point(0, 0)
        yield from self.until(left, 50)
        x = region.x + int(region.width * across)
        for y in range(region.y + region.height - 4, region.y, -step):
            self.point(x, y)
            yield 0.03
            with self.within(area, kind):
                name = _under_the_pointer()
            if name and name == last and extents[name][0] - y < _BUTTON_PIXELS:
                extents[name][1] = y
            elif name not in extents:
                extents[name] = [y, y]
            else:
                name = ""
            last = name
        return {name: (x, sum(ends) / 2) for name, ends in extents.items() if name}

    def start_editing(self):
        """Leave the splash screen for an empty project of Video Editing. Generator."""
        self.hand("key", "Escape")
        yield
        bpy.ops.wm.read_homefile(app_template="Video_Editing")
        yield 2.0

    def show_sequencer(self):
        """Turn the areas of Blender's own layout into the sequencer's preview and timeline. Generator."""
        preview = self.area("VIEW_3D")
        preview.type = "SEQUENCE_EDITOR"
        preview.spaces.active.view_type = "PREVIEW"
        self.area("DOPESHEET_EDITOR").type = "SEQUENCE_EDITOR"
        bpy.context.workspace.sequencer_scene = bpy.context.scene
        yield 0.5

    def make_room(self, top):
        """Drag the borders of the areas, so that panels have room; the timeline ends at `top`. Generator."""
        bpy.context.preferences.view.smooth_view = 0
        bpy.context.preferences.inputs.use_mouse_continuous = False
        sequencer, properties = self.area("SEQUENCE_EDITOR"), self.area("PROPERTIES")
        yield from self.drag((700, sequencer.y + sequencer.height + 1.5), (700, top))
        yield from self.drag(
            (properties.x - 1.5, properties.y + 200), (properties.x - 151, properties.y + 200)
        )

    def add_movie(self, path, length):
        """Add a movie to an empty project of 640 x 360 pixels and `length` frames; the timeline shows all of it."""
        scene = bpy.context.scene
        scene.render.resolution_x, scene.render.resolution_y = 640, 360
        scene.frame_start, scene.frame_end = 1, length
        with self.within(self.area("SEQUENCE_EDITOR")):
            bpy.ops.sequencer.movie_strip_add(
                filepath=path, frame_start=1, channel=1, sound=False, move_strips=False
            )
            bpy.ops.sequencer.view_all()

    def recast(self):
        """Give the active strip a modifier with /given/face.png, and show its modifiers. Generator."""
        yield 1.0  # the editor learns that there is an active strip
        self.area("PROPERTIES").spaces.active.context = "STRIP_MODIFIER"
        yield 1.0
        with self.within(self.area("SEQUENCE_EDITOR")):
            bpy.ops.understudy.modifier_add()
            bpy.ops.understudy.picture_add(filepath="/given/face.png")

    def prepare_clip(self):
        """Prepare the active strip once its settings are taken up, and wait for that. Generator."""
        yield 5.0
        with self.within(self.area("SEQUENCE_EDITOR")):
            bpy.ops.understudy.prepare_clip("INVOKE_DEFAULT")
        yield 1.0
        yield from self.until(lambda: not bpy.context.window_manager.understudy.running, 900)
        yield 1.5

    def push_undo(self):
        """Make a step of undo: what a script does is none of its own."""
        with self.within(self.area("SEQUENCE_EDITOR")):
            bpy.ops.ed.undo_push(message="Scenario")

    def rest(self):
        """Wait until the frame's image is there, with the pointer elsewhere. Generator."""
        self.point(40, 600)
        yield 0.5
        yield from self.until(lambda: not bpy.context.window_manager.understudy.updating, 300)
        yield 1.0

    def place_of_pixel(self, x, y):
        """Return where a pixel of the frame, counted from its upper left corner, is in the preview."""
        region = self.region(self.area("PREVIEW"), "PREVIEW")
        render = bpy.context.scene.render
        left, low = region.view2d.view_to_region(
            x - render.resolution_x / 2, render.resolution_y / 2 - y, clip=False
        )
        return region.x + left, region.y + low

    def exact_preview(self):
        """Show the preview at one screen pixel for a pixel of the picture, and nothing drawn over it. Generator."""
        preview = self.area("PREVIEW")
        space = preview.spaces.active
        space.show_overlays = space.show_gizmo = space.show_region_toolbar = space.use_zoom_to_fit = False
        yield
        wide = self.region(preview, "PREVIEW").width
        with self.within(preview, "PREVIEW"):
            # Blender makes the view one pixel wider than asked for.
            bpy.ops.sequencer.view_zoom_ratio(ratio=wide / (wide - 1))
        yield

    def scroll_to_end(self, area):
        """Scroll an area to its end, and point elsewhere, so that there is no tooltip. Generator."""
        self.point(area.x + 150, area.y + 300)
        self.hand("click", "--repeat", 60, "--delay", 2, 5)
        self.point(40, 600)
        yield 1.0

    @staticmethod
    def until(reached, tries=200):
        """Wait until something is reached, or for `tries` tenths of a second. Generator."""
        for _ in range(tries):
            if reached():
                return
            yield 0.1

    def centre(self):
        """Bring the windows beside the first to the middle: without a window manager they open anywhere. Generator."""
        for title in ("Preferences", "File", "Render"):
            self._move(title, (240, 130))
        yield 0.7

    def move(self, title, corner):
        """Move the windows whose title has a word: their upper left to a place from the screen's. Generator."""
        self._move(title, corner)
        yield 0.7

    def _move(self, title, corner):
        search = subprocess.run(
            ["xdotool", "search", "--name", title], capture_output=True, text=True, check=False
        )
        for number in search.stdout.split():
            self.hand("windowmove", number, *corner)

    def choose(self, path, picture=None):
        """Choose a file in the file browser that has just opened. Generator."""
        yield 1.0
        window = bpy.context.window_manager.windows[-1]
        if window != self.window:
            yield from self.centre()
        area = max((a for a in window.screen.areas if a.type == "FILE_BROWSER"), key=lambda a: a.width)
        chosen = area.spaces.active.params
        chosen.directory, chosen.filename = str(Path(path).parent).encode(), Path(path).name
        yield 0.7
        if picture:
            self.shot(picture)
        with bpy.context.temp_override(window=window, area=area, region=self.region(area)):
            bpy.ops.file.execute()
        yield 1.0
        yield from self.wake()

    @staticmethod
    def module(path):
        """Return what a Python file beside the scenario defines."""
        spec = importlib.util.spec_from_file_location(Path(path).stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def wake(self):
        """Make the first window take the keyboard again when another was closed: no window manager does. Generator."""
        self.point(self.window.width - 4, 2)
        yield
        search = subprocess.run(
            ["xdotool", "search", "--class", "Blender"], capture_output=True, text=True, check=False
        )
        for number in search.stdout.split()[:1]:
            subprocess.run(["xdotool", "windowfocus", number], capture_output=True, check=False)
        yield
        self.hand("click", 3)
        yield
        self.hand("key", "Escape")
        yield


def _under_the_pointer():
    """Return the name of the control that is under the pointer, as Blender itself tells."""
    if bpy.context.property is not None:
        return bpy.context.property[1].rpartition(".")[2]
    if bpy.ops.ui.copy_python_command_button.poll():
        bpy.context.window_manager.clipboard = ""  # it may copy nothing after all
        bpy.ops.ui.copy_python_command_button()
        return bpy.context.window_manager.clipboard.partition("(")[0].removeprefix("bpy.ops.")
    return ""
