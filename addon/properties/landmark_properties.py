# SPDX-License-Identifier: GPL-3.0-or-later
"""The corrections of landmarks that a modifier has: ranges of the clip's frames, each with keys."""

from itertools import islice
from typing import Any

from bpy.props import BoolProperty, CollectionProperty, FloatProperty, FloatVectorProperty, IntProperty
from bpy.types import PropertyGroup

from ...core.errors import RecipeError
from ...core.face.landmark_handles import HANDLE_COUNT
from ...core.recipe.landmark_edits import (
    MAX_FACE,
    MAX_LANDMARK_EDITS,
    MAX_LANDMARK_KEYS,
    PLACE_LENGTH,
    LandmarkEdit,
    LandmarkKey,
    key_from_numbers,
    validate_landmark_edit,
)
from .range_bounds import MAX_FRAME, ends_of, make_end_property, make_fade_property


class UNDERSTUDY_PG_landmark_key(PropertyGroup):
    """How a face is moved in one frame of the clip, see `LandmarkKey`. What is set here is tagged by who sets it."""

    frame: IntProperty(min=0, max=MAX_FRAME, options={"HIDDEN"})  # type: ignore[valid-type]
    shift: FloatVectorProperty(size=2, options={"HIDDEN"})  # type: ignore[valid-type]
    rotation: FloatProperty(options={"HIDDEN"})  # type: ignore[valid-type]
    scale: FloatProperty(default=1.0, options={"HIDDEN"})  # type: ignore[valid-type]
    offsets: FloatVectorProperty(size=2 * HANDLE_COUNT, options={"HIDDEN"})  # type: ignore[valid-type]
    place: FloatVectorProperty(size=PLACE_LENGTH, options={"HIDDEN"})  # type: ignore[valid-type]


class UNDERSTUDY_PG_landmark_edit(PropertyGroup):
    """A correction of a face's landmarks in a range of the clip's own frames: edits of the strip move it along."""

    first: make_end_property("First", "First frame of the clip that is corrected, counted from 0")  # type: ignore[valid-type]
    last: make_end_property("Last", "Last frame of the clip that is corrected")  # type: ignore[valid-type]
    fade: make_fade_property(  # type: ignore[valid-type]
        "Over how many frames before and after the range the correction eases in and out"
    )
    face: IntProperty(min=0, max=MAX_FACE, options={"HIDDEN"})  # type: ignore[valid-type]
    places_face: BoolProperty(options={"HIDDEN"})  # type: ignore[valid-type]
    keys: CollectionProperty(type=UNDERSTUDY_PG_landmark_key)  # type: ignore[valid-type]


def landmark_edits_of(modifier: Any) -> tuple[LandmarkEdit, ...]:
    """Return a modifier's corrections of landmarks; of more than there may be the first ones count."""
    return tuple(edit for edit in landmark_edits_by_place(modifier) if edit is not None)


def landmark_edits_by_place(modifier: Any) -> list[LandmarkEdit | None]:
    """Return the same, each at its place in the modifier's list; see `landmark_edit_of`."""
    return [landmark_edit_of(entry) for entry in islice(modifier.landmark_edits, MAX_LANDMARK_EDITS)]


def landmark_edit_of(entry: Any) -> LandmarkEdit | None:
    """Return a correction; None where a file holds one that Understudy never writes."""
    keys = {
        key.frame: landmark_key_of(key, places_face=entry.places_face)
        for key in islice(entry.keys, MAX_LANDMARK_KEYS)
    }
    fade = 0 if entry.places_face else entry.fade
    try:
        return validate_landmark_edit(
            LandmarkEdit(*ends_of(entry), tuple(keys[frame] for frame in sorted(keys)), entry.face, fade)
        )
    except RecipeError:
        return None


def landmark_key_of(key: Any, *, places_face: bool) -> LandmarkKey:
    """Return a key."""
    place = tuple(key.place) if places_face else ()
    return key_from_numbers(key.frame, (*key.shift, key.rotation, key.scale, *key.offsets, *place))


def write_landmark_key(key: Any, value: LandmarkKey) -> None:
    """Set all of a key."""
    key.frame, key.shift, key.rotation, key.scale = value.frame, value.shift, value.rotation, value.scale
    key.offsets = [move for offset in value.offsets for move in offset]
    if value.place:
        key.place = value.place


CLASSES: tuple[Any, ...] = (UNDERSTUDY_PG_landmark_key, UNDERSTUDY_PG_landmark_edit)
