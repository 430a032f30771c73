# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators on turnovers: write that of the active strip, and stop writing."""

from pathlib import Path
from typing import Any

import bpy
from bpy.props import StringProperty

from ...core.errors import UnderstudyError
from ..blender.reports import report
from ..modifiers.active import active_scene, active_strip
from ..properties.default_paths import project_folder
from ..turnover.making import (
    is_writing_turnover,
    require_no_turnover,
    start_turnover,
    stop_turnover,
    write_turnover_now,
)
from .requires_modifier import RequiresModifier


class UNDERSTUDY_OT_turnover_write(RequiresModifier, bpy.types.Operator):
    """Write the new faces of the active strip in layers, for a compositor."""

    bl_idname = "understudy.turnover_write"
    bl_label = "Write Turnover…"
    bl_description = (
        "Write the new faces of the active strip in layers, for a compositor: an OpenEXR file for each frame of the "
        "clip that the strip shows, and a manifest. Retiming is not applied. Files of the same names are overwritten"
    )
    # Not REGISTER: a change of the folder afterwards would begin another turnover at every step.

    directory: StringProperty(  # type: ignore[valid-type]
        name="Folder", description="Where the files go", subtype="DIR_PATH", options={"SKIP_SAVE"}
    )
    # The browser's second field: a folder that need not be there yet can't be shown as one to choose.
    filename: StringProperty(  # type: ignore[valid-type]
        name="Name", description="A folder in it, which is made", subtype="FILE_NAME", options={"SKIP_SAVE"}
    )
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})  # type: ignore[valid-type]

    def invoke(self, context: Any, _event: Any) -> set[Any]:
        """Ask for the folder; propose one of the strip's name beside the project."""
        try:
            require_no_turnover()
        except UnderstudyError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        strip = active_strip(context)
        if strip is None:
            return {"CANCELLED"}
        if not self.directory:
            self.directory = str(project_folder())
            self.filename = f"{bpy.path.clean_name(strip.name)}_turnover"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: Any) -> set[Any]:
        """Let a worker process write it while the editor goes on; without a window, write it before returning."""
        scene, strip = active_scene(context), active_strip(context)
        if strip is None:
            return {"CANCELLED"}
        if not self.directory:
            report(self, "ERROR", "No folder: give the folder of the turnover")
            return {"CANCELLED"}
        folder = Path(bpy.path.abspath(self.directory)) / self.filename
        try:
            if bpy.app.background:
                for level, text in write_turnover_now(scene, strip, folder):
                    report(self, level, text)
                return {"FINISHED"}
            start_turnover(scene, strip, folder)
        except UnderstudyError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class UNDERSTUDY_OT_turnover_stop(bpy.types.Operator):
    """Stop writing the turnover."""

    bl_idname = "understudy.turnover_stop"
    bl_label = "Stop"
    bl_description = "Stop writing the turnover. Frames that are written stay, without a manifest"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: Any) -> bool:
        """Only while one is written."""
        return is_writing_turnover()

    def execute(self, _context: Any) -> set[Any]:
        """End the worker at once."""
        stop_turnover()
        report(self, "INFO", "Stopped; frames that are written stay, without a manifest")
        return {"FINISHED"}


CLASSES = (UNDERSTUDY_OT_turnover_write, UNDERSTUDY_OT_turnover_stop)
