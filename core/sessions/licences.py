# SPDX-License-Identifier: GPL-3.0-or-later
"""Under which licences a recipe runs: every model of its chain, and the one that a commercial use would break."""

from collections.abc import Iterable, Iterator

from ..errors import RefusalError
from ..models.library import ModelLibrary
from ..models.licences import ModelLicence, engine_licences, strictest
from ..recipe import BUILT_IN_RECOGNISER, Recipe
from .required_models import IMAGELESS_SWAPPER, MORPH_SWAPPER, needs_attribute_model

DATA_NOTE = "a license is that of the file: what a model was trained on may have terms of its own, which no file states"
_ENSEMBLE = "many"
_BUILT_IN_POSE, _BUILT_IN_MASKER, _NO_ENHANCER = "mesh", "colour", "none"


def recipe_licences(recipe: Recipe, library: ModelLibrary) -> tuple[ModelLicence, ...]:
    """Return the licences of all models that a recipe runs, in the order of its stages, each once.

    Parameters
    ----------
    recipe : Recipe
        What is asked for.
    library : ModelLibrary
        The models of this machine.

    Returns
    -------
    tuple of ModelLicence
        The embedded models too. A model that is not here has the strictest licence that it is published under.
    """
    chain: dict[tuple[str, str], ModelLicence] = {}
    for role, name, file in _engines(recipe, library):
        for licence in engine_licences(library, role, name, file):
            chain.setdefault((licence.path, licence.file), licence)
    return tuple(chain.values())


def licences_of_recipes(recipes: Iterable[Recipe], library: ModelLibrary) -> tuple[ModelLicence, ...]:
    """Return the licences of all models that recipes run, as `recipe_licences` does, each once."""
    chain: dict[tuple[str, str], ModelLicence] = {}
    for recipe in dict.fromkeys(recipes):
        for licence in recipe_licences(recipe, library):
            chain.setdefault((licence.path, licence.file), licence)
    return tuple(chain.values())


def licence_fault(recipes: Iterable[Recipe], library: ModelLibrary) -> str:
    """Say which model keeps recipes from commercial use, and what to do; empty where none does.

    Parameters
    ----------
    recipes : iterable of Recipe
        What is asked for.
    library : ModelLibrary
        The models of this machine.

    Returns
    -------
    str
        One line.
    """
    for recipe in dict.fromkeys(recipes):
        model = strictest(recipe_licences(recipe, library))
        if model is not None:
            return (
                f"{limit_text(model)}: choose another engine, or do not require licenses for commercial use"
            )
    return ""


def limit_text(model: ModelLicence) -> str:
    """Say in a few words why a model is not for commercial use."""
    need = f", which {model.needed_by} needs," if model.needed_by else ""
    return f"{model.title} ({model.path}){need} is not surely for commercial use (license: {model.licence})"


def require_commercial_licences(recipes: Iterable[Recipe], library: ModelLibrary) -> None:
    """Raise RefusalError where a model of recipes does not surely allow commercial use."""
    fault = licence_fault(recipes, library)
    if fault:
        raise RefusalError(fault)


def _engines(recipe: Recipe, library: ModelLibrary) -> Iterator[tuple[str, str, str]]:
    """Yield role, family and file name, empty for any, of each engine of a recipe that runs a model."""
    if recipe.detect.detector == _ENSEMBLE:
        for role, name in library.catalogue.families:
            if role == "detect" and library.has(role, name):
                yield role, name, ""
    else:
        yield "detect", recipe.detect.detector, ""
    yield "landmark", recipe.landmark.landmarker, ""
    if recipe.landmark.pose != _BUILT_IN_POSE:
        yield "pose", recipe.landmark.pose, ""
    if recipe.embed.recogniser != BUILT_IN_RECOGNISER:
        yield "embed", recipe.embed.recogniser, ""
    if needs_attribute_model(recipe):
        yield "attribute", "genderage", ""
    if recipe.fusion.keep_cover > 0 and recipe.occlude.masker != _BUILT_IN_MASKER:
        yield "occlude", recipe.occlude.masker, ""
    if recipe.swap.is_neural:
        name = recipe.swap.swapper
        if name == IMAGELESS_SWAPPER and not library.has("swap", name) and library.has("swap", MORPH_SWAPPER):
            name = MORPH_SWAPPER
        yield "swap", name, recipe.swap.model
    if recipe.enhance.enhancer != _NO_ENHANCER:
        yield "enhance", recipe.enhance.enhancer, recipe.enhance.model
