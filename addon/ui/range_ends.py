# SPDX-License-Identifier: GPL-3.0-or-later
"""Where ranges of a list are: a button that goes there, and their ends with a button for the current frame."""

from dataclasses import dataclass
from typing import Any

import bpy

from ..modifiers.active import active_scene, active_strip
from ..prepare.source_frames import VisibleFrames, visible_frames
from ..properties.range_bounds import ends_of
from .fields import Field, row_or_column

_ENDS = (("first", "FIRST", "TRIA_RIGHT_BAR"), ("last", "LAST", "TRIA_LEFT_BAR"))
_WIDEST_NUMBER = " 000000"


@dataclass(frozen=True, eq=False)
class ClipView:
    """What is seen of the active strip's clip.

    Attributes
    ----------
    visible : VisibleFrames
        Where in the timeline its frames are.
    current : int
        The frame of the timeline that is seen.
    """

    visible: VisibleFrames
    current: int

    @property
    def number(self) -> int | None:
        """The frame of the clip that is seen now, None where none is."""
        return self.visible.by_frame.get(self.current)

    def shows(self, first: int, last: int) -> bool:
        """Tell whether one of the clip's frames `first` to `last` is seen now."""
        number = self.number
        return number is not None and first <= number <= last

    def span_text(self, first: int, last: int) -> str:
        """Return where frames are in the timeline, then which they are of the clip: "101-113 (clip 74-86)"."""
        span = self.visible.span(first, last)
        place = "not visible" if span is None else _frames_text(*span)
        return f"{place} (clip {_frames_text(first, last)})"


def clip_view(context: bpy.types.Context) -> ClipView:
    """Return what is seen of the active strip's clip, of none where there is no strip."""
    scene, strip = active_scene(context), active_strip(context)
    visible = VisibleFrames({}) if strip is None else visible_frames(scene, strip)
    return ClipView(visible, scene.frame_current)


def _frames_text(first: int, last: int) -> str:
    return f"{first}" if first == last else f"{first}-{last}"


def draw_go_button(row: Any, operator: str, index: int, entry: Any, view: ClipView, title: str = "") -> None:
    """Draw a button with an entry's frames that goes there; it is pressed where one of them is seen."""
    ends = ends_of(entry)
    text = f"{title} {view.span_text(*ends)}".lstrip()
    row.operator(operator, text=text, translate=False, depress=view.shows(*ends)).index = index


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
