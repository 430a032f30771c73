# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel Who: the source person, by images."""

from pathlib import Path
from typing import Any

import bpy

from ...core.recipe.request import FaceImage
from ...core.sessions.request_faults import IMAGELESS_SWAPPER
from ..blender.wrapped_text import draw_text
from ..lookups.lookups import SourceImageView
from ..modifiers.active import active_scene
from ..prepare.request_check import check_unknown_images
from ..prepare.strip_facts import source_image_view

_FACE_SCALE = 3.4


def draw_who(layout: Any, context: bpy.types.Context, modifier: Any) -> None:
    """Draw the person, every image with the face in it and what is poor about it, and the note on consent."""
    layout.use_property_split = True
    layout.prop(modifier.identity, "name")
    scene = active_scene(context)
    for index, image in enumerate(modifier.identity.pictures):
        _draw_source_image(layout, context, scene, image, index)
    check_unknown_images(scene, modifier)
    layout.operator("understudy.picture_add", icon="ADD")
    layout.prop(modifier.identity, "consent")
    if modifier.identity.pictures and not modifier.identity.consent:
        draw_text(layout, context, "Only swap people who agreed. Note their permission here.", "INFO")


def _draw_source_image(layout: Any, context: bpy.types.Context, scene: Any, image: Any, index: int) -> None:
    box = layout.box()
    known = _source_image_view(scene, image)
    row = box.row()
    if known is not None and known.icon is not None:
        face = row.column()
        face.template_icon(icon_value=known.icon, scale=_FACE_SCALE)
    column = row.column()
    path = column.row(align=True)
    path.use_property_split = False
    path.prop(image, "filepath", text="")
    path.operator("understudy.picture_remove", text="", icon="X").index = index
    below = column.row(align=True)
    below.use_property_split = False
    below.prop(image, "face_number")
    if known is None:
        below.operator("understudy.picture_check", text="", icon="VIEWZOOM").index = index
        return
    if known.icon is not None and not known.quality_issues:
        column.label(text="Clearly visible", icon="CHECKMARK")
    for fault in known.quality_issues:
        if known.icon is None:
            is_named = fault.startswith(Path(image.filepath).name)
            draw_text(box, context, fault if is_named else fault[:1].upper() + fault[1:], "ERROR")
        else:
            draw_text(box, context, f"The face is {fault}", "INFO")


def needs_image(modifier: Any) -> bool:
    """Tell whether nothing can be swapped by a modifier since it has no image of the source person."""
    has_image = any(image.filepath for image in modifier.identity.pictures)
    return not has_image and modifier.swap.swapper != IMAGELESS_SWAPPER


def _source_image_view(scene: Any, image: Any) -> SourceImageView | None:
    path = bpy.path.abspath(image.filepath)
    return source_image_view(scene, FaceImage(Path(path), image.face_number)) if path else None
