# SPDX-License-Identifier: GPL-3.0-or-later
"""Which models a recipe chooses beside the embedded ones, and which files of the user's those are."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import ModelError
from ..models.library import ModelLibrary
from ..models.model_file import ModelFile
from ..recipe import Recipe

IMAGELESS_SWAPPER = "dfm"
"""The swapper whose model is of one person: it needs no image of them."""
MORPH_SWAPPER = "dfm-morph"
"""The other kind of its models, with a parameter."""
_CHOICES = (
    ("detect", "detector"),
    ("landmark", "landmarker"),
    ("landmark", "pose"),
    ("embed", "recogniser"),
    ("occlude", "masker"),
    ("enhance", "enhancer"),
)
"""The parameters that choose a model, beside the swapper: stage and name."""
_ROLES = {"pose": "pose"}
"""The role of a model in the catalogue, where it is not that of its stage."""


@dataclass(frozen=True)
class RequiredModel:
    """A model that a recipe chooses and that is a file."""

    title: str
    """As people know it."""
    file: ModelFile | None
    """None where there is no usable file of it."""

    @property
    def path(self) -> Path | None:
        """Where it lies; None where there is no usable file of it."""
        return None if self.file is None else self.file.path


def required_models(recipes: Iterable[Recipe], library: ModelLibrary) -> Iterator[RequiredModel]:
    """Yield the models that recipes choose, in their order; a model may come more than once.

    Parameters
    ----------
    recipes : iterable of Recipe
        What is asked for.
    library : ModelLibrary
        The models of this machine.

    Yields
    ------
    RequiredModel
        One that differs from the default's. Raises nothing where a file is missing: its path says so.
    """
    for recipe in recipes:
        yield from find_models(chosen_models(recipe), library)


def find_models(chosen: Iterable[tuple[str, str, str]], library: ModelLibrary) -> Iterator[RequiredModel]:
    """Yield the models of roles, families and file names, see `chosen_models`; raises nothing, as `required_models`."""
    families = library.catalogue.families
    for role, name, file in chosen:
        if (role, name) not in families:
            continue  # it needs no file
        if name == IMAGELESS_SWAPPER and not library.has(role, name):
            name = MORPH_SWAPPER  # noqa: PLW2901 - either kind of its models will do
        title = families[role, name].title
        try:
            model = library.model(role, name, file)
        except ModelError:
            yield RequiredModel(title, None)
        else:
            yield RequiredModel(title, model)


def chosen_models(recipe: Recipe) -> Iterator[tuple[str, str, str]]:
    """Yield role, family and file name, empty for any, of each model that differs from the default."""
    default = Recipe()
    swapper = recipe.swap.swapper
    if swapper != default.swap.swapper:
        yield "swap", swapper, recipe.swap.model
    for stage, parameter in _CHOICES:
        name = getattr(getattr(recipe, stage), parameter)
        if name != getattr(getattr(default, stage), parameter):
            file = recipe.enhance.model if stage == "enhance" else ""
            yield _ROLES.get(parameter, stage), name, file
    if needs_attribute_model(recipe):
        yield "attribute", "genderage", ""


def needs_attribute_model(recipe: Recipe) -> bool:
    """Tell whether a recipe selects faces by what a network takes their sex and age to be."""
    if replace(recipe.select, steady=False) == Recipe().select:
        return False
    # It imports OpenCV, which a project is opened without.
    from ..analysis.attributes import needs_attributes

    return needs_attributes(recipe.select)
