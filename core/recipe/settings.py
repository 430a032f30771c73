# SPDX-License-Identifier: GPL-3.0-or-later
"""All parameters together: listing them, finding one by its path, changing a recipe, and the inputs of a key."""

from collections.abc import Iterator, Mapping
from dataclasses import Field as DataclassField
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from functools import cache
from typing import Any, cast

from ..cache.base.key import Scalar
from ..errors import RecipeError
from .analysis import Detect, Embed, Landmark, Occlude
from .fusion import Fusion
from .parameter import Cost, Parameter, validate_value
from .swap import Enhance, Select, Swap


@dataclass(frozen=True)
class Recipe:
    """Everything an editor can set on one Face Swap modifier, by stage; a new one has the defaults.

    Change it with `with_settings` or `with_value`, which check the values. `parameters` lists what there is.

    Attributes
    ----------
    detect : Detect
        How faces are found.
    landmark : Landmark
        How their landmarks are found and stabilised.
    embed : Embed
        How people are told apart.
    occlude : Occlude
        What in front of a face stays.
    select : Select
        Which faces are replaced.
    swap : Swap
        How the new face is made.
    enhance : Enhance
        How the new face is restored.
    fusion : Fusion
        How it is blended into the frame.
    """

    detect: Detect = field(default_factory=Detect)
    landmark: Landmark = field(default_factory=Landmark)
    embed: Embed = field(default_factory=Embed)
    occlude: Occlude = field(default_factory=Occlude)
    select: Select = field(default_factory=Select)
    swap: Swap = field(default_factory=Swap)
    enhance: Enhance = field(default_factory=Enhance)
    fusion: Fusion = field(default_factory=Fusion)

    def in_frame(self, number: int) -> "Recipe":  # noqa: ARG002 - in a range that has its own it matters
        """Return the recipe by which a frame of the clip is analysed: another one in a range that has its own.

        Parameters
        ----------
        number : int
            The frame of the clip, counted from 0.

        Returns
        -------
        Recipe
            Its stages up to the embeddings hold in this frame.
        """
        return self

    @property
    def around(self) -> "Recipe":
        """The recipe of the frames around a range that has its own."""
        return self

    def for_analysis(self) -> "Recipe":
        """Return the recipe with what is no part of the analysis at its defaults.

        Returns
        -------
        Recipe
            It has the same analysis.
        """
        return Recipe(detect=self.detect, landmark=self.landmark, embed=self.embed)


_COSTS: Mapping[str, Cost] = {
    "detect": "re-analyse",
    "landmark": "re-analyse",
    "embed": "re-analyse",
    "occlude": "re-analyse",
    "select": "re-swap",
    "swap": "re-swap",
    "enhance": "re-swap",
    "fusion": "instant",
}


def _parameter(group: str, entry: "DataclassField[Any]") -> Parameter:
    about = entry.metadata
    return Parameter(
        group=group,
        name=entry.name,
        kind=type(entry.default),
        default=cast("Scalar", entry.default),
        initial=about.get("initial", cast("Scalar", entry.default)),
        label=about["label"],
        text=about["text"],
        low=about.get("low"),
        high=about.get("high"),
        soft_high=about.get("soft_high"),
        unit=about.get("unit", ""),
        choices=about.get("choices", ()),
        cost=about.get("cost", _COSTS[group]),
    )


def parameters() -> Iterator[Parameter]:
    """List every parameter, stage by stage, in the order the UI shows them.

    Yields
    ------
    Parameter
        What is known of one parameter.
    """
    for group in fields(Recipe):
        for entry in fields(getattr(Recipe(), group.name)):
            yield _parameter(group.name, entry)


def initial_recipe() -> Recipe:
    """Return what a new Face Swap modifier and the command line begin with.

    A plain `Recipe` has each parameter's default: what was saved before there was a parameter is read as that, and
    keeps its pixels. Where something newer is better, this has it.
    """
    recipe = Recipe()
    for parameter in parameters():
        recipe = with_value(recipe, parameter.path, parameter.initial)
    return recipe


def find_parameter(path: str) -> Parameter:
    """Return the parameter of a path such as `fusion.blend`. RecipeError lists what there is."""
    known = _parameters_by_path()
    if path not in known:
        near = [name for name in known if name.split(".")[1] == path.rsplit(".", maxsplit=1)[-1]]
        near += get_close_matches(path, known, 1)
        hint = f"did you mean {near[0]}?" if near else "known are " + ", ".join(known)
        raise RecipeError(f"there is no parameter {path!r}: {hint}")
    return known[path]


@cache
def _parameters_by_path() -> Mapping[str, Parameter]:
    return {parameter.path: parameter for parameter in parameters()}


def with_value(recipe: Recipe, path: str, value: Scalar) -> Recipe:
    """Return a recipe with one parameter changed.

    Parameters
    ----------
    recipe : Recipe
        The recipe to begin with; it stays as it is.
    path : str
        The parameter's path, such as "fusion.blend".
    value : Scalar
        Its new value, or a text that says it.

    Returns
    -------
    Recipe
        The changed recipe.

    Raises
    ------
    RecipeError
        There is no such parameter, or the value is out of its range.
    """
    parameter = find_parameter(path)
    group = replace(getattr(recipe, parameter.group), **{parameter.name: validate_value(parameter, value)})
    return replace(recipe, **{parameter.group: group})


def with_settings(recipe: Recipe, settings: Iterator[str] | list[str]) -> Recipe:
    """Return a recipe with parameters changed by texts, as the command line's `--set` has them.

    Parameters
    ----------
    recipe : Recipe
        The recipe to begin with; it stays as it is.
    settings : list or iterator of str
        Texts such as "fusion.blend=0.6".

    Returns
    -------
    Recipe
        The changed recipe.

    Raises
    ------
    RecipeError
        A text is not of this form, there is no such parameter, or a value is out of its range.
    """
    for setting in settings:
        path, equals, value = setting.partition("=")
        if not equals:
            raise RecipeError(f"a setting is written name=value, not {setting!r}")
        recipe = with_value(recipe, path.strip(), value.strip())
    return recipe


def key_inputs(group: Detect | Landmark | Select | Swap | Enhance | Fusion) -> dict[str, Scalar]:
    """Return a group's parameters as inputs of a stage key."""
    return {entry.name: getattr(group, entry.name) for entry in fields(group)}
