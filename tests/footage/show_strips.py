# SPDX-License-Identifier: GPL-3.0-or-later
"""Run in a process of its own: renders frames of strips with Blender's sequencer, and says what it counted.

The one argument is a JSON file: {"out": folder, "clips": [{"name", "files", "frames", "depth"}]}, where one
movie file or several picture files make a clip. Frame n of clip c becomes <out>/<c>_<n>.png, and <out>/facts.json
holds each clip's length, frame rate and size.
"""

import json
import os
import sys
from pathlib import Path

import bpy

PICTURES = (".png", ".jpg", ".tif", ".bmp", ".webp", ".exr", ".dpx")


def add_strip(editor, files):
    first = files[0]
    if not first.endswith(PICTURES):
        return editor.strips.new_movie("clip", first, 1, 1)
    strip = editor.strips.new_image("clip", first, 1, 1)
    for file in files[1:]:
        strip.elements.append(Path(file).name)
    strip.frame_final_duration = len(files)
    return strip


def show(clip, out):
    scene = bpy.context.scene
    if scene.sequence_editor:
        scene.sequence_editor_clear()
    strip = add_strip(scene.sequence_editor_create(), clip["files"])
    # Colours pass through unchanged: stored as sRGB, shown as sRGB; OpenEXR is linear, as Blender takes it by itself.
    if not clip["files"][0].endswith(".exr"):
        strip.colorspace_settings.name = "sRGB"
    scene.view_settings.view_transform = "Standard"
    scene.view_settings.look = "None"
    render = scene.render
    render.dither_intensity = 0
    fps = getattr(strip, "fps", 0.0)
    if fps:
        render.fps = round(fps)
        render.fps_base = round(fps) / fps
    element = strip.elements[0]
    scene.frame_set(1)
    render.resolution_x, render.resolution_y = clip["size"]
    render.resolution_percentage = 100
    settings = render.image_settings
    settings.file_format, settings.color_mode, settings.compression = "PNG", "RGB", 0
    settings.color_depth = str(clip["depth"])
    for frame in clip["frames"]:
        scene.frame_set(frame + 1)
        render.filepath = str(out / f"{clip['name']}_{frame}.png")
        bpy.ops.render.render(write_still=True)
    return {
        "frames": strip.frame_duration,
        "final": strip.frame_final_duration,
        "fps": fps,
        "size": [element.orig_width, element.orig_height],
    }


def main():
    job = json.loads(Path(sys.argv[1]).read_text())
    out = Path(job["out"])
    facts = {clip["name"]: show(clip, out) for clip in job["clips"]}
    (out / "facts.json").write_text(json.dumps(facts))


main()
sys.stdout.flush()
# bpy 4.5 can hang when Python leaves in the ordinary way.
os._exit(0)
