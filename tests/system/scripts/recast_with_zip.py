# SPDX-License-Identifier: GPL-3.0-or-later
"""Run in a Blender with an empty profile: installs the zip, asks the doctor, recasts a movie.

Arguments: the extension's zip, a movie, a picture of a person, a folder for what is made, the number of frames.
"""

import sys
from pathlib import Path

import bpy

archive, movie, person, folder, frames = sys.argv[1:]
bpy.ops.extensions.package_install_files(filepath=archive, repo="user_default")
import av  # noqa: E402 - what the zip brings is there only now
import cryptography  # noqa: E402
import cv2  # noqa: E402
import keyring  # noqa: E402
import onnxruntime  # noqa: E402
import redis  # noqa: E402
import secretstorage  # noqa: E402
from bl_ext.user_default.understudy.core.cli.main import main  # noqa: E402

print("FROM", *(m.__file__ for m in (cv2, av, onnxruntime, cryptography, keyring, redis, secretstorage)))
keyring.get_keyring()
print("ASKS", "keyring.backends.SecretService" in sys.modules)
print("DOCTOR", main(["doctor"]))

scene = bpy.context.scene
scene.frame_start, scene.frame_end = 1, int(frames)
scene.render.resolution_x, scene.render.resolution_y = 320, 240
scene.render.image_settings.file_format = "PNG"
scene.view_settings.view_transform = "Standard"
editor = scene.sequence_editor_create()
if hasattr(bpy.context.workspace, "sequencer_scene"):
    bpy.context.workspace.sequencer_scene = scene
editor.active_strip = editor.strips.new_movie("clip", movie, 1, 1)
bpy.ops.wm.save_as_mainfile(filepath=str(Path(folder) / "project.blend"))
for name in ("plain", "recast"):
    if name == "recast":
        bpy.ops.understudy.modifier_add()
        bpy.ops.understudy.picture_add(filepath=person)
    scene.render.filepath = str(Path(folder) / f"{name}_")
    bpy.ops.render.render(animation=True)
bpy.ops.preferences.addon_disable(module="bl_ext.user_default.understudy")
