# SPDX-License-Identifier: GPL-3.0-or-later
"""What the bench does inside Blender: makes a timeline of many strips and times edits of it, with or without us.

No screen is needed: after an edit what a window would call is called here, the preview's handler and the timer that
puts the layers in order. So a figure is the time for which an edit keeps Blender's main thread busy.
"""

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Protocol, cast

import bpy
import understudy
from understudy.addon.layers.auto_sync import LayerAutoSync
from understudy.addon.preview.live_preview import LivePreview

from ..demo.blender_job import leave

_GAP_FRAMES = 12
"""Between strips, so that a strip can be moved."""
_LAYER_IMAGE = "000000.tif"


class Subject(Protocol):
    """What is timed beside Blender: our add-on, or nothing."""

    def add(self, scene: Any, strip: Any) -> None:
        """Give a strip a layer."""

    def react(self, scene: Any) -> None:
        """Do what follows an edit in a window."""

    def show(self, scene: Any) -> None:
        """Do what follows a change of the frame in a window."""

    def slide(self, scene: Any, number: int) -> None:
        """Move a slider."""


class WithUnderstudy:
    """Our add-on, as a window would run it."""

    def __init__(self) -> None:
        understudy.register()
        self._auto_sync, self._preview = LayerAutoSync(), LivePreview(lambda: None)

    def add(self, scene: Any, strip: Any) -> None:
        """Add a Face Swap modifier."""
        scene.sequence_editor.active_strip = strip
        cast("Any", bpy.ops).understudy.modifier_add()

    def react(self, scene: Any) -> None:
        """Bring the layers in order, and the preview."""
        self._preview.on_edit(scene)
        self._auto_sync.tick()

    def show(self, scene: Any) -> None:
        """Bring the preview."""
        self._preview.on_frame_change(scene)

    def slide(self, scene: Any, number: int) -> None:
        """Move the slider of a modifier."""
        scene.understudy.modifiers[0].fusion.blend = 0.3 + 0.01 * (number % 50)


class BlenderAlone:
    """Blender, doing the same to the strips where it can."""

    def __init__(self, images: Path) -> None:
        self._images = images

    def add(self, scene: Any, strip: Any) -> None:
        """Add an image strip above that has an image for each frame."""
        far = scene.frame_end + strip.frame_duration
        image = scene.sequence_editor.strips.new_image(
            "image", str(self._images / _LAYER_IMAGE), strip.channel + 1, far
        )
        files = [{"name": f"{number:06d}.tif"} for number in range(strip.frame_duration)]
        scene.sequence_editor.active_strip = image
        cast("Any", bpy.ops.sequencer).change_path(directory=str(self._images), files=files)
        image.frame_start = strip.frame_start

    def react(self, scene: Any) -> None:
        """Nothing follows."""

    def show(self, scene: Any) -> None:
        """Nothing follows."""

    def slide(self, scene: Any, number: int) -> None:
        """Move the slider of a strip's colour."""
        scene.sequence_editor.strips[0].color_multiply = 1.0 + 0.01 * (number % 50)


class Timeline:
    """A timeline whose first strips are recast; a few more lie behind them."""

    def __init__(self, options: argparse.Namespace, subject: Subject) -> None:
        self._options, self._subject, self._count = options, subject, options.strips
        self._path = options.folder / ("alone.blend" if options.alone else "with.blend")

    @property
    def scene(self) -> Any:
        """The scene, which loading and undo replace."""
        return bpy.context.scene

    def strip(self, number: int) -> Any:
        """A clip by its number."""
        return self.scene.sequence_editor.strips_all[f"clip {number:05d}"]

    def build(self) -> None:
        """Make the project and save it."""
        bpy.ops.wm.read_factory_settings(use_empty=True)
        scene = self.scene
        scene.render.resolution_x, scene.render.resolution_y, scene.render.fps = 64, 48, 24
        scene.render.filepath = str(self._options.folder / "render_")
        scene.sequence_editor_create()
        start, movies = 1, self._options.movies
        for number in range(self._count + self._options.rounds):
            strip = scene.sequence_editor.strips.new_movie(
                f"clip {number:05d}", str(movies[number % len(movies)]), 1, start
            )
            start += strip.frame_duration + _GAP_FRAMES
        scene.frame_end = start + 1
        bpy.ops.wm.save_as_mainfile(filepath=str(self._path))
        if not self._options.alone:
            for number in range(self._count):
                self._subject.add(scene, self.strip(number))
        self._subject.react(scene)
        bpy.ops.wm.save_mainfile()

    def measure(self) -> dict[str, list[float]]:
        """Return the milliseconds of each edit, a list each."""
        rounds = range(self._options.rounds)
        return {
            "load": [self._load() for _ in rounds],
            "scrub": [self._scrub(number) for number in rounds],
            "slider": [self._edit(partial(self._slide, number)) for number in rounds],
            "move": [self._edit(partial(self._move, number)) for number in rounds],
            "trim": [self._edit(partial(self._trim, number)) for number in rounds],
            "undo": [self._undo(number) for number in rounds],
            "save": [self._save(number) for number in rounds],
            "start_still": [self._render(animation=False) for _ in rounds],
            "start_animation": [self._render(animation=True) for _ in rounds],
            "split": [self._edit(partial(self._split, number)) for number in rounds],
            "add": [self._edit(partial(self._add, number)) for number in rounds],
        }

    @property
    def size_bytes(self) -> int:
        """The size of the saved project."""
        return self._path.stat().st_size

    def _load(self) -> float:
        def load() -> None:
            bpy.ops.wm.open_mainfile(filepath=str(self._path))
            self._subject.react(self.scene)

        return _milliseconds(load)

    def _edit(self, edit: Callable[[], object]) -> float:
        """Milliseconds of an edit with all that follows it."""
        self._subject.react(self.scene)

        def whole() -> None:
            edit()
            cast("Any", bpy.context).view_layer.update()
            self._subject.react(self.scene)

        return _milliseconds(whole)

    def _middle(self, number: int) -> int:
        return (self._count // 2 + number) % self._count

    def _slide(self, number: int) -> None:
        self._subject.slide(self.scene, number)

    def _move(self, number: int) -> None:
        self.strip(self._middle(number)).frame_start += 1

    def _trim(self, number: int) -> None:
        self.strip(self._middle(number)).frame_final_end -= 1

    def _split(self, number: int) -> None:
        strip = self.strip(self._middle(number))
        strip.split((strip.frame_final_start + strip.frame_final_end) // 2, "SOFT")

    def _add(self, number: int) -> None:
        self._subject.add(self.scene, self.strip(self._count + number))

    def _scrub(self, number: int) -> float:
        strip = self.strip(self._middle(number))
        frame = strip.frame_final_start + 1 + number

        def scrub() -> None:
            self.scene.frame_set(frame)
            self._subject.show(self.scene)

        return _milliseconds(scrub)

    def _undo(self, number: int) -> float:
        """Milliseconds to take back a move. Blender alone keeps two whole states for it, as a window does."""
        if not number:
            bpy.ops.ed.undo_push(message="before")
        self._move(number)
        cast("Any", bpy.context).view_layer.update()
        self._subject.react(self.scene)
        bpy.ops.ed.undo_push(message="move")

        def undo() -> None:
            bpy.ops.ed.undo()
            cast("Any", bpy.context).view_layer.update()
            self._subject.react(self.scene)

        return _milliseconds(undo)

    def _save(self, number: int) -> float:
        self._trim(number)
        cast("Any", bpy.context).view_layer.update()
        return _milliseconds(bpy.ops.wm.save_mainfile)

    def _render(self, *, animation: bool) -> float:
        """Milliseconds of a render of one frame behind all strips: what is left is its start and its end."""
        scene = self.scene
        scene.frame_start = scene.frame_end
        scene.frame_set(scene.frame_end)
        render = cast("Any", bpy.ops.render.render)
        return _milliseconds(lambda: render(animation=animation))


def main(arguments: list[str]) -> int:
    """Measure one timeline; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="for the project")
    parser.add_argument("--facts", type=Path, required=True, help="JSON file for what was measured")
    parser.add_argument("--strips", type=int, required=True, help="how many strips are recast")
    parser.add_argument("--rounds", type=int, required=True, help="how often each edit is made")
    parser.add_argument("--movies", type=Path, nargs="+", required=True)
    parser.add_argument("--images", type=Path, required=True, help="folder of an image for each frame")
    parser.add_argument("--alone", action="store_true", help="without the add-on and without layers")
    options = parser.parse_args(arguments)
    subject: Subject = BlenderAlone(options.images) if options.alone else WithUnderstudy()
    timeline = Timeline(options, subject)
    timeline.build()
    milliseconds = timeline.measure()
    facts = {"bytes": timeline.size_bytes, "memory_mib": _memory_mib(), "milliseconds": milliseconds}
    options.facts.write_text(json.dumps(facts), encoding="utf-8")
    return 0


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


def _memory_mib() -> float:
    """The memory that the process holds, as Linux tells; 0 elsewhere."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return 0.0
    line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    leave(main)
