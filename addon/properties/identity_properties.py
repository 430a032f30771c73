# SPDX-License-Identifier: GPL-3.0-or-later
"""What a modifier saves of the source person: their name, by what right they are shown, and images of them."""

from typing import Any

import bpy
from bpy.props import CollectionProperty, IntProperty, PointerProperty, StringProperty
from bpy.types import PropertyGroup

from .update import tag_update

# Without it Blender shows a path that begins with // as a wrong one.
RELATIVE_PATH_OPTIONS = {"PATH_SUPPORTS_BLEND_RELATIVE"}
TRANSLATION_CONTEXT = "Understudy"
"""The context for translators of words that mean something else in Blender."""


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


class UNDERSTUDY_PG_identity(PropertyGroup):
    """The source person."""

    name: StringProperty(name="Name", description="Name of the source person")  # type: ignore[valid-type]
    consent: StringProperty(  # type: ignore[valid-type]
        name="Consent", description="By what right this likeness is used, in your words"
    )
    pictures: CollectionProperty(type=UNDERSTUDY_PG_picture)  # type: ignore[valid-type]
    active_picture: IntProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
