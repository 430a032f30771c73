# SPDX-License-Identifier: GPL-3.0-or-later
"""The ranges of frames that a modifier mends: with the original face, held points, other detection, or by none."""

from itertools import islice
from typing import Any

from bpy.props import EnumProperty
from bpy.types import PropertyGroup

from ...core.recipe.frame_ranges import MAX_RANGES, Dismissal, Exclusion, Hold
from ...core.recipe.redetection import Redetection, make_redetection
from .range_bounds import ends_of, make_end_property, make_fade_property
from .redetection_properties import RedetectionProperties, redetection_settings
from .update import tag_update

EXCLUDE, HOLD, REDETECT, DISMISS = "EXCLUDE", "HOLD", "REDETECT", "DISMISS"
RANGE_KINDS = (
    (EXCLUDE, "Exclude", "Leave the original face; the new face eases out and in around the range"),
    (HOLD, "Hold", "Carry the face's points from the frame before the range to the frame after it"),
    (REDETECT, "Detect Again", "Look for faces with other settings in these frames"),
    (DISMISS, "Dismiss", "Count no problem in these frames; their images stay as they are"),
)
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
    first: make_end_property("First", "First frame of the clip that is in the range, counted from 0")  # type: ignore[valid-type]
    last: make_end_property("Last", "Last frame of the clip that is in the range")  # type: ignore[valid-type]
    fade: make_fade_property(  # type: ignore[valid-type]
        "Over how many frames before and after the range the new face eases out and in", _DEFAULT_FADE_FRAMES
    )


def exclusions_of(modifier: Any) -> tuple[Exclusion, ...]:
    """Return the ranges that keep the original face, each with its ends in order."""
    return tuple(Exclusion(*ends_of(entry), entry.fade) for entry in _ranges(modifier, EXCLUDE))


def holds_of(modifier: Any) -> tuple[Hold, ...]:
    """Return the ranges whose points are held, each with its ends in order."""
    return tuple(Hold(*ends_of(entry)) for entry in _ranges(modifier, HOLD))


def dismissals_of(modifier: Any) -> tuple[Dismissal, ...]:
    """Return the ranges that a person finds good, each with its ends in order."""
    return tuple(Dismissal(*ends_of(entry)) for entry in _ranges(modifier, DISMISS))


def redetections_of(modifier: Any) -> tuple[Redetection, ...]:
    """Return the ranges in which faces are looked for with other settings, each with its ends in order."""
    entries = ((entry, redetection_settings(entry)) for entry in _ranges(modifier, REDETECT))
    return tuple(make_redetection(*ends_of(entry), settings) for entry, settings in entries if settings)


def range_spans(modifier: Any, kind: str) -> list[tuple[int, int]]:
    """List the ends of a modifier's ranges of a kind, both included and in order."""
    return [ends_of(entry) for entry in _ranges(modifier, kind)]


def _ranges(modifier: Any, kind: str) -> list[Any]:
    """List a modifier's ranges of a kind; of more than there may be the first ones count."""
    return [entry for entry in islice(modifier.ranges, MAX_RANGES) if entry.kind == kind]
