# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator that writes the licences of all models that the open project runs, for `understudy licences`."""

import json
from pathlib import Path
from typing import Any

import bpy
from bpy.props import StringProperty

from ...core.errors import UnderstudyError, os_error_reason
from ...core.filesystem import write_file
from ..blender.reports import report
from ..layers.folders import cache_folder
from ..properties.preferences import preferences
from ..properties.scene_properties import request_of, settings_of
from ..sessions.open import run_settings


class UNDERSTUDY_OT_write_licences(bpy.types.Operator):
    """Write the licenses of all models that the project's Face Swap modifiers run to a file."""

    bl_idname = "understudy.write_licences"
    bl_label = "Write Licenses"
    bl_description = "Write the licenses of all models that the project's Face Swap modifiers run to a file"
    bl_options = {"INTERNAL"}

    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})  # type: ignore[valid-type]

    def execute(self, context: Any) -> set[Any]:
        """Write the file."""
        # What runs models is imported when it is asked for: Blender starts without it.
        from ...core.sessions.licences import licences_of_recipes

        recipes = [
            recipe
            for scene in bpy.data.scenes
            for modifier in settings_of(scene).modifiers
            for recipe in request_of(modifier).recipes
        ]
        try:
            library = run_settings(cache_folder(context.scene), preferences()).library
            values = [model.as_dict() for model in licences_of_recipes(recipes, library)]
            write_file(Path(self.filepath), json.dumps(values, indent=2).encode())
        except UnderstudyError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        except OSError as error:
            report(self, "ERROR", f"can't write {self.filepath}: {os_error_reason(error)}")
            return {"CANCELLED"}
        return {"FINISHED"}


CLASSES = (UNDERSTUDY_OT_write_licences,)
