# SPDX-License-Identifier: GPL-3.0-or-later
"""The first and the last frame of a range in a list, each with a button that sets it to the current frame."""

from typing import Any

import bpy

from .fields import Field, row_or_column

_ENDS = (("first", "FIRST", "TRIA_RIGHT_BAR"), ("last", "LAST", "TRIA_LEFT_BAR"))
_WIDEST_NUMBER = " 000000"


def draw_ends(column: Any, context: bpy.types.Context, entry: Any, operator: str, index: int) -> None:
    """Draw both ends of an entry side by side where they fit, else below each other.

    Parameters
    ----------
    column : UILayout
        Where they are drawn.
    context : Context
        The context.
    entry : PropertyGroup
        What has the properties `first` and `last`.
    operator : str
        The operator that sets an end, with the properties `index` and `end`.
    index : int
        Which entry of its list this is, counted from 0.
    """
    labels = [Field(entry, name).label + _WIDEST_NUMBER for name, _, _ in _ENDS]
    both = row_or_column(column, context, (*labels, "", ""))
    for name, end, icon in _ENDS:
        row = both.row(align=True)
        row.prop(entry, name)
        setter = row.operator(operator, text="", icon=icon)
        setter.index, setter.end = index, end
