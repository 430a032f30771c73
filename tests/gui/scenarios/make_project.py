# SPDX-License-Identifier: GPL-3.0-or-later
"""Run by `blender -b -P`: makes and saves a project with a Face Swap, prepared or not, as the words after -- say.

Words: the .blend, how many frames, and `prepared` or `bare`.
"""

import shutil
import sys

import bpy

path, count, state = sys.argv[sys.argv.index("--") + 1 :]
scene = bpy.context.scene
scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 640, 360, 100
scene.render.dither_intensity = 0
scene.view_settings.view_transform = "Standard"
scene.frame_start, scene.frame_end = 1, int(count)
clip = shutil.copy("/given/clip.mp4", "/work/clip.mp4")  # proxies are built beside it
editor = scene.sequence_editor_create()
bpy.context.workspace.sequencer_scene = scene
editor.active_strip = editor.strips.new_movie("Clip", clip, 1, 1)
bpy.ops.wm.save_as_mainfile(filepath=path)
assert bpy.ops.understudy.modifier_add() == {"FINISHED"}
assert bpy.ops.understudy.picture_add(filepath="/given/face.png") == {"FINISHED"}
if state == "prepared":
    assert bpy.ops.understudy.prepare() == {"FINISHED"}
bpy.ops.wm.save_mainfile()
