# SPDX-License-Identifier: GPL-3.0-or-later
"""The ranges of frames in which a modifier leaves the original face."""

from itertools import islice
from typing import Any

from bpy.props import IntProperty
from bpy.types import PropertyGroup

from ...core.recipe.exclusion import MAX_EXCLUSIONS, MAX_FADE_FRAMES, Exclusion
from .update import tag_update

_MAX_FRAME = 10**9 - 1
_DEFAULT_FADE_FRAMES = 4


class UNDERSTUDY_PG_exclusion(PropertyGroup):
    """A range of frames that keep the original face, in the clip's own frames: edits of the strip move it along."""

    first: IntProperty(  # type: ignore[valid-type]
        name="First",
        description="First frame of the clip that keeps the original face, counted from 0",
        min=0,
        max=_MAX_FRAME,
        options=set(),
        update=tag_update,
    )
    last: IntProperty(  # type: ignore[valid-type]
        name="Last",
        description="Last frame of the clip that keeps the original face",
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
    """Return a modifier's ranges, each with its ends in order; of more than there may be the first ones."""
    return tuple(
        Exclusion(min(entry.first, entry.last), max(entry.first, entry.last), entry.fade)
        for entry in islice(modifier.exclusions, MAX_EXCLUSIONS)
    )
