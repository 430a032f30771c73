# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demo does inside Blender, each time in a process of its own, as on a farm.

`build` makes the project, `movie` renders a pass of it, `stills` renders single frames without loss, with and
without the modifier. Each writes its facts as JSON and leaves by `os._exit`, since `bpy` may hang at exit.
"""

import argparse
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, cast

import bpy
import understudy
from understudy.addon.layers.folders import layer_folder
from understudy.addon.layers.layer_strip import layer_of
from understudy.addon.layers.sync import sync_layers
from understudy.addon.modifiers.stack import add_source_image, append_modifier, remove_modifier, stack_of
from understudy.addon.sequencer.strips import stack_id, strips_with_modifiers
from understudy.core.errors import UnderstudyError
from understudy.core.media.open import open_clip
from understudy.core.recipe import Recipe, find_parameter, with_settings

from . import LIGHT_SPACE


def main(arguments: list[str]) -> int:
    """Run one job; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", choices=("build", "movie", "stills"))
    parser.add_argument("--blend", type=Path, required=True)
    parser.add_argument("--facts", type=Path, required=True, help="JSON file for what was done")
    parser.add_argument("--clip", type=Path, help="build: the movie, or a folder of images")
    parser.add_argument("--sound", action="store_true", help="build: the movie has sound")
    parser.add_argument("--frames", type=int, help="build: how many frames to play")
    parser.add_argument("--face", type=Path, help="the image of the source person")
    parser.add_argument("--set", action="append", default=[], dest="settings", help="a parameter, name=value")
    parser.add_argument("--bare", action="store_true", help="movie: without the modifier")
    parser.add_argument("--output", type=Path, help="movie: the file; stills: the folder")
    parser.add_argument("--numbers", type=int, nargs="*", default=[], help="stills: frames, from 0")
    options = parser.parse_args(arguments)
    understudy.register()
    try:
        facts = {"build": _build, "movie": _movie, "stills": _stills}[options.job](options)
    except UnderstudyError as error:
        print(f"understudy: {error}", file=sys.stderr)
        return 1
    options.facts.write_text(json.dumps(facts), encoding="utf-8")
    return 0


def _build(options: argparse.Namespace) -> dict[str, object]:
    """Make the project: the clip and its sound, a modifier, a picture of who plays the part."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = _scene()
    images = sorted(options.clip.iterdir()) if options.clip.is_dir() else []
    with open_clip(images[0] if images else options.clip) as clip:
        info = clip.info
    scene.render.resolution_x, scene.render.resolution_y = (
        side // 2 * 2 for side in (info.width, info.height)
    )
    scene.render.resolution_percentage = 100
    rate = info.fps or 25
    scene.render.fps = max(round(rate), 1)
    scene.render.fps_base = scene.render.fps / float(rate)
    scene.frame_start, scene.frame_end = 1, options.frames
    # The clip's own colours, not a film look.
    scene.view_settings.view_transform = "Standard"
    strips = scene.sequence_editor_create().strips
    if options.sound:
        strips.new_sound("Sound", str(options.clip), 1, 1)
    if images:
        strip = _add_images(scene, images)
    else:
        strip = strips.new_movie("Clip", str(options.clip), 2, 1, fit_method="ORIGINAL")
    modifier = append_modifier(scene, strip)
    _play(modifier, options.face)
    set_parameters(modifier, options.settings)
    cast("Any", bpy.context).preferences.filepaths.save_version = 0
    bpy.ops.wm.save_as_mainfile(filepath=str(options.blend), relative_remap=True)
    for problem in sync_layers(scene):
        raise UnderstudyError(problem)
    bpy.ops.wm.save_mainfile()
    return {"layers": str(layer_folder(scene, stack_id(strip)).path)}


def _add_images(scene: Any, images: list[Path]) -> Any:
    """Add a strip of images of one folder; those of OpenEXR are light."""
    editor = scene.sequence_editor
    strip = editor.strips.new_image("Clip", str(images[0]), 2, 1, fit_method="ORIGINAL")
    editor.active_strip = strip
    # Not by `elements.append`, which leaves an element's size undefined.
    bpy.ops.sequencer.change_path(
        directory=str(images[0].parent), files=cast("Any", [{"name": path.name} for path in images])
    )
    strip.frame_final_duration = len(images)
    if images[0].suffix == ".exr":
        strip.colorspace_settings.name = LIGHT_SPACE
    return strip


def _movie(options: argparse.Namespace) -> dict[str, object]:
    """Render the project as H.264, the picture or parameters changed first where asked for."""
    scene, modifier = open_project(options.blend)
    if options.bare:
        strip_bare(scene)
    else:
        if options.face:
            _play(modifier, options.face)
        set_parameters(modifier, options.settings)
    render = scene.render
    render.image_settings.file_format = "FFMPEG"
    render.ffmpeg.format, render.ffmpeg.codec = "MPEG4", "H264"
    render.ffmpeg.constant_rate_factor, render.ffmpeg.ffmpeg_preset = "HIGH", "GOOD"
    render.ffmpeg.audio_codec = "AAC"
    render.use_file_extension, render.filepath = False, str(options.output)
    began, worked = time.perf_counter(), time.process_time()
    bpy.ops.render.render(animation=True)
    seconds, processor = time.perf_counter() - began, time.process_time() - worked
    frames = scene.frame_end - scene.frame_start + 1
    return {"seconds": round(seconds, 3), "processor": round(processor, 3), "frames": frames}


def _stills(options: argparse.Namespace) -> dict[str, object]:
    """Render frames as PNG, first with the modifier, then without."""
    scene, _ = open_project(options.blend)
    settings = scene.render.image_settings
    settings.file_format, settings.color_mode, settings.color_depth = "PNG", "RGB", "8"
    for state in ("with", "without"):
        if state == "without":
            strip_bare(scene)
        for number in options.numbers:
            scene.frame_set(scene.frame_start + number)
            scene.render.filepath = str(options.output / f"{state}_{number:04d}.png")
            bpy.ops.render.render(write_still=True)
    return {}


def _scene() -> Any:
    return cast("Any", bpy.context.scene)


def open_project(blend: Path) -> tuple[Any, Any]:
    """Open the project; returns its scene and its modifier."""
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    scene = _scene()
    return scene, stack_of(scene, stack_id(strips_with_modifiers(scene)[0]))[0]


def strip_bare(scene: Any) -> None:
    """Take modifier and layer off every clip, in this process only; what was computed stays on the disk."""
    for clip in strips_with_modifiers(scene):
        layer = layer_of(scene, clip)
        for modifier in stack_of(scene, stack_id(clip)):
            remove_modifier(scene, modifier)
        clip.understudy_id = ""
        if layer is not None:
            scene.sequence_editor.strips.remove(layer)


def _play(modifier: Any, picture: Path) -> None:
    modifier.identity.pictures.clear()
    add_source_image(modifier, str(picture))


def set_parameters(modifier: Any, settings: list[str]) -> None:
    """Set the parameters that `path=value` texts name. RecipeError for one that is not there."""
    recipe = with_settings(Recipe(), settings)
    for setting in settings:
        parameter = find_parameter(setting.partition("=")[0])
        stage = getattr(modifier, parameter.group)
        setattr(stage, parameter.name, getattr(getattr(recipe, parameter.group), parameter.name))


def leave(main: Callable[[list[str]], int]) -> NoReturn:
    """Run `main` and end the process with its exit code, however it ends."""
    code = 1
    try:
        code = main(sys.argv[1:])
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    except Exception:  # noqa: BLE001 - the border of the process: it has to end, whatever happened
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    leave(main)
