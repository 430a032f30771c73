# SPDX-License-Identifier: GPL-3.0-or-later
"""The masks that a modifier uses: Blender's mask data-blocks, how they are used, and what is in them by value."""

from itertools import islice
from typing import Any, cast

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, PointerProperty, StringProperty
from bpy.types import PropertyGroup

from ...core.recipe.roto import MAX_MASKS
from .plain_value import plain_value
from .range_bounds import MAX_FRAME
from .update import tag_update

SUBTRACT, ADD = "SUBTRACT", "ADD"
MASK_MODES = (
    (SUBTRACT, "Subtract", "Show the original where the mask is: hands, hair or things before the face"),
    (ADD, "Add", "Show the new face where the mask is, as far as the swapper draws it"),
)
MASK_FOLLOWS = (
    ("SIMILARITY", "Position, Rotation and Scale", "Move, turn and scale the mask with the face"),
    ("SURFACE", "Surface", "Move each point of the mask with the part of the face below it"),
    ("POSITION", "Position", "Move the mask with the face"),
    ("NONE", "None", "Leave the mask where it is drawn"),
)
_pointer: Any = PointerProperty


def _on_mask_change(entry: Any, context: Any) -> None:
    """Show what is in the mask that was chosen: what was in the one before is no longer its content."""
    entry.record, entry.is_too_large = "", False
    tag_update(entry, context)


class UNDERSTUDY_PG_mask(PropertyGroup):
    """A mask of a modifier. Its frames are the clip's own, shifted by `start`: edits of the strip move it along."""

    mask: _pointer(  # type: ignore[valid-type]
        type=bpy.types.Mask,
        name="Mask",
        description="The mask: draw it in the preview, or edit it in the Image editor or the Movie Clip editor",
        update=_on_mask_change,
    )
    mode: EnumProperty(  # type: ignore[valid-type]
        name="Mode",
        description="What is shown where the mask is",
        items=MASK_MODES,
        options=set(),
        update=tag_update,
    )
    follow: EnumProperty(  # type: ignore[valid-type]
        name="Follow",
        description="What of the face's movement the mask takes",
        items=MASK_FOLLOWS,
        options=set(),
        update=tag_update,
    )
    feather: FloatProperty(  # type: ignore[valid-type]
        name="Feather",
        description="How much wider the soft edge is than drawn, of the frame's longer side",
        min=0.0,
        max=100.0,
        soft_max=10.0,
        subtype="PERCENTAGE",
        options=set(),
        update=tag_update,
    )
    start: IntProperty(  # type: ignore[valid-type]
        name="Start",
        description="Frame of the mask's keyframes at which the clip's first frame is",
        min=-MAX_FRAME,
        max=MAX_FRAME,
        options=set(),
        update=_on_mask_change,
    )
    frame: IntProperty(options={"HIDDEN"})  # type: ignore[valid-type]
    record: StringProperty(options={"HIDDEN"})  # type: ignore[valid-type]
    is_too_large: BoolProperty(options={"HIDDEN"})  # type: ignore[valid-type]


def mask_entries(modifier: Any) -> list[Any]:
    """List a modifier's masks; of more than there may be the first ones count."""
    return list(islice(modifier.masks, MAX_MASKS))


def roto_of(modifier: Any) -> str:
    """Return a modifier's masks by value, as `SwapRequest.roto` has them; empty where nothing is drawn."""
    parts = [
        f'{{"mode": "{entry.mode.lower()}", "follow": "{entry.follow.lower()}", '
        f'"feather": {cast("float", plain_value(entry.feather / 100))!r}, "layers": {entry.record}}}'
        for entry in mask_entries(modifier)
        if entry.record
    ]
    return f'{{"masks": [{", ".join(parts)}]}}' if parts else ""
