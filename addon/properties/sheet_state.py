# SPDX-License-Identifier: GPL-3.0-or-later
"""The sheet that was made last, as windows show it, on the window manager: no file keeps it, no undo changes it."""

from typing import Any, cast

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    FloatProperty,
    IntProperty,
    IntVectorProperty,
    PointerProperty,
    StringProperty,
)
from bpy.types import PropertyGroup

_pointer: Any = PointerProperty


class UNDERSTUDY_PG_sheet_image(PropertyGroup):
    """An image of a row's source person."""

    filepath: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    face_number: IntProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]


class UNDERSTUDY_PG_sheet_variant(PropertyGroup):
    """One way of swapping that a sheet compares: a person, or values of the settings that the sheet names."""

    label: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    person: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    consent: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    images: CollectionProperty(type=UNDERSTUDY_PG_sheet_image, options={"SKIP_SAVE"})  # type: ignore[valid-type]
    settings: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    consent_record: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    is_take: BoolProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    take_id: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]


class UNDERSTUDY_PG_sheet_place(PropertyGroup):
    """Where a cell of a variant is in the sheet's image."""

    variant: IntProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    column: IntProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    corner: IntVectorProperty(size=2, options={"SKIP_SAVE"})  # type: ignore[valid-type]
    size: IntVectorProperty(size=2, options={"SKIP_SAVE"})  # type: ignore[valid-type]


class UNDERSTUDY_PG_sheet(PropertyGroup):
    """A sheet: what it is of, what it compares, how far it is."""

    image: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    page: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    scene: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    strip_id: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    modifier: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    is_running: BoolProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    progress: FloatProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    status: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    trouble: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    variants: CollectionProperty(type=UNDERSTUDY_PG_sheet_variant, options={"SKIP_SAVE"})  # type: ignore[valid-type]
    places: CollectionProperty(type=UNDERSTUDY_PG_sheet_place, options={"SKIP_SAVE"})  # type: ignore[valid-type]


def sheet_state() -> Any:
    """Return the `UNDERSTUDY_PG_sheet` of this Blender."""
    return cast("Any", bpy.data.window_managers[0]).understudy_sheet


def reset_sheet_state() -> None:
    """Forget the sheet, as before another and after another file was loaded."""
    state = sheet_state()
    state.variants.clear()
    state.places.clear()
    for entry in state.bl_rna.properties:
        if entry.type != "COLLECTION" and not entry.is_readonly:
            state.property_unset(entry.identifier)


CLASSES: tuple[Any, ...] = (
    UNDERSTUDY_PG_sheet_image,
    UNDERSTUDY_PG_sheet_variant,
    UNDERSTUDY_PG_sheet_place,
    UNDERSTUDY_PG_sheet,
)


def register() -> None:
    """Put the state on the window manager."""
    for group in CLASSES:
        bpy.utils.register_class(group)
    manager = cast("Any", bpy.types.WindowManager)
    manager.understudy_sheet = _pointer(type=UNDERSTUDY_PG_sheet, options={"SKIP_SAVE"})


def unregister() -> None:
    """Take it off again."""
    delattr(bpy.types.WindowManager, "understudy_sheet")
    for group in reversed(CLASSES):
        bpy.utils.unregister_class(group)
