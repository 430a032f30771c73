# SPDX-License-Identifier: GPL-3.0-or-later
"""Operator that puts everything in order again after changes made outside."""

from typing import Any

import bpy

from ..blender.reports import report
from ..layers.layer_strip import invalidate_layer_caches
from ..layers.nesting import unnest_where_possible
from ..layers.strip_warnings import scene_warnings
from ..layers.sync import sync_layers
from ..layers.sync_memory import sync_memory
from ..modifiers.active import active_scene
from ..sessions.cache_folder import refused_folder_warnings


class UNDERSTUDY_OT_refresh(bpy.types.Operator):
    """Sync layers with their strips, give copied strips their own stack, show changed files."""

    bl_idname = "understudy.refresh"
    bl_label = "Refresh"
    bl_description = "Sync layers with their strips, give copied strips their own stack, show changed files"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only with a scene to work on."""
        return active_scene(context) is not None

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Put the scene's layers in order."""
        scene = active_scene(context)
        sync_memory().forget_layers()  # this is pressed where anything may have been changed outside
        problems = sync_layers(scene)
        unnest_where_possible(scene)
        for text in [*problems, *refused_folder_warnings(), *scene_warnings(scene)]:
            report(self, "WARNING", text)
        invalidate_layer_caches()
        return {"FINISHED"}


CLASSES = (UNDERSTUDY_OT_refresh,)
