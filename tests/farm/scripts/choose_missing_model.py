# SPDX-License-Identifier: GPL-3.0-or-later
"""Run by `blender -b project.blend -P`: has the project ask for a model that this machine does not have."""

import bpy

bpy.context.scene.understudy.modifiers[0].swap.swapper = "inswapper"
bpy.ops.wm.save_mainfile()
