# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the panel Who for consent: the note, its record, and whether it holds."""

from datetime import date
from typing import Any

import bpy

from ...core.consent.nude_scenes import names_nude_scenes
from ...core.consent.record import ConsentState
from ...core.consent.request_consent import own_state
from ..blender.wrapped_text import draw_text
from ..modifiers.active import active_scene
from ..prepare.consent_facts import consent_warning, is_consent_file_unreadable, known_consent
from ..properties.identity_properties import identity_of, is_day
from ..properties.scene_properties import settings_of


def draw_consent(layout: Any, context: bpy.types.Context, modifier: Any) -> None:
    """Draw the note on consent, the rest of its record in a part that folds, and what is wrong with it."""
    scene = active_scene(context)
    layout.prop(modifier.identity, "consent")
    _draw_state(layout, context, scene, modifier)
    header, body = layout.panel_prop(modifier, "show_consent")
    header.label(text="Consent Record")
    if body:
        body.use_property_split = True
        _draw_record(body, context, scene, modifier)


def _draw_record(layout: Any, context: bpy.types.Context, scene: Any, modifier: Any) -> None:
    record = modifier.identity.consent_record
    for name in ("person", "project", "until"):
        layout.prop(record, name)
    row = layout.row(align=True)
    row.prop(record, "evidence")
    row.operator("understudy.consent_evidence", text="", icon="FILEBROWSER")
    if record.evidence_sha256:
        draw_text(layout, context, f"SHA-256 {record.evidence_sha256[:16]}…", "CHECKMARK")
    row = layout.row(align=True)
    row.prop(record, "recorded_by")
    row.operator("understudy.consent_sign", text="", icon="GREASEPENCIL")
    if record.recorded_on:
        draw_text(layout, context, f"Recorded on {record.recorded_on}", "TIME")
    layout.prop(settings_of(scene), "consent_file")
    layout.operator("understudy.consent_share", icon="EXPORT")
    if names_nude_scenes(modifier.identity.consent):
        draw_text(layout, context, "Nude or intimate scenes are covered", "CHECKMARK")
    else:
        layout.operator("understudy.consent_nude_scenes", icon="ADD")
    layout.operator("understudy.consent_replaced_person", icon="COMMUNITY")
    if own_state(identity_of(modifier.identity), date.today()) is not ConsentState.ENDED:
        layout.operator("understudy.outputs_list", icon="FILE_FOLDER")


def draw_consent_warning(layout: Any, context: bpy.types.Context, modifier: Any) -> None:
    """Draw that the consent of a modifier's source person has ended or ends soon, if either is so."""
    text = consent_warning(active_scene(context), identity_of(modifier.identity))
    if text:
        draw_text(layout, context, f"{modifier.name}: {text}", "ERROR")


def _draw_state(layout: Any, context: bpy.types.Context, scene: Any, modifier: Any) -> None:
    """Draw whether the consent holds; nothing where a modifier has no image yet."""
    identity = identity_of(modifier.identity)
    if not is_day(modifier.identity.consent_record.until):
        draw_text(layout, context, "Until is no day: write it as 2027-12-31", "ERROR")
    today = date.today()
    own, outlook = own_state(identity, today), known_consent(scene, identity)
    if own is not ConsentState.VALID and outlook.state is ConsentState.VALID:
        draw_text(layout, context, "The consent file has this person's consent", "CHECKMARK")
    elif own is not ConsentState.VALID and is_consent_file_unreadable(scene, identity):
        draw_text(layout, context, "The consent file can't be read: check its path", "ERROR")
    if outlook.state is ConsentState.ENDED:
        draw_text(layout, context, "The consent has ended: renew it, or remove this modifier", "ERROR")
        column = layout.column(align=True)
        column.operator("understudy.outputs_list", icon="FILE_FOLDER")
        column.operator("understudy.purge", text="Purge Person", icon="TRASH").what = "PERSON"
    elif outlook.state is ConsentState.NONE and identity.images:
        draw_text(layout, context, "Only swap people who agreed. Note their permission here.", "INFO")
    elif outlook.warning(today):
        draw_text(layout, context, f"Its last day is {outlook.until}: renew it in time", "TIME")
