# SPDX-License-Identifier: GPL-3.0-or-later
"""The source person of a modifier as the .blend keeps it: images, name, and the record of consent."""

from datetime import date
from typing import Any

import bpy
from bpy.props import CollectionProperty, IntProperty, PointerProperty, StringProperty
from bpy.types import PropertyGroup

from ...core.consent.record import ConsentRecord, parse_day
from ...core.recipe.request import FaceImage, Identity
from .source_image_files import source_image_path
from .update import tag_update

# Without it Blender shows a path that begins with // as a wrong one.
RELATIVE_PATH_OPTIONS = {"PATH_SUPPORTS_BLEND_RELATIVE"}
TRANSLATION_CONTEXT = "Understudy"
"""The context for translators of words that mean something else in Blender."""
_INVALID_DAY = date.min
"""What counts for a day that can't be read: a consent whose end nobody knows does not hold."""


def _on_image_change(image: Any, context: Any) -> None:
    """Forget which face it was, and the data-block of the former file: another image shows others."""
    image.image = None
    if image.face_number and image.numbered_path != image.filepath:
        image.face_number = 0
    tag_update(image, context)


def _on_number_change(image: Any, context: Any) -> None:
    """Remember in which image the faces were counted."""
    if image.numbered_path != image.filepath:
        image.numbered_path = image.filepath
    tag_update(image, context)


def _on_evidence_change(record: Any, _context: Any) -> None:
    """Forget the hash of the former file."""
    record.evidence_sha256 = ""


class UNDERSTUDY_PG_picture(PropertyGroup):
    """An image of the source person."""

    filepath: StringProperty(  # type: ignore[valid-type]
        name="Image",
        description="An image that shows the person's face clearly",
        subtype="FILE_PATH",
        options=RELATIVE_PATH_OPTIONS,
        update=_on_image_change,
    )
    face_number: IntProperty(  # type: ignore[valid-type]
        name="Face",
        description="Which face it is, counted from the left; 0 if there is only one",
        translation_context=TRANSLATION_CONTEXT,
        min=0,
        max=64,
        update=_on_number_change,
    )
    numbered_path: StringProperty(options={"HIDDEN"})  # type: ignore[valid-type]
    image: PointerProperty(type=bpy.types.Image, options={"HIDDEN"})  # type: ignore[valid-type]


class UNDERSTUDY_PG_consent(PropertyGroup):
    """What else is recorded of the source person's consent; to which use is `consent` of the identity."""

    person: StringProperty(name="Person", description="Who consented")  # type: ignore[valid-type]
    project: StringProperty(  # type: ignore[valid-type]
        name="Project", description="For which project the consent is"
    )
    until: StringProperty(  # type: ignore[valid-type]
        name="Until",
        description="The last day on which the consent holds, such as 2027-12-31; empty for no end",
    )
    evidence: StringProperty(  # type: ignore[valid-type]
        name="Evidence",
        description="A file or a link that proves the consent",
        options=RELATIVE_PATH_OPTIONS,
        update=_on_evidence_change,
    )
    evidence_sha256: StringProperty(options={"HIDDEN"})  # type: ignore[valid-type]
    recorded_by: StringProperty(name="Recorded By", description="Who wrote the record")  # type: ignore[valid-type]
    recorded_on: StringProperty(options={"HIDDEN"})  # type: ignore[valid-type]


CONSENT_TEXTS = ("person", "project", "until", "evidence", "evidence_sha256", "recorded_by", "recorded_on")
"""The texts of a consent group."""


class UNDERSTUDY_PG_identity(PropertyGroup):
    """The source person."""

    name: StringProperty(name="Name", description="Name of the source person")  # type: ignore[valid-type]
    consent: StringProperty(  # type: ignore[valid-type]
        name="Consent", description="By what right this likeness is used, in your words"
    )
    consent_record: PointerProperty(type=UNDERSTUDY_PG_consent)  # type: ignore[valid-type]
    pictures: CollectionProperty(type=UNDERSTUDY_PG_picture)  # type: ignore[valid-type]
    active_picture: IntProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]


def stored_images(identity: Any) -> list[tuple[str, int]]:
    """List the images of a source person as projects keep them: each path, and the number of the face in it."""
    return [(image.filepath, image.face_number) for image in identity.pictures if image.filepath]


def identity_of(group: Any) -> Identity:
    """Return the source person of an identity group. Paths that begin with // are beside the .blend."""
    images = tuple(
        FaceImage(source_image_path(entry), entry.face_number) for entry in group.pictures if entry.filepath
    )
    record = group.consent_record
    # Any word of a record is one; in old projects there is only `consent`.
    said = group.consent or record.person or record.project or record.evidence
    return Identity(images, group.name, said, last_day(record.until))


def last_day(text: str) -> date | None:
    """Return the day of a text; None for no end, and a day long ago for what can't be read."""
    try:
        return parse_day(text)
    except ValueError:
        return _INVALID_DAY


def is_day(text: str) -> bool:
    """Tell whether a text is a day, or empty."""
    return last_day(text) != _INVALID_DAY


def consent_record_of(group: Any, image_hashes: tuple[str, ...] = ()) -> ConsentRecord:
    """Return the record of an identity group, for the person of these images."""
    record = group.consent_record
    recorded_on = record.recorded_on if is_day(record.recorded_on) else ""
    return ConsentRecord(
        person=record.person or group.name,
        project=record.project,
        use=group.consent,
        until=last_day(record.until),
        evidence=record.evidence,
        evidence_sha256=record.evidence_sha256,
        recorded_by=record.recorded_by,
        recorded_on=parse_day(recorded_on),
        images=image_hashes,
    )


CLASSES: tuple[Any, ...] = (UNDERSTUDY_PG_picture, UNDERSTUDY_PG_consent, UNDERSTUDY_PG_identity)
