# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators on consent to nude or intimate scenes: of the source person, and of the person who is replaced."""

from datetime import date
from typing import Any

import bpy
from bpy.props import StringProperty

from ...core.consent.consent_file import add_record
from ...core.consent.nude_scenes import NUDE_SCENES, add_nude_scenes, replaced_hashes
from ...core.consent.record import ConsentRecord
from ...core.errors import UnderstudyError
from ...core.system.user_name import user_name
from ..blender.reports import report
from ..layers.consent_file import consent_file
from ..lookups.gallery import refresh_lookups
from ..modifiers.active import active_scene, active_strip
from ..properties.scene_properties import request_of
from ..sequencer.strips import source_of
from .requires_modifier import RequiresModifier, activate_modifier


class UNDERSTUDY_OT_consent_nude_scenes(RequiresModifier, bpy.types.Operator):
    """Add nude or intimate scenes to the uses that the consent names."""

    bl_idname = "understudy.consent_nude_scenes"
    bl_label = "Cover Nude Scenes"
    bl_description = (
        'Add "nude or intimate scenes" to what this person consented to. Shots that show nudity are recast only if '
        "everybody who gives or loses a face in them consented to such scenes by name"
    )
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Add them."""
        modifier = activate_modifier(context)
        if modifier is None:
            return {"CANCELLED"}
        modifier.identity.consent = add_nude_scenes(modifier.identity.consent)
        return {"FINISHED"}


class UNDERSTUDY_OT_consent_replaced_person(RequiresModifier, bpy.types.Operator):
    """Add a record for the person who is replaced to the consent file."""

    bl_idname = "understudy.consent_replaced_person"
    bl_label = "Add Replaced Person…"
    bl_description = (
        "Add to the consent file that the person whose face this modifier replaces consented to nude or intimate "
        "scenes: for the reference images where faces are chosen by them, else for the clip"
    )
    bl_options = {"REGISTER"}

    person: StringProperty(name="Person", description="Who consented")  # type: ignore[valid-type]

    def invoke(self, context: Any, _event: Any) -> set[Any]:
        """Ask who it is."""
        activate_modifier(context)
        return set(context.window_manager.invoke_props_dialog(self))

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Add the record."""
        modifier, strip = activate_modifier(context), active_strip(context)
        path = consent_file(active_scene(context))
        if modifier is None or strip is None:
            return {"CANCELLED"}
        if path is None or not self.person.strip():
            report(self, "ERROR", "Choose a consent file first" if path is None else "Say who consented")
            return {"CANCELLED"}
        try:
            hashes = replaced_hashes(request_of(modifier), source_of(strip))
            record = ConsentRecord(
                self.person,
                use=NUDE_SCENES,
                recorded_by=user_name(),
                recorded_on=date.today(),
                images=tuple(sorted(hashes)),
            )
            is_new = add_record(path, record)
        except UnderstudyError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        report(self, "INFO", "The record was added" if is_new else "The consent file has this record already")
        refresh_lookups()
        return {"FINISHED"}


CLASSES = (UNDERSTUDY_OT_consent_nude_scenes, UNDERSTUDY_OT_consent_replaced_person)
