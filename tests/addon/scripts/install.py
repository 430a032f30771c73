# SPDX-License-Identifier: GPL-3.0-or-later
"""Run in a process of its own with an empty home: installs an extension and renders a frame with it.

Arguments: the extension's zip, a movie, a picture of a person, a folder for what is made.
"""

import sys
from pathlib import Path

import bpy  # first: it is what makes addon_utils findable

# isort: split
import addon_utils

NAME = "bl_ext.user_default.understudy"

archive, movie, person, folder = sys.argv[1:]
bpy.ops.extensions.package_install_files(filepath=archive, repo="user_default", enable_on_install=True)
if not hasattr(bpy.types.Scene, "understudy"):
    addon_utils.enable(NAME, default_set=True)
assert NAME in bpy.context.preferences.addons
assert "understudy" not in sys.modules
bpy.context.preferences.addons[NAME].preferences.cache_folder = str(Path(folder) / "cache")

scene = bpy.context.scene
scene.frame_end = 1
scene.render.resolution_x, scene.render.resolution_y = 320, 240
scene.render.filepath = str(Path(folder) / "frame_")
editor = scene.sequence_editor_create()
if hasattr(bpy.context.workspace, "sequencer_scene"):
    bpy.context.workspace.sequencer_scene = scene
editor.active_strip = editor.strips.new_movie("clip", movie, 1, 1)
bpy.ops.wm.save_as_mainfile(filepath=str(Path(folder) / "project.blend"))
bpy.ops.understudy.modifier_add()
bpy.ops.understudy.picture_add(filepath=person)
bpy.ops.render.render(animation=True)
assert len(list((Path(folder) / "cache" / "layers").rglob("000000.tif"))) == 1
print(f"installed as {NAME}")
