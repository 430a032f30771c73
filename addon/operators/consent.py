# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators on the record of consent: choose the evidence, sign the record, add it to the file that projects share."""

import os
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import bpy
from bpy.props import StringProperty

from ...core.consent.consent_file import FILE_NAME, add_record, evidence_hash, is_link
from ...core.consent.request_consent import image_hashes
from ...core.errors import UnderstudyError
from ...core.system.user_name import user_name
from ..blender.reports import report
from ..layers.consent_file import consent_file
from ..lookups.gallery import refresh_lookups
from ..modifiers.active import active_scene
from ..properties.identity_properties import consent_record_of, identity_of, is_day
from ..properties.scene_properties import settings_of
from .requires_modifier import RequiresModifier, activate_modifier


class UNDERSTUDY_OT_consent_evidence(RequiresModifier, bpy.types.Operator):
    """Choose a file that proves the consent; its SHA-256 is kept with the record."""

    bl_idname = "understudy.consent_evidence"
    bl_label = "Choose Evidence"
    bl_description = "Choose a file that proves the consent; its SHA-256 is kept with the record"
    bl_options = {"REGISTER", "UNDO"}

    filepath: StringProperty(subtype="FILE_PATH")  # type: ignore[valid-type]

    def invoke(self, context: Any, _event: Any) -> set[Any]:
        """Let the editor choose the file."""
        activate_modifier(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Keep the file's path and hash."""
        modifier = activate_modifier(context)
        if modifier is None:
            return {"CANCELLED"}
        try:
            content = evidence_hash(Path(bpy.path.abspath(self.filepath)))
        except UnderstudyError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        record = modifier.identity.consent_record
        record.evidence, record.evidence_sha256 = self.filepath, content
        return {"FINISHED"}


class UNDERSTUDY_OT_consent_sign(RequiresModifier, bpy.types.Operator):
    """Write your user name and the day into the record of consent."""

    bl_idname = "understudy.consent_sign"
    bl_label = "Sign Record"
    bl_description = "Write your user name and today's date into the record of consent"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Sign it."""
        modifier = activate_modifier(context)
        if modifier is None:
            return {"CANCELLED"}
        record = modifier.identity.consent_record
        name = user_name()
        if name:
            record.recorded_by = name
        else:
            report(self, "WARNING", "Your user name is not known: write it into Recorded By")
        record.recorded_on = date.today().isoformat()
        return {"FINISHED"}


class UNDERSTUDY_OT_consent_share(RequiresModifier, bpy.types.Operator):
    """Add this record of consent to the consent file, for the images of this source person."""

    bl_idname = "understudy.consent_share"
    bl_label = "Add to Consent File"
    bl_description = (
        "Add this record of consent to the consent file, for the images of this source person. Without a file, one is "
        "made beside the project"
    )
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Add it."""
        scene, modifier = active_scene(context), activate_modifier(context)
        if modifier is None:
            return {"CANCELLED"}
        if consent_file(scene) is None:
            if not bpy.data.filepath:
                report(self, "ERROR", "Save the project first, or choose a consent file")
                return {"CANCELLED"}
            settings_of(scene).consent_file = f"//{FILE_NAME}"
        path = consent_file(scene)
        if path is None or not is_day(modifier.identity.consent_record.until):
            report(self, "ERROR", "Until is no day: write it as 2027-12-31")
            return {"CANCELLED"}
        try:
            hashes = image_hashes([image.path for image in identity_of(modifier.identity).images])
            record = consent_record_of(modifier.identity, tuple(sorted(hashes)))
            if record.evidence and not is_link(record.evidence):
                record = replace(record, evidence=_path_from(path, record.evidence))
            is_new = add_record(path, record)
        except UnderstudyError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        report(self, "INFO", "The record was added" if is_new else "The consent file has this record already")
        refresh_lookups()
        return {"FINISHED"}


def _path_from(path: Path, evidence: str) -> str:
    """Return a file of evidence as a path from the folder of the consent file, where there is one."""
    file = bpy.path.abspath(evidence)
    try:
        return os.path.relpath(file, path.parent)
    except ValueError:  # another drive of Windows
        return file


CLASSES = (UNDERSTUDY_OT_consent_evidence, UNDERSTUDY_OT_consent_sign, UNDERSTUDY_OT_consent_share)
