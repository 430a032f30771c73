# SPDX-License-Identifier: GPL-3.0-or-later
"""Run by `blender -b -P`: makes and saves a project with a Face Swap whose files lie in its own folder.

Words: the .blend, the clip, the image of the source person, and how many frames.
"""

import sys

import bpy

path, clip, face, count = sys.argv[sys.argv.index("--") + 1 :]
scene = bpy.context.scene
render = scene.render
render.resolution_x, render.resolution_y, render.resolution_percentage = 320, 240, 100
render.dither_intensity = 0
render.image_settings.file_format, render.image_settings.color_mode = "PNG", "RGB"
render.image_settings.compression = 0
scene.view_settings.view_transform = "Standard"
scene.frame_start, scene.frame_end = 1, int(count)
editor = scene.sequence_editor_create()
bpy.context.workspace.sequencer_scene = scene
editor.active_strip = editor.strips.new_movie("Clip", clip, 1, 1)
bpy.ops.wm.save_as_mainfile(filepath=path)
assert bpy.ops.understudy.modifier_add() == {"FINISHED"}
assert bpy.ops.understudy.picture_add(filepath=face) == {"FINISHED"}
bpy.ops.file.make_paths_relative()
bpy.ops.wm.save_mainfile()
