# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranges of frames in which faces are looked for with other settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

from ..cache.base.key import Scalar
from ..errors import RecipeError
from .frame_ranges import FrameRange
from .parameter import validate_value
from .settings import Recipe, find_parameter, with_value

REDETECTION_SETTINGS = (
    "detect.score",
    "detect.detector",
    "detect.angles",
    "detect.margin",
    "landmark.score",
    "landmark.landmarker",
)
"""The parameters that a range may have of its own: how faces are found in a frame."""


@dataclass(frozen=True)
class Redetection(FrameRange):
    """A range of frames in which faces are looked for with other settings, in each frame anew.

    Attributes
    ----------
    settings : tuple of (str, Scalar)
        Parameters of `REDETECTION_SETTINGS` by their paths, and what they are there, in the order of that tuple.
    """

    settings: tuple[tuple[str, Scalar], ...]


@dataclass(frozen=True)
class RangeRecipe(Recipe):
    """A recipe whose analysis is another one in a range of frames; see `Recipe.in_frame`.

    Its own values are those of the frames around the range.

    Attributes
    ----------
    redetection : Redetection
        The range.
    """

    redetection: Redetection = field(default=Redetection(0, 0, ()), kw_only=True)

    @cached_property
    def within(self) -> Recipe:
        """The recipe that holds in the range. RecipeError where the range has a value that can't be."""
        within = self.around
        for path, value in self.redetection.settings:
            within = with_value(within, path, value)
        # Followed faces would lead back to frames before the range.
        return replace(within, detect=replace(within.detect, every=1))

    def in_frame(self, number: int) -> Recipe:
        """Return the recipe by which a frame is analysed."""
        return self.within if number in self.redetection else self.around

    @property
    def around(self) -> Recipe:
        """The recipe without the range."""
        return Recipe(**_groups(self))

    def for_analysis(self) -> Recipe:
        """Return the recipe with its range, and with what is no part of the analysis at its defaults."""
        return with_redetection(self.around.for_analysis(), self.redetection)


def with_redetection(recipe: Recipe, redetection: Redetection) -> RangeRecipe:
    """Return a recipe with a range in which faces are looked for otherwise."""
    return RangeRecipe(**_groups(recipe), redetection=redetection)


def _groups(recipe: Recipe) -> dict[str, Any]:
    return {group.name: getattr(recipe, group.name) for group in fields(Recipe)}


def make_redetection(first: int, last: int, settings: Mapping[str, Scalar]) -> Redetection:
    """Return a range with checked values.

    Parameters
    ----------
    first, last : int
        Its ends, both included, counted from 0.
    settings : mapping of str to Scalar
        What is other there, by the parameters' paths; values may be texts.

    Returns
    -------
    Redetection
        The range.

    Raises
    ------
    RecipeError
        The ends are in no order, a parameter is none of `REDETECTION_SETTINGS` or may not have its value, or there is
        none.
    """
    FrameRange(first, last).require_order()
    for path in settings:
        if path not in REDETECTION_SETTINGS:
            raise RecipeError(f"{path} can't be set for a range: only {', '.join(REDETECTION_SETTINGS)} can")
    if not settings:
        raise RecipeError(f"nothing is set for the range: give one of {', '.join(REDETECTION_SETTINGS)}")
    checked = tuple(
        (path, validate_value(find_parameter(path), settings[path]))
        for path in REDETECTION_SETTINGS
        if path in settings
    )
    return Redetection(first, last, checked)


def require_same_points(recipe: Recipe, number: int) -> None:
    """Raise RecipeError where a frame's landmarks are of another kind than those of the frames around its range."""
    landmarker = recipe.in_frame(number).landmark
    if landmarker.finds_mesh != recipe.landmark.finds_mesh:
        raise RecipeError(
            f"landmarker {landmarker.landmarker} can't be used for a range: its points are not those that "
            f"{recipe.landmark.landmarker} finds around it; choose another one for the range"
        )
