# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps for the ways in which a project can be rendered."""

import sys

import bpy
import numpy as np
import steps
import understudy
from bpy.app.handlers import persistent


def movie_output():
    """Write a movie instead of pictures."""
    render = bpy.context.scene.render
    if hasattr(render.image_settings, "media_type"):
        render.image_settings.media_type = "VIDEO"
    render.image_settings.file_format = "FFMPEG"
    render.ffmpeg.format, render.ffmpeg.codec = "MPEG4", "H264"
    render.ffmpeg.constant_rate_factor = "PERC_LOSSLESS"


def bare():
    """Go on without Understudy, its layers hidden: what a render would be without it."""
    if hasattr(bpy.types.Scene, "understudy"):
        understudy.unregister()
    for scene in bpy.data.scenes:
        for strip in scene.sequence_editor.strips_all if scene.sequence_editor else ():
            if strip.name.endswith(" Understudy"):
                strip.mute = True


def render_shallow(**arguments):
    """Render where no call may go deep: whatever needs more fails in a way that nobody foresaw."""
    limit = sys.getrecursionlimit()

    @persistent
    def lower(*_):
        sys.setrecursionlimit(30)

    bpy.app.handlers.render_pre.insert(0, lower)
    try:
        return steps.render(**arguments)
    finally:
        sys.setrecursionlimit(limit)
        bpy.app.handlers.render_pre.remove(lower)


def image_output(file_format, color_depth):
    """Write pictures of another format."""
    settings = bpy.context.scene.render.image_settings
    settings.file_format, settings.color_depth = file_format, color_depth


def stereo_output():
    """Render two views, each to a file of its own."""
    render = bpy.context.scene.render
    render.use_multiview = True
    render.image_settings.views_format = "INDIVIDUAL"


def play_scenes(names):
    """Go on in a new scene that plays others one after the other, each for three frames."""
    first = bpy.context.scene
    size = first.render.resolution_x, first.render.resolution_y
    played = [bpy.data.scenes[name] for name in names]
    bpy.ops.scene.new(type="EMPTY")
    steps.project(size, (1, 3 * len(played)))
    for place, scene in enumerate(played):
        strip = bpy.context.scene.sequence_editor.strips.new_scene(scene.name, scene, 1, 1 + 3 * place)
        strip.scene_input = "SEQUENCER"
        strip.frame_final_duration = 3


def copy_scene(name):
    """Go on in a full copy of the scene; returns its name."""
    bpy.ops.scene.new(type="FULL_COPY")
    bpy.context.scene.name = name
    if hasattr(bpy.context.workspace, "sequencer_scene"):
        bpy.context.workspace.sequencer_scene = bpy.context.scene
    return bpy.context.scene.name


def pixels(file, to):
    """Keep a picture's values as Blender reads them, lowest row first, as an array in a file."""
    image = bpy.data.images.load(file)
    image.colorspace_settings.name = "Non-Color"
    values = np.empty(image.size[0] * image.size[1] * image.channels, np.float32)
    image.pixels.foreach_get(values)
    np.save(to, values.reshape(image.size[1], image.size[0], image.channels))
    bpy.data.images.remove(image)
