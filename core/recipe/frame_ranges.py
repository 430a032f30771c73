# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranges of frames that a person repairs: those that keep the original face, those whose points are held."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from ..errors import RecipeError

MAX_FADE_FRAMES = 1000
MAX_RANGES = 4096
"""How many one request may have."""


@dataclass(frozen=True)
class FrameRange:
    """Frames of a clip that follow each other.

    Attributes
    ----------
    first : int
        The first of the frames, counted from 0 from the clip's beginning, whatever a strip is trimmed to.
    last : int
        The last of them, itself included.
    """

    first: int
    last: int

    def __contains__(self, number: int) -> bool:
        return self.first <= number <= self.last

    def require_order(self) -> Self:
        """Return the range. Raises RecipeError unless it has its ends in order, none before frame 0."""
        if not 0 <= self.first <= self.last:
            raise RecipeError(
                f"frames {self.first} to {self.last} are no range: give the first frame, then the last one"
            )
        return self


@dataclass(frozen=True)
class Exclusion(FrameRange):
    """A range of frames in which a face is not replaced.

    Attributes
    ----------
    fade : int
        Over how many frames before and after the range the new face eases out and in; 0 switches.
    """

    fade: int = 0

    def visibility(self, number: int) -> float:
        """Return how much of the new face is left in a frame.

        Parameters
        ----------
        number : int
            The frame, counted from 0.

        Returns
        -------
        float
            0 within the range, 1 beyond its fade, and between a smooth ramp without a kink at either end.
        """
        distance = max(self.first - number, number - self.last, 0)
        if distance > self.fade:
            return 1.0
        share = distance / (self.fade + 1)
        return share * share * (3 - 2 * share)


@dataclass(frozen=True)
class Hold(FrameRange):
    """A range of frames whose points are carried from the frame before it to the frame after it."""


@dataclass(frozen=True)
class Dismissal(FrameRange):
    """A range of frames that a person looked at and finds good: a scan flags none of them, and nothing else changes."""


def visibility_at(exclusions: Iterable[Exclusion], number: int) -> float:
    """Return how much of a new face several ranges leave in a frame, 0 to 1: where they overlap, the least."""
    return min((exclusion.visibility(number) for exclusion in exclusions), default=1.0)


def validate_exclusion(exclusion: Exclusion) -> Exclusion:
    """Return a range that has its ends in order, none before frame 0. Raises RecipeError."""
    exclusion.require_order()
    if not 0 <= exclusion.fade <= MAX_FADE_FRAMES:
        raise RecipeError(f"a fade of {exclusion.fade} frames is not possible: give 0 to {MAX_FADE_FRAMES}")
    return exclusion
