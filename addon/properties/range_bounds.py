# SPDX-License-Identifier: GPL-3.0-or-later
"""The properties that every range of frames has: its ends, in frames of the clip, and over how many frames it fades."""

from typing import Any

from bpy.props import IntProperty

from ...core.recipe.frame_ranges import MAX_FADE_FRAMES
from .update import tag_update

MAX_FRAME = 10**9 - 1
_SOFT_MAX_FADE_FRAMES = 25
# The stubs say that a property's definition is None; Blender keeps what it returns.
_integer: Any = IntProperty


def make_end_property(name: str, description: str) -> Any:
    """Make the property of the first or the last frame of a range."""
    return _integer(
        name=name, description=description, min=0, max=MAX_FRAME, options=set(), update=tag_update
    )


def make_fade_property(description: str, default: int = 0) -> Any:
    """Make the property of over how many frames a range fades."""
    return _integer(
        name="Fade",
        description=description,
        default=default,
        min=0,
        max=MAX_FADE_FRAMES,
        soft_max=_SOFT_MAX_FADE_FRAMES,
        options=set(),
        update=tag_update,
    )


def ends_of(entry: Any) -> tuple[int, int]:
    """Return the first and the last frame of a range, in order."""
    return min(entry.first, entry.last), max(entry.first, entry.last)
