# SPDX-License-Identifier: GPL-3.0-or-later
"""What the bench does inside Blender, each time in a process of its own.

`live` moves a slider and plays, on a prepared project, `play` only plays; `bare` saves a copy of it without us, `load`
opens one.
No screen is needed: what the timers of a window would call is called here after the time they wait.
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import bpy
import understudy
from understudy.addon.layers.folders import layer_folder
from understudy.addon.layers.layer_strip import invalidate_layer_caches
from understudy.addon.preview import live_preview
from understudy.addon.render import handlers
from understudy.addon.sequencer.strips import stack_id, strips_with_modifiers
from understudy.core.errors import UnderstudyError

from ..demo.blender_job import leave, open_project, set_parameters, strip_bare
from .percentiles import percentiles

_WARM = 5
_MOVES_A_FRAME = 10


def main(arguments: list[str]) -> int:
    """Run one job; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", choices=("live", "play", "bare", "load"))
    parser.add_argument("--blend", type=Path, required=True)
    parser.add_argument("--facts", type=Path, required=True)
    parser.add_argument("--moves", type=int, default=60, help="live: how often the slider is moved")
    parser.add_argument("--copy", type=Path, help="bare: where to; load: what")
    parser.add_argument("--alone", action="store_true", help="load: without the add-on")
    options = parser.parse_args(arguments)
    if not options.alone:
        understudy.register()
    facts = {"live": _live, "play": _play, "bare": _bare, "load": _load}[options.job](options)
    options.facts.write_text(json.dumps(facts), encoding="utf-8")
    return 0


def _live(options: argparse.Namespace) -> dict[str, object]:
    """Move the blend slider and see the frame drawn; then play all frames.

    A slider is dragged on a frame that is seen already: after a change of frame it is drawn once untimed, or the
    next move would pay for Blender's seeking in the movie. Rendering is a dearer redraw than that of a window: it
    copies the scene, which opens the movie again, and converts the picture. `live_rendered_ms` is with such a
    redraw, `redraw_ms` that alone, `live_written_ms` our part.
    """
    scene, modifier = open_project(options.blend)
    # Only the preview is to bring layers here, as in a window; the render that draws the frame does not.
    handlers.unregister()
    shown: list[None] = []

    def show() -> None:
        invalidate_layer_caches()
        shown.append(None)

    preview = live_preview.LivePreview(show)
    scene.render.image_settings.file_format = "PNG"
    first, last = scene.frame_start, scene.frame_end
    fused, drawn, floor = [], [], []
    for number in range(options.moves + _WARM):
        if number % _MOVES_A_FRAME == 0:
            scene.frame_set(first + number % (last - first + 1))
            preview.on_frame_change(scene, 5.0)
            bpy.ops.render.render()
        began = time.perf_counter()
        set_parameters(modifier, [f"fusion.blend={0.3 + 0.005 * number:.3f}"])
        _time_until_shown(preview, shown, lambda: preview.on_edit(scene))
        fused.append(1000 * (time.perf_counter() - began))
        bpy.ops.render.render()
        drawn.append(1000 * (time.perf_counter() - began))
        # In turn with what it is compared with: a machine that changes its speed then changes both.
        floor.append(_time_redraw(scene))
    return {
        "live_rendered_ms": percentiles(drawn[_WARM:]),
        "live_written_ms": percentiles(fused[_WARM:]),
        "redraw_ms": percentiles(floor[_WARM:]),
        **_play_all(preview, scene),
    }


def _play(options: argparse.Namespace) -> dict[str, object]:
    """Play all frames with another place of the slider than they were rendered with."""
    scene, modifier = open_project(options.blend)
    handlers.unregister()
    set_parameters(modifier, ["fusion.blend=0.7"])
    return _play_all(live_preview.LivePreview(invalidate_layer_caches), scene)


def _play_all(preview: live_preview.LivePreview, scene: "bpy.types.Scene") -> dict[str, object]:
    """Play all frames and close the preview; returns percentiles of what its handler takes, in milliseconds.

    By the clock, and by its thread's processor time, which other programs disturb less.
    """
    added: list[tuple[float, float]] = []
    for _ in range(2):  # the first round prepares every frame for the slider's last place
        added = [
            _time_playback(preview, scene, frame) for frame in range(scene.frame_start, scene.frame_end + 1)
        ]
    facts = preview.report
    preview.close()
    if facts["models_loaded"] or facts["frames_decoded"]:
        raise UnderstudyError("the preview loaded a model or decoded a frame: prepare the project first")
    wall, processor = zip(*added, strict=True)
    return {"playback_ms": percentiles(wall), "playback_processor_ms": percentiles(processor)}


def _time_until_shown(
    preview: live_preview.LivePreview, shown: list[None], moved: Callable[[], None]
) -> None:
    """Call the handler of a slider's move, and the preview's timer as Blender would, until it is shown."""
    before = len(shown)
    moved()
    if len(shown) > before:
        return
    interval: float | None = live_preview.TICK_SECONDS
    for _ in range(100):
        # A timer that is due is called as soon as the main thread has nothing else to do.
        time.sleep(interval or 0)
        interval = preview.tick()
        if len(shown) > before:
            return
    raise UnderstudyError("the preview did not show a slider's move within 100 ticks")


def _time_redraw(scene: "bpy.types.Scene") -> float:
    """Milliseconds to draw a frame after a property of the scene changed and no layer did."""
    began = time.perf_counter()
    scene.update_tag()
    bpy.ops.render.render()
    return 1000 * (time.perf_counter() - began)


def _time_playback(
    preview: live_preview.LivePreview, scene: "bpy.types.Scene", frame: int
) -> tuple[float, float]:
    """Milliseconds that the preview's handler takes when playback comes to a frame, by the clock and of its thread."""
    scene.frame_set(frame)
    began, worked = time.perf_counter(), time.thread_time()
    preview.on_frame_change(scene)
    seconds, processor = time.perf_counter() - began, time.thread_time() - worked
    # What was late is made before the next frame all the same.
    while preview.tick() not in (None, live_preview.RETRY_SECONDS):
        time.sleep(0.002)
    return 1000 * seconds, 1000 * processor


def _bare(options: argparse.Namespace) -> dict[str, object]:
    """Save the project without modifier and layer, and make it look prepared: every frame has its picture."""
    scene, _ = open_project(options.blend)
    folder = layer_folder(scene, stack_id(strips_with_modifiers(scene)[0])).path
    first = folder / "000000.tif"
    for number in range(1, scene.frame_end):
        path = folder / f"{number:06d}.tif"
        if not path.exists():
            os.link(first, path)
    strip_bare(scene)
    bpy.ops.wm.save_as_mainfile(filepath=str(options.copy), relative_remap=True, copy=True)
    return {"pictures": len(list(folder.glob("*.tif")))}


def _load(options: argparse.Namespace) -> dict[str, object]:
    """Open a project several times; the first time Blender itself warms up."""
    seconds = []
    for _ in range(4):
        bpy.ops.wm.read_factory_settings(use_empty=True)
        began = time.perf_counter()
        bpy.ops.wm.open_mainfile(filepath=str(options.copy))
        seconds.append(time.perf_counter() - began)
    return {"seconds": min(seconds[1:])}


if __name__ == "__main__":
    leave(main)
