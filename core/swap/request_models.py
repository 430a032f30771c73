# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks that a request needs, from the library, known to be of their families."""

from dataclasses import dataclass

from ..models.library import ModelLibrary
from ..models.licences import swapper_companions
from ..recipe import Recipe
from ..recipe.request import SwapRequest
from .loaded_model import LoadedModel, ModelRunner


@dataclass(frozen=True, eq=False)
class SwapModels:
    """The networks that swap for one request."""

    swapper: LoadedModel
    converter: LoadedModel | None
    recogniser: LoadedModel | None

    @property
    def kind(self) -> str:
        """How the swapper takes its source, see `neural`."""
        return str(self.swapper.family.values.get("source"))


class RequestModels:
    """Finds the networks of requests. All of its methods raise ModelError where one is missing or unsound."""

    def __init__(self, library: ModelLibrary, runner: ModelRunner) -> None:
        self._library = library
        self._runner = runner

    def load_swapper(self, recipe: Recipe) -> LoadedModel:
        """Return the swapper."""
        name = recipe.swap.swapper
        if name == "dfm" and not self._library.has("swap", "dfm") and self._library.has("swap", "dfm-morph"):
            name = "dfm-morph"
        return self._load("swap", name, recipe.swap.model)

    def load_enhancer(self, recipe: Recipe) -> LoadedModel:
        """Return the enhancer; only for a recipe that has one."""
        return self._load("enhance", recipe.enhance.enhancer, recipe.enhance.model)

    def load_swap_models(self, request: SwapRequest) -> SwapModels:
        """Return the swapper, and the networks that it takes its source from."""
        swapper = self.load_swapper(request.recipe)
        # One list says what runs and whose licences count.
        loaded = {role: self._load(role, name) for role, name in reversed(swapper_companions(swapper.family))}
        return SwapModels(swapper, loaded.get("convert"), loaded.get("embed"))

    def open_ahead(self, request: SwapRequest) -> None:
        """Begin to open what takes longest to open and is run last, while the rest goes on."""
        self._runner.open_ahead(self.load_swapper(request.recipe))
        if request.recipe.enhance.enhancer != "none":
            self._runner.open_ahead(self.load_enhancer(request.recipe))

    def _load(self, role: str, family: str, file: str = "") -> LoadedModel:
        model = self._library.model(role, family, file)
        return self._runner.load(model, self._library.catalogue.family(role, family))
