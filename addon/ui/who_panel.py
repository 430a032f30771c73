# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel Who: the source person, by images."""

from pathlib import Path
from typing import Any

import bpy

from ...core.recipe.request import FaceImage
from ...core.sessions.required_models import IMAGELESS_SWAPPER
from ..blender.text_width import region_width
from ..blender.wrapped_text import BOX_PIXELS, draw_text
from ..lookups.lookups import SourceImageView
from ..modifiers.active import active_scene
from ..prepare.request_check import check_unknown_images, check_unknown_takes
from ..prepare.strip_facts import neutral_face_icon, other_person_warnings, source_image_view
from ..properties.scene_properties import recipe_of, request_of
from ..properties.source_image_files import source_image_path
from .consent_panel import draw_consent
from .face_grid import draw_face, face_grid
from .takes_panel import draw_takes

_FACE_SCALE = 3.4
_FACE_COLUMN_PIXELS = 115
"""What the column of a face takes of a row, on a screen without scaling."""
_NARROW_PIXELS = 260
"""Below which width of a region a note has no room beside a face."""


def draw_who(layout: Any, context: bpy.types.Context, modifier: Any) -> None:
    """Draw the person, every image with the face in it and what is poor about it, and the note on consent."""
    layout.use_property_split = True
    draw_takes(layout, context, modifier)
    layout.prop(modifier.identity, "name")
    scene = active_scene(context)
    for index in range(len(modifier.identity.pictures)):
        _draw_source_image(layout, context, scene, modifier, index)
    for text in other_person_warnings(scene, request_of(modifier)):
        draw_text(layout, context, text, "ERROR")
    _draw_neutral_face(layout, context, scene, modifier)
    check_unknown_images(scene, modifier)
    check_unknown_takes(scene, modifier)
    layout.operator("understudy.picture_add", icon="ADD")
    draw_consent(layout, context, modifier)


def _draw_source_image(
    layout: Any, context: bpy.types.Context, scene: Any, modifier: Any, index: int
) -> None:
    image, box = modifier.identity.pictures[index], layout.box()
    known = _source_image_view(scene, modifier, image)
    has_choice = known is not None and _has_choice(known)
    path = box.row(align=True)
    path.use_property_split = False
    path.prop(image, "filepath", text="")
    if known is None:
        path.operator("understudy.picture_check", text="", icon="VIEWZOOM").index = index
    path.operator("understudy.picture_remove", text="", icon="X").index = index
    if known is None:
        return
    row = box.row()
    if known.icon is not None and not has_choice:
        row.column().template_icon(icon_value=known.icon, scale=_FACE_SCALE)
    column = row.column()
    if has_choice:
        _draw_faces(box, context, known, image.face_number, index)
    _draw_quality(box if has_choice else column, box, context, known, Path(image.filepath).name)


def _has_choice(known: SourceImageView) -> bool:
    """Tell whether the image shows several faces, or one that is not the one that is meant."""
    return len(known.face_icons) > 1 or (bool(known.face_icons) and known.icon is None)


def _draw_faces(
    box: Any, context: bpy.types.Context, known: SourceImageView, face_number: int, index: int
) -> None:
    if known.icon is None:
        draw_text(box, context, "Choose the face to use", "ERROR", BOX_PIXELS)
    grid = face_grid(box, context, len(known.face_icons))
    for number, icon in enumerate(known.face_icons, 1):
        is_chosen = number == face_number
        button = draw_face(
            grid.box(),
            icon,
            "understudy.picture_face_choose",
            "Used" if is_chosen else "Use",
            is_chosen=is_chosen,
        )
        button.index, button.number = index, number


def _draw_quality(
    column: Any, box: Any, context: bpy.types.Context, known: SourceImageView, file_name: str
) -> None:
    """Draw what is poor about the face that is used, or why the image can't be used."""
    if known.icon is not None and not known.quality_issues:
        column.label(text="Clear face", icon="CHECKMARK")
    for issue in known.quality_issues:
        if known.icon is not None:
            draw_text(box, context, f"The face is {issue}", "INFO", BOX_PIXELS)
        elif not known.face_icons:
            draw_text(
                box,
                context,
                issue if issue.startswith(file_name) else issue[:1].upper() + issue[1:],
                "ERROR",
                BOX_PIXELS,
            )


def _draw_neutral_face(layout: Any, context: bpy.types.Context, scene: Any, modifier: Any) -> None:
    """Draw the face that shape understood from all images, so that a bad image is noticed before a render."""
    icon = neutral_face_icon(scene, request_of(modifier))
    if icon is None:
        return
    box = layout.box()
    text = "Shape uses this face. If it looks wrong, use other images."
    if region_width(context) < _NARROW_PIXELS:
        box.template_icon(icon_value=icon, scale=_FACE_SCALE)
        draw_text(box, context, text, "INFO", BOX_PIXELS)
        return
    row = box.row()
    row.column().template_icon(icon_value=icon, scale=_FACE_SCALE)
    draw_text(row.column(), context, text, "INFO", _FACE_COLUMN_PIXELS)


def needs_image(modifier: Any) -> bool:
    """Tell whether nothing can be swapped by a modifier since it has no image of the source person."""
    has_image = any(image.filepath for image in modifier.identity.pictures)
    return not has_image and modifier.swap.swapper != IMAGELESS_SWAPPER


def _source_image_view(scene: Any, modifier: Any, image: Any) -> SourceImageView | None:
    if not image.filepath:
        return None
    face_image = FaceImage(source_image_path(image), image.face_number)
    return source_image_view(scene, face_image, recipe_of(modifier).detect)
