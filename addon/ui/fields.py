# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties in panels, so that no label is cut off: beside the value where all fit, else in or above it.

Blender gives a label two fifths of a panel, and cuts off what does not fit. The Properties editor of a small window
is 190 pixels wide.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import bpy

from ..blender.text_width import region_width, text_width, translate_label
from ..operators.cost import COST_ICONS, UNDERSTUDY_OT_cost

_MARGIN_PIXELS = 38
"""What of a region's width is left free at both sides of a panel within a panel."""
_ICON_PIXELS = 24
_LABEL_SHARE = 0.4
_PADDING_PIXELS = 12
_ARROW_PIXELS = 22
_TEXT_PIXELS = 60
_CHECKBOX_PIXELS = 30
_UNITS = {"PIXEL": " px", "PERCENTAGE": "%"}
"""What Blender writes behind a number, by the subtype of its property."""


class Field(NamedTuple):
    """A property that is drawn, with what a change of it costs; that is empty where it costs nothing."""

    owner: Any
    name: str
    cost: str = ""

    @property
    def rna(self) -> Any:
        """What Blender knows of the property."""
        return self.owner.bl_rna.properties[self.name]

    @property
    def label(self) -> str:
        """Its label as it is shown."""
        return translate_label(self.rna.name, self.rna.translation_context)


def fit_side_by_side(context: bpy.types.Context, fields: Sequence[Field]) -> bool:
    """Tell whether the labels of all fields fit left of their values, and the values too."""
    width = _content_width(context) - 2 * _ICON_PIXELS
    labels, values = width * _LABEL_SHARE - _PADDING_PIXELS, width * (1 - _LABEL_SHARE)
    return all(
        text_width(context, field.label) <= labels and _value_width(context, field) <= values
        for field in fields
        if field.rna.type != "BOOLEAN"
    )


def fits_button(context: bpy.types.Context, text: str) -> bool:
    """Tell whether a text fits into a button that is as wide as the panel and has an icon."""
    return (
        text_width(context, translate_label(text, "Operator"))
        <= _content_width(context) - _ICON_PIXELS - 2 * _PADDING_PIXELS
    )


def draw_field(layout: Any, context: bpy.types.Context, field: Field, *, is_narrow: bool) -> None:
    """Draw a property. In narrow panels there is no dot to keyframe it: there the key I does it."""
    if not is_narrow:
        row = layout.row(align=False)
        row.use_property_split = True
        row.prop(field.owner, field.name)
        draw_cost(row, field)
        return
    column = layout.column(align=True)
    column.use_property_split = False
    value = column
    if field.rna.type == "BOOLEAN" or fits_inside(context, field):
        value = column.row()
        value.prop(field.owner, field.name)
        draw_cost(value, field)
        return
    row = column.row()
    row.label(text=field.label, translate=False)
    draw_cost(row, field)
    value.prop(field.owner, field.name, text="")


def draw_switches(
    layout: Any, context: bpy.types.Context, title: str, fields: Sequence[Field], *, is_narrow: bool
) -> None:
    """Draw switches in as many columns as fit, under one title."""
    width = _content_width(context)
    if is_narrow:
        column = layout.column(align=True)
        row = column.row()
        row.label(text=title)
        draw_cost(row, fields[0])
    else:
        row = layout.row()
        column = row.split(factor=_LABEL_SHARE)
        heading = column.column()
        heading.alignment = "RIGHT"
        heading.label(text=title)
        width = (width - 2 * _ICON_PIXELS) * (1 - _LABEL_SHARE)
    widest = max(text_width(context, field.label) for field in fields) + _CHECKBOX_PIXELS
    columns = min(max(int(width / widest), 1), len(fields))
    grid = column.grid_flow(row_major=True, columns=columns, even_columns=True, align=True)
    grid.use_property_split = False
    for field in fields:
        grid.prop(field.owner, field.name)
    if not is_narrow:
        draw_cost(row, fields[0])
        row.label(icon="BLANK1")  # where others have their dot for keyframes


def draw_cost(row: Any, field: Field) -> None:
    """Draw the icon of what a change costs, with a tooltip that says it."""
    if field.cost:
        icon = COST_ICONS[field.cost]
        row.operator(UNDERSTUDY_OT_cost.bl_idname, text="", icon=icon, emboss=False).cost = field.cost


def row_or_column(layout: Any, context: bpy.types.Context, texts: Sequence[str]) -> Any:
    """Return a row for buttons with these texts, the first with an icon, or a column where they don't fit into one."""
    width = sum(
        text_width(context, translate_label(text, "Operator")) + 2 * _PADDING_PIXELS for text in texts
    )
    fits = width + _ICON_PIXELS <= _content_width(context)
    return layout.row(align=True) if fits else layout.column(align=True)


def _content_width(context: bpy.types.Context) -> float:
    return region_width(context) - _MARGIN_PIXELS


def fits_inside(context: bpy.types.Context, field: Field) -> bool:
    """Tell whether a number has room for its label beside its value within one field."""
    if field.rna.type not in ("INT", "FLOAT"):
        return False
    rna = field.rna
    unit = _UNITS.get(rna.subtype, "")
    digits = 0 if rna.type == "INT" else rna.precision
    number = f"{rna.soft_max:.{digits}f}{unit}"
    width = text_width(context, field.label) + text_width(context, number)
    return width <= _content_width(context) - _ICON_PIXELS - 3 * _PADDING_PIXELS


def _value_width(context: bpy.types.Context, field: Field) -> float:
    if field.rna.type != "ENUM":
        return _TEXT_PIXELS
    labels = [translate_label(item.name) for item in field.rna.enum_items]
    return max(text_width(context, label) for label in labels) + _ARROW_PIXELS
