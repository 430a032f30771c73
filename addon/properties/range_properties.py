# SPDX-License-Identifier: GPL-3.0-or-later
"""The ranges of frames that a modifier mends: with the original face, with held points, or detected otherwise."""

from itertools import islice
from typing import Any

from bpy.props import EnumProperty, IntProperty
from bpy.types import PropertyGroup

from ...core.recipe.frame_ranges import MAX_FADE_FRAMES, MAX_RANGES, Exclusion, Hold
from ...core.recipe.redetection import Redetection, make_redetection
from .redetection_properties import RedetectionProperties, redetection_settings
from .update import tag_update

EXCLUDE, HOLD, REDETECT = "EXCLUDE", "HOLD", "REDETECT"
RANGE_KINDS = (
    (EXCLUDE, "Exclude", "Leave the original face; the new face eases out and in around the range"),
    (HOLD, "Hold", "Carry the face's points from the frame before the range to the frame after it"),
    (REDETECT, "Detect Again", "Look for faces with other settings in these frames"),
)
_MAX_FRAME = 10**9 - 1
_DEFAULT_FADE_FRAMES = 4


class UNDERSTUDY_PG_range(RedetectionProperties, PropertyGroup):
    """A range of the clip's own frames: edits of the strip move it along."""

    kind: EnumProperty(  # type: ignore[valid-type]
        name="Kind",
        description="What is done in these frames",
        items=RANGE_KINDS,
        options=set(),
        update=tag_update,
    )
    first: IntProperty(  # type: ignore[valid-type]
        name="First",
        description="First frame of the clip that is in the range, counted from 0",
        min=0,
        max=_MAX_FRAME,
        options=set(),
        update=tag_update,
    )
    last: IntProperty(  # type: ignore[valid-type]
        name="Last",
        description="Last frame of the clip that is in the range",
        min=0,
        max=_MAX_FRAME,
        options=set(),
        update=tag_update,
    )
    fade: IntProperty(  # type: ignore[valid-type]
        name="Fade",
        description="Over how many frames before and after the range the new face eases out and in",
        default=_DEFAULT_FADE_FRAMES,
        min=0,
        max=MAX_FADE_FRAMES,
        soft_max=25,
        options=set(),
        update=tag_update,
    )


def exclusions_of(modifier: Any) -> tuple[Exclusion, ...]:
    """Return the ranges that keep the original face, each with its ends in order."""
    return tuple(Exclusion(*_ends(entry), entry.fade) for entry in _ranges(modifier, EXCLUDE))


def holds_of(modifier: Any) -> tuple[Hold, ...]:
    """Return the ranges whose points are held, each with its ends in order."""
    return tuple(Hold(*_ends(entry)) for entry in _ranges(modifier, HOLD))


def redetections_of(modifier: Any) -> tuple[Redetection, ...]:
    """Return the ranges in which faces are looked for with other settings, each with its ends in order."""
    entries = ((entry, redetection_settings(entry)) for entry in _ranges(modifier, REDETECT))
    return tuple(make_redetection(*_ends(entry), settings) for entry, settings in entries if settings)


def range_spans(modifier: Any, kind: str) -> list[tuple[int, int]]:
    """List the ends of a modifier's ranges of a kind, both included and in order."""
    return [_ends(entry) for entry in _ranges(modifier, kind)]


def _ranges(modifier: Any, kind: str) -> list[Any]:
    """List a modifier's ranges of a kind; of more than there may be the first ones count."""
    return [entry for entry in islice(modifier.ranges, MAX_RANGES) if entry.kind == kind]


def _ends(entry: Any) -> tuple[int, int]:
    return min(entry.first, entry.last), max(entry.first, entry.last)
