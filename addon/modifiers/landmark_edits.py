# SPDX-License-Identifier: GPL-3.0-or-later
"""Corrections of landmarks on a modifier: find, key, remove. Frames are the clip's. Scripts may call these as well."""

from dataclasses import replace
from itertools import islice
from typing import Any

from ...core.errors import RecipeError
from ...core.recipe.landmark_edits import MAX_LANDMARK_EDITS, MAX_LANDMARK_KEYS, LandmarkKey
from ..properties.landmark_properties import landmark_edit_of, write_landmark_key
from ..properties.update import tag_update


def edit_index_at(modifier: Any, number: int, face: int | None) -> int:
    """Return the place of the last correction of a face in a frame, -1 for none; a face that is placed is None."""
    places = [
        place
        for place, entry in enumerate(islice(modifier.landmark_edits, MAX_LANDMARK_EDITS))
        if entry.first <= number <= entry.last
        and entry.places_face == (face is None)
        and face in (None, entry.face)
        and len(entry.keys)
    ]
    return places[-1] if places else -1


def add_edit(modifier: Any, key: LandmarkKey, face: int | None) -> int:
    """Add a correction of one frame and return its place; `face` is None where the key places one. RecipeError."""
    if len(modifier.landmark_edits) >= MAX_LANDMARK_EDITS:
        raise RecipeError(f"{modifier.name} has {MAX_LANDMARK_EDITS} corrections already: remove some")
    entry = modifier.landmark_edits.add()
    entry.first = entry.last = key.frame
    entry.places_face, entry.face = face is None, face or 0
    write_landmark_key(entry.keys.add(), key)
    tag_update(modifier, None)
    return len(modifier.landmark_edits) - 1


def set_key(modifier: Any, place: int, key: LandmarkKey) -> None:
    """Set the key of a correction in a frame; one that the frame has is replaced. RecipeError for too many."""
    entry = modifier.landmark_edits[place]
    known = next((one for one in entry.keys if one.frame == key.frame), None)
    if known is None:
        if len(entry.keys) >= MAX_LANDMARK_KEYS:
            raise RecipeError(f"this correction has {MAX_LANDMARK_KEYS} keys already: remove some")
        known = entry.keys.add()
    write_landmark_key(known, key)
    tag_update(modifier, None)


def insert_key(modifier: Any, place: int, number: int) -> None:
    """Give a correction a key in a frame as it is there; the range grows to that frame. RecipeError for too many."""
    entry = modifier.landmark_edits[place]
    edit = landmark_edit_of(entry)
    if edit is None:
        return
    entry.first, entry.last = min(edit.first, number), max(edit.last, number)
    set_key(modifier, place, replace(edit.pose(number), frame=number))


def remove_key(modifier: Any, place: int, number: int) -> bool:
    """Remove the key of a correction in a frame; False where it has none there, or no other."""
    entry = modifier.landmark_edits[place]
    known = [at for at, one in enumerate(entry.keys) if one.frame == number]
    if not known or len(entry.keys) == 1:
        return False
    entry.keys.remove(known[0])
    tag_update(modifier, None)
    return True


def remove_edit(modifier: Any, place: int) -> None:
    """Remove a correction."""
    modifier.landmark_edits.remove(place)
    tag_update(modifier, None)
