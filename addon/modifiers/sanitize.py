# SPDX-License-Identifier: GPL-3.0-or-later
"""What a .blend holds of ours in a form that Understudy never writes, put right before anything is made of it.

A project may come from anyone, and a stack's id becomes the name of a folder. So an id of another form is never
used: the stack gets a new one, and the project works as it did.
"""

from collections.abc import Iterator
from dataclasses import replace
from operator import attrgetter
from typing import Any, cast

import bpy

from ...core.layers.folder import is_stack_id
from ...core.reporting.layer_outcomes import pluralise
from ..properties.identity_properties import CONSENT_TEXTS
from ..properties.scene_properties import settings_of
from ..sequencer.channels import lift_record
from ..sequencer.strips import INVALID_TEXT, SUPPORTED_TYPES, all_strips, text_of
from .stack_id import new_id

_FALLBACK_NAME = "Unnamed"
_ID_TEXTS = ("understudy_id", "understudy_layer_of", "understudy_lifted")
_MODIFIER_TEXTS = attrgetter(
    "name",
    "strip_id",
    "identity.name",
    "identity.consent",
    "target_forms",
    *(f"identity.consent_record.{name}" for name in CONSENT_TEXTS),
)
_TAKE_TEXTS = attrgetter(
    "name",
    "take_id",
    "identity.name",
    "identity.consent",
    *(f"identity.consent_record.{name}" for name in CONSENT_TEXTS),
)
_STRIP_TEXTS = attrgetter("name", *_ID_TEXTS)


def repair_texts() -> None:
    """Give another text to what holds one that is none: to read it would be an error wherever it is used."""
    for scene in _local_scenes():
        _repair_text(scene, "name", _FALLBACK_NAME)
        for strip in all_strips(scene):
            try:
                _STRIP_TEXTS(strip)
            except UnicodeDecodeError:
                _repair_text(strip, "name", _FALLBACK_NAME)
                for name in _ID_TEXTS:
                    _repair_text(strip, name, INVALID_TEXT)
        for modifier in settings_of(scene).modifiers:
            try:
                _MODIFIER_TEXTS(modifier)
            except UnicodeDecodeError:
                _repair_text(modifier, "name", _FALLBACK_NAME)
                _repair_text(modifier, "strip_id", INVALID_TEXT)
                _repair_text(modifier.identity, "name", "")
                _repair_text(modifier.identity, "consent", "")
                for name in CONSENT_TEXTS:
                    _repair_text(modifier.identity.consent_record, name, "")
                _repair_text(modifier, "target_forms", "")
            for take in modifier.takes:
                _repair_take(take)
            for entry in modifier.masks:
                _repair_text(entry, "record", "")


def _is_sound() -> bool:
    """Tell whether all texts are some and all ids have their form. It is quick, since it only looks for a fault."""
    try:
        for scene in _local_scenes():
            strips = list(map(_STRIP_TEXTS, all_strips(scene)))
            modifiers = list(map(_MODIFIER_TEXTS, settings_of(scene).modifiers))
            for modifier in settings_of(scene).modifiers:
                for entry in modifier.masks:
                    entry.record  # noqa: B018 - it is an error where it is no text
                if any(texts[1] and not is_stack_id(texts[1]) for texts in map(_TAKE_TEXTS, modifier.takes)):
                    return False
            ids = {texts[1] for texts in (*strips, *modifiers)} | {texts[2] for texts in strips}
            if not scene.name or not all(map(is_stack_id, ids - {""})):
                return False
    except UnicodeDecodeError:
        return False
    return True


def repair_ids() -> list[str]:
    """Give stacks whose ids have another form new ones, in every scene of this file. Main thread only.

    Returns what there was to do, in a line if anything.
    """
    if _is_sound():
        return []
    repair_texts()
    fresh: dict[str, str] = {}
    for owner, name in (entry for scene in _local_scenes() for entry in _id_properties(scene)):
        current_id = getattr(owner, name)
        if current_id and not is_stack_id(current_id):
            setattr(owner, name, fresh.setdefault(current_id, new_id()))
    if not fresh:
        return []
    for strip in (strip for scene in _local_scenes() for strip in all_strips(scene)):
        record = lift_record(strip)
        if record is not None and record.stack_id in fresh:
            strip.understudy_lifted = replace(record, stack_id=fresh[record.stack_id]).text
    ids = pluralise(len(fresh), "invalid Understudy id")
    return [f"{ids} replaced in this project"]


def strips_with_invalid_ids(scene: bpy.types.Scene) -> list[Any]:
    """List the clips that have modifiers but an id of another form: as long as that is not mended, no stack."""
    ids = {text_of(modifier, "strip_id") for modifier in settings_of(scene).modifiers}
    malformed = {strip_id for strip_id in ids if strip_id and not is_stack_id(strip_id)}
    return [
        strip
        for strip in (all_strips(scene) if malformed else ())
        if strip.type in SUPPORTED_TYPES and text_of(strip, "understudy_id") in malformed
    ]


def _repair_take(take: Any) -> None:
    """Give a take other texts where it holds none. Its id takes part in the name of a folder."""
    for owner, name, replacement in (
        (take, "name", _FALLBACK_NAME),
        (take, "take_id", INVALID_TEXT),
        (take.identity, "name", ""),
        (take.identity, "consent", ""),
    ):
        _repair_text(owner, name, replacement)
    if take.take_id and not is_stack_id(take.take_id):
        take.take_id = new_id()


def _id_properties(scene: bpy.types.Scene) -> Iterator[tuple[Any, str]]:
    """Yield whatever holds an id of a stack in a scene, and the name of the property that does."""
    for strip in all_strips(scene):
        yield strip, "understudy_id"
        yield strip, "understudy_layer_of"
    for modifier in settings_of(scene).modifiers:
        yield modifier, "strip_id"


def _local_scenes() -> list[bpy.types.Scene]:
    return [scene for scene in bpy.data.scenes if cast("Any", scene).library is None]


def _repair_text(owner: Any, name: str, replacement: str) -> None:
    try:
        getattr(owner, name)
    except UnicodeDecodeError:
        setattr(owner, name, replacement)
