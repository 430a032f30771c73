# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators of farms: what `understudy farm` is told of the open project, and the buttons of the panel Farm."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import IntProperty, StringProperty

from ...core.errors import FarmError, UnderstudyError, os_error_reason
from ...core.filesystem import write_file
from ...core.reporting.layer_outcomes import pluralise
from ..blender.reports import report
from ..modifiers.active import active_scene
from ..properties.status import set_farm_lines

if TYPE_CHECKING:
    from ...core.farm.plan import FarmPlan


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
        # What plans is imported when it is asked for: Blender starts without it.
        from ...core.farm.facts_file import facts_json
        from ..farm.project_facts import project_facts

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


class UNDERSTUDY_OT_farm_check(bpy.types.Operator):
    """Say what the job needs and costs, and what would fail."""

    bl_idname = "understudy.farm_check"
    bl_label = "Check"
    bl_description = "Say what the job needs and costs, and what would fail. Nothing is rendered or changed"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only with a saved project: workers read the file."""
        return _has_saved_project(cls, context)

    def execute(self, context: Any) -> set[Any]:
        """Check, and show the result in the panel."""
        scene = active_scene(context)
        try:
            plan = _check(scene)
        except UnderstudyError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        faults = len(plan.faults)
        text = f"The job would fail: {pluralise(faults, 'fault')}" if faults else "The job can be sent"
        report(self, "WARNING" if faults else "INFO", text)
        return {"FINISHED"}


class UNDERSTUDY_OT_farm_write_job(bpy.types.Operator):
    """Write the files of the job for the engine."""

    bl_idname = "understudy.farm_write_job"
    bl_label = "Write Job"
    bl_description = "Check, and write the files of the job for the engine into the output folder"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only with a saved project: workers read the file."""
        return _has_saved_project(cls, context)

    def execute(self, context: Any) -> set[Any]:
        """Check, and write the files."""
        from ..farm.scene_plan import write_scene_job

        scene = active_scene(context)
        try:
            paths = write_scene_job(scene, _check(scene))
        except UnderstudyError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        report(self, "INFO", f"{pluralise(len(paths), 'file')} written to {paths[0].parent}")
        return {"FINISHED"}


def _has_saved_project(operator: Any, context: Any) -> bool:
    if not bpy.data.filepath:
        operator.poll_message_set("Save the project first: workers read the file")
        return False
    return active_scene(context) is not None


def _check(scene: bpy.types.Scene) -> "FarmPlan":
    """Return the plan of a scene, and show it in the panel. Raises FarmError."""
    from ...core.farm.plan_text import summary_lines
    from ..farm.scene_plan import plan_of_scene

    plan = plan_of_scene(scene)
    lines = [(text, "INFO") for text in summary_lines(plan)]
    lines += [(text, "WARNING") for text in plan.warnings]
    lines += [(text, "ERROR") for text in plan.faults]
    set_farm_lines(scene, lines)
    return plan


CLASSES = (UNDERSTUDY_OT_write_farm_facts, UNDERSTUDY_OT_farm_check, UNDERSTUDY_OT_farm_write_job)
