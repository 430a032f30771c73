# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator that says what a farm needs to know of the open project, for `understudy farm`."""

from pathlib import Path
from typing import Any

import bpy
from bpy.props import IntProperty, StringProperty

from ...core.errors import FarmError, UnderstudyError, os_error_reason
from ...core.farm.facts_file import facts_json
from ...core.filesystem import write_file
from ..blender.reports import report
from ..farm.project_facts import project_facts


class UNDERSTUDY_OT_write_farm_facts(bpy.types.Operator):
    """Write what a farm needs to know of the open project to a file; the project stays as it is."""

    bl_idname = "understudy.write_farm_facts"
    bl_label = "Write Farm Facts"
    bl_description = (
        "Write what a farm needs to know of the open project to a file; the project stays as it is"
    )
    bl_options = {"INTERNAL"}

    # What is not set is the scene in use, and its own frames.
    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})  # type: ignore[valid-type]
    scene: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    frame_start: IntProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    frame_end: IntProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]

    def execute(self, context: Any) -> set[Any]:
        """Write the file."""
        try:
            scene = bpy.data.scenes.get(self.scene) if self.scene else context.scene
            if scene is None:
                raise FarmError(f"the project has no scene {self.scene}")
            given = self.properties.is_property_set
            first = self.frame_start if given("frame_start") else scene.frame_start
            last = self.frame_end if given("frame_end") else scene.frame_end
            facts = project_facts(scene, range(first, last + 1))
            write_file(Path(self.filepath), facts_json(facts).encode())
        except UnderstudyError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        except OSError as error:
            report(self, "ERROR", f"can't write {self.filepath}: {os_error_reason(error)}")
            return {"CANCELLED"}
        return {"FINISHED"}


CLASSES = (UNDERSTUDY_OT_write_farm_facts,)
