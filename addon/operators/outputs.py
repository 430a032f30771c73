# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator that lists the images and movies that were made with the source person of a modifier."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import bpy
from bpy.props import StringProperty

from ...core.consent.person_outputs import OutputInspection, inspect_outputs
from ...core.consent.request_consent import image_hashes
from ...core.errors import UnderstudyError
from ...core.reporting.quoting import quote
from ..blender.reports import report, show_report
from ..modifiers.active import active_scene
from ..properties.identity_properties import identity_of
from .requires_modifier import RequiresModifier, activate_modifier

TEXT_NAME = "Outputs with Person"
_SLICE_SECONDS = 0.05
"""How long files are looked at before the window is drawn again."""


class UNDERSTUDY_OT_outputs_list(RequiresModifier, bpy.types.Operator):
    """Find the images and movies in a folder that were made with this source person, and list them in a text."""

    bl_idname = "understudy.outputs_list"
    bl_label = "List Outputs"
    bl_description = (
        "Find the images and movies in a folder, and in those below it, that were made with this source person, by "
        "the marks in them. They are listed in a text"
    )
    bl_options = {"REGISTER"}

    directory: StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE"})  # type: ignore[valid-type]

    def invoke(self, context: Any, _event: Any) -> set[Any]:
        """Let the editor choose the folder, at first that of the render's output."""
        activate_modifier(context)
        output = bpy.path.abspath(cast("Any", active_scene(context).render).filepath)
        self.directory = str(Path(output).parent)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: Any) -> set[Any]:
        """Look at the files, beside the editor where there is one."""
        modifier = activate_modifier(context)
        if modifier is None:
            return {"CANCELLED"}
        try:
            hashes = image_hashes([image.path for image in identity_of(modifier.identity).images])
            if not hashes:
                report(self, "ERROR", "The modifier has no image of a source person")
                return {"CANCELLED"}
            inspections = inspect_outputs([Path(bpy.path.abspath(self.directory))], hashes)
            if bpy.app.background:
                report(self, "INFO", _write_list(list(inspections)))
                return {"FINISHED"}
        except UnderstudyError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        _inspect_in_slices(inspections)
        return {"FINISHED"}


def _inspect_in_slices(inspections: Iterator[OutputInspection]) -> None:
    """Look at files while the editor goes on; at the end the list is written and a report says so."""
    files: list[OutputInspection] = []

    def inspect() -> float | None:
        end = time.monotonic() + _SLICE_SECONDS
        try:
            for inspection in inspections:
                files.append(inspection)
                if time.monotonic() > end:
                    return 0.0
        except UnderstudyError as error:
            show_report(str(error), "ERROR")
            return None
        show_report(_write_list(files), "INFO")
        return None

    bpy.app.timers.register(inspect)


def _write_list(files: list[OutputInspection]) -> str:
    """Write the paths of a person's outputs to a text; say how many they are."""
    paths = [quote(one.path) for one in files if one.is_made_with]
    summary = f"{len(paths)} of {len(files)} images and movies say that they were made with this person"
    if not paths:
        return summary
    text = bpy.data.texts.get(TEXT_NAME) or bpy.data.texts.new(TEXT_NAME)
    text.clear()
    text.write("\n".join([*paths, ""]))
    return f"{summary}: see the text {text.name}"


CLASSES = (UNDERSTUDY_OT_outputs_list,)
