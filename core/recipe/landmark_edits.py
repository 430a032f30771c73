# SPDX-License-Identifier: GPL-3.0-or-later
"""Corrections of a face's landmarks by a person: keyed, interpolated between keys, in a range of frames."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ..errors import RecipeError
from ..face.landmark_handles import HANDLE_COUNT
from .frame_ranges import MAX_FADE_FRAMES, Exclusion, FrameRange

MAX_LANDMARK_EDITS = 1024
"""How many one request may have."""
MAX_LANDMARK_KEYS = 1 << 14
"""How many keys one correction may have."""
MAX_SHIFT, MAX_OFFSET, MAX_ROTATION, SCALE_LIMITS = 10.0, 2.0, 180.0, (0.1, 10.0)
"""How far a key may move a face and its handles in heights of the face, rotate it in degrees, and scale it."""
MAX_FACE = 63
MAX_PLACE_PIXELS = 1e5
PLACE_LENGTH = 6
REST: tuple[tuple[float, float], ...] = ((0.0, 0.0),) * HANDLE_COUNT
"""Offsets of handles that are not moved."""


@dataclass(frozen=True)
class LandmarkKey:
    """How a face is moved in one frame. See `move_landmarks` for what the numbers mean.

    Attributes
    ----------
    frame : int
        The frame of the clip, counted from 0.
    shift : tuple of 2 float
        How far the face is moved, in heights of the face along its axes.
    rotation : float
        By how many degrees it is rotated clockwise.
    scale : float
        How many times as large it becomes.
    offsets : tuple of 15 tuples of 2 float
        How far the handles are moved, in the order of `HANDLES`.
    place : tuple of 6 float, or empty
        Where a face is put that was not found: x and y of the eye on the image's left, of the one on its right and of
        the mouth, in pixels of the frame. The other numbers then move that face.
    """

    frame: int
    shift: tuple[float, float] = (0.0, 0.0)
    rotation: float = 0.0
    scale: float = 1.0
    offsets: tuple[tuple[float, float], ...] = REST
    place: tuple[float, ...] = ()

    @property
    def is_neutral(self) -> bool:
        """Whether it moves nothing and places no face."""
        moves_face = any(self.shift) or bool(self.rotation) or self.scale != 1
        return not (self.place or moves_face or any(any(offset) for offset in self.offsets))

    def mix(self, other: "LandmarkKey", share: float) -> "LandmarkKey":
        """Return the key that is `share` of the way from this one to another, 0 to 1, with this one's frame."""
        numbers = [one + share * (two - one) for one, two in zip(self.numbers, other.numbers, strict=True)]
        return key_from_numbers(self.frame, numbers)

    @property
    def numbers(self) -> tuple[float, ...]:
        """All its numbers: shift, rotation, scale, the handles' offsets and, where there is one, the place."""
        moves = [value for offset in self.offsets for value in offset]
        return (*self.shift, self.rotation, self.scale, *moves, *self.place)


@dataclass(frozen=True)
class LandmarkEdit(FrameRange):
    """A correction of one face's landmarks in a range of frames.

    Attributes
    ----------
    keys : tuple of LandmarkKey
        At least one, by ascending frames. Between two keys the face goes straight from one to the other; before the
        first and after the last it stays as these have it.
    face : int
        Which of the faces that are replaced in a frame, counted from the left from 0. Placed faces are none of these.
    fade : int
        Over how many frames before and after the range the correction eases in and out; 0 switches.
    """

    keys: tuple[LandmarkKey, ...]
    face: int = 0
    fade: int = 0

    @property
    def places_face(self) -> bool:
        """Whether it puts a face where none was found."""
        return bool(self.keys[0].place)

    def pose(self, number: int) -> LandmarkKey:
        """Return how the face is moved in a frame of the range, as if it had a key there."""
        before = [key for key in self.keys if key.frame <= number]
        after = [key for key in self.keys if key.frame > number]
        if not (before and after):
            return replace((before or after)[-1 if before else 0], frame=number)
        start, end = before[-1], after[0]
        mixed = start.mix(end, (number - start.frame) / (end.frame - start.frame))
        return replace(mixed, frame=number)

    def in_frame(self, number: int) -> "LandmarkEdit | None":
        """Return what is left of the correction in one frame; None where it moves nothing there.

        Parameters
        ----------
        number : int
            The frame of the clip, counted from 0.

        Returns
        -------
        LandmarkEdit or None
            A correction of this frame alone, with one key: as others are keyed elsewhere it stays equal.
        """
        left = Exclusion(self.first, self.last, self.fade).visibility(number)
        if left >= 1:
            return None
        key = self.pose(number)
        if left > 0:
            key = key.mix(LandmarkKey(number, place=key.place), left)
        return None if key.is_neutral else LandmarkEdit(number, number, (key,), self.face)


def landmark_edits_in_frame(edits: Sequence[LandmarkEdit], number: int) -> tuple[LandmarkEdit, ...]:
    """Return what several corrections do in one frame, in their order, see `LandmarkEdit.in_frame`."""
    asked = (edit.in_frame(number) for edit in edits)
    return tuple(edit for edit in asked if edit is not None)


def validate_landmark_edit(edit: LandmarkEdit) -> LandmarkEdit:
    """Return a correction that is in order. RecipeError says what is not."""
    edit.require_order()
    if not 0 <= edit.face <= MAX_FACE:
        raise RecipeError(f"there is no face {edit.face}: give 0 to {MAX_FACE}")
    if not 1 <= len(edit.keys) <= MAX_LANDMARK_KEYS:
        raise RecipeError(f"{len(edit.keys)} keys are not possible: give 1 to {MAX_LANDMARK_KEYS}")
    if any(one.frame >= two.frame for one, two in pairwise(edit.keys)):
        raise RecipeError("keys must be by ascending frames, no two in one frame")
    if any(bool(key.place) != edit.places_face for key in edit.keys):
        raise RecipeError("either every key places the face or none does")
    if not 0 <= edit.fade <= (0 if edit.places_face else MAX_FADE_FRAMES):
        limit = "a placed face has none" if edit.places_face else f"give 0 to {MAX_FADE_FRAMES}"
        raise RecipeError(f"a fade of {edit.fade} frames is not possible: {limit}")
    for key in edit.keys:
        _validate_key(key)
    return edit


def _validate_key(key: LandmarkKey) -> None:
    limits = (
        ("shift", key.shift, -MAX_SHIFT, MAX_SHIFT, (2,)),
        ("rotation", (key.rotation,), -MAX_ROTATION, MAX_ROTATION, (1,)),
        ("scale", (key.scale,), *SCALE_LIMITS, (1,)),
        (
            "handles",
            [move for pair in key.offsets for move in pair],
            -MAX_OFFSET,
            MAX_OFFSET,
            (2 * HANDLE_COUNT,),
        ),
        ("place", key.place, -MAX_PLACE_PIXELS, MAX_PLACE_PIXELS, (0, PLACE_LENGTH)),
    )
    if key.frame < 0:
        raise RecipeError(f"there is no frame {key.frame}: frames are counted from 0")
    for name, values, low, high, lengths in limits:
        if len(values) not in lengths:
            raise RecipeError(f"{name} has {len(values)} numbers in the key of frame {key.frame}")
        if not all(math.isfinite(value) and low <= value <= high for value in values):
            raise RecipeError(f"{name} must be from {low:g} to {high:g} in the key of frame {key.frame}")


def key_from_numbers(frame: int, numbers: Sequence[float]) -> LandmarkKey:
    """Return the key of a frame from its `numbers`: 34, or 40 where it places a face."""
    values = [float(value) for value in numbers]  # keys have their text: 1 is written 1.0
    moves, place = values[4 : 4 + 2 * HANDLE_COUNT], tuple(values[4 + 2 * HANDLE_COUNT :])
    offsets = tuple(zip(moves[::2], moves[1::2], strict=True))
    return LandmarkKey(frame, (values[0], values[1]), values[2], values[3], offsets, place)
