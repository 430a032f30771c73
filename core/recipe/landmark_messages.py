# SPDX-License-Identifier: GPL-3.0-or-later
"""Corrections of landmarks as plain values for JSON, and back."""

from typing import Any

from ..errors import MessageError
from ..face.landmark_handles import HANDLE_COUNT
from . import messages
from .landmark_edits import (
    MAX_LANDMARK_EDITS,
    MAX_LANDMARK_KEYS,
    PLACE_LENGTH,
    LandmarkEdit,
    LandmarkKey,
    key_from_numbers,
    validate_landmark_edit,
)

_POSE_LENGTH = 4 + 2 * HANDLE_COUNT


def landmark_edit_values(edits: tuple[LandmarkEdit, ...]) -> list[Any]:
    """Return corrections as values for JSON. Floats keep every bit, so keys stay the same."""
    return [
        [edit.first, edit.last, edit.face, edit.fade, [[key.frame, *key.numbers] for key in edit.keys]]
        for edit in edits
    ]


def landmark_edits_from(values: object) -> tuple[LandmarkEdit, ...]:
    """Return what `landmark_edit_values` was given. Raises MessageError, or RecipeError for what can't be done."""
    return messages.listing(values, _edit_from, MAX_LANDMARK_EDITS)


def _edit_from(values: object) -> LandmarkEdit:
    if not isinstance(values, list | tuple) or len(values) != 5:
        raise MessageError("a correction of landmarks has five entries")
    numbers = [messages.frame_number(value) for value in values[:4]]
    keys = messages.listing(values[4], _key_from, MAX_LANDMARK_KEYS)
    return validate_landmark_edit(LandmarkEdit(numbers[0], numbers[1], keys, *numbers[2:]))


def _key_from(values: object) -> LandmarkKey:
    longest = 1 + _POSE_LENGTH + PLACE_LENGTH
    if not isinstance(values, list | tuple) or len(values) not in (1 + _POSE_LENGTH, longest):
        raise MessageError("a key of landmarks has a frame, and a number for whatever is moved")
    frame = messages.frame_number(values[0])
    return key_from_numbers(frame, [messages.number(value) for value in values[1:]])
