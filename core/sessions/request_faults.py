# SPDX-License-Identifier: GPL-3.0-or-later
"""Why nothing can be swapped for a request, as far as that shows without running or loading anything."""

from collections.abc import Iterator, Sequence

from ..errors import ModelError
from ..models.library import ModelLibrary
from ..recipe import Recipe
from ..recipe.request import SwapRequest

NO_SOURCE = "no source face yet"
IMAGE_MISSING = "picture missing"
IMAGELESS_SWAPPER = "dfm"
"""The swapper whose model is of one person: it needs no image of them."""
_MORPH_SWAPPER = "dfm-morph"
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


def has_source(requests: Sequence[SwapRequest]) -> bool:
    """Tell whether every request has an image of the source person, or needs none."""
    return all(request.identity.images or not _needs_image(request) for request in requests)


def request_fault(requests: Sequence[SwapRequest], library: ModelLibrary) -> str:
    """Return in a few words why no frame can be swapped as requests ask; empty where nothing stands in the way.

    Looks at files only. An image without a face and a file that holds no image show when they are analysed.
    """
    if not has_source(requests):
        return NO_SOURCE
    for request in requests:
        if _needs_image(request) and not all(image.path.is_file() for image in request.identity.images):
            return IMAGE_MISSING
    for request in requests:
        title = _missing_model(request.recipe, library)
        if title:
            return f"model missing ({title})"
    return ""


def _needs_image(request: SwapRequest) -> bool:
    return request.recipe.swap.swapper != IMAGELESS_SWAPPER


def _missing_model(recipe: Recipe, library: ModelLibrary) -> str:
    """Return the title of the first model that a recipe chooses and that is not there; empty where all are."""
    for role, name, file in _chosen_models(recipe):
        families = library.catalogue.families
        if (role, name) not in families:
            continue  # it needs no file
        if name == IMAGELESS_SWAPPER and not library.has(role, name):
            name = _MORPH_SWAPPER  # noqa: PLW2901 - either kind of its models will do
        try:
            library.model(role, name, file)
        except ModelError:
            return families[role, name].title
    return ""


def _chosen_models(recipe: Recipe) -> Iterator[tuple[str, str, str]]:
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
    if recipe.select != default.select:
        # It imports OpenCV, which a project is opened without.
        from ..analysis.attributes import needs_attributes

        if needs_attributes(recipe.select):
            yield "attribute", "genderage", ""
