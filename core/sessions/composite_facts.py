# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run does to clips, as facts that marks say: who and what by hashes alone."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ..errors import ClipError, os_error_reason
from ..media.file_status import content_id, file_fingerprint, sample_digest
from ..media.source import ClipSource
from ..models.embedded import embedded_files
from ..models.library import ModelLibrary
from ..models.licences import NOT_STATED, strictest, swapper_companions
from ..models.model_file import ModelFile
from ..provenance.facts import EMBEDDED, MAX_HASHES, NEURAL, OTHER_LICENCE, CompositeFacts
from ..provenance.marker import ClipFile
from ..recipe import Recipe
from ..recipe.request import SwapRequest
from ..system.version import program_name
from .licences import licences_of_recipes
from .required_models import chosen_models, find_models

_MAX_READ_BYTES = 1 << 31
"""Of larger clips parts are hashed: 2 GiB take one to five seconds."""
_EMBEDDED_CHOICES = (("detect", "detector"), ("landmark", "landmarker"), ("occlude", "masker"))
"""The stages of the embedded models, which are their roles, and the parameters that choose them."""


class CompositeFactsFinder:
    """Says what is done to clips, and hashes each file once. For one thread at a time."""

    def __init__(self, library: ModelLibrary) -> None:
        """`library` has the models of this machine."""
        self._library = library
        self._digests: dict[Path | ClipSource, str] = {}
        self._model_hashes: dict[tuple[str, str, str], tuple[str, ...]] = {}

    def find(self, requests: Sequence[SwapRequest], clips: Iterable[ClipSource]) -> CompositeFacts:
        """Return what requests do to clips.

        Parameters
        ----------
        requests : sequence of SwapRequest
            Who replaces whom.
        clips : iterable of ClipSource
            Where they are replaced.

        Returns
        -------
        CompositeFacts
            The facts. A model that decides which faces are replaced by age or gender is none of them.

        Raises
        ------
        ClipError
            A clip or an image can't be read any more.
        ModelError
            A model can't be read any more.
        """
        recipes = [recipe for request in requests for recipe in request.recipes]
        images = (self._digest(image.path) for request in requests for image in request.identity.images)
        models = (digest for recipe in recipes for digest in self._models(recipe))
        return CompositeFacts(
            program_name(),
            NEURAL if any(map(_is_neural, recipes)) else EMBEDDED,
            _distinct(images),
            _distinct(models),
            _distinct(map(self._digest, clips)),
            *self._licences(recipes),
        )

    def clip_files(self, frames: Iterable[tuple[ClipSource, int | None]]) -> tuple[ClipFile, ...]:
        """Return the files that an output was made of, whose manifests it may keep.

        Parameters
        ----------
        frames : iterable of (ClipSource, int or None)
            Each clip, and which of its frames an image shows; None for a movie of many.

        Returns
        -------
        tuple of ClipFile
            One for each clip; none of an image sequence of which a movie was made.

        Raises
        ------
        ClipError
            A clip can't be read any more.
        """
        files: dict[str, ClipFile] = {}
        for clip, number in frames:
            place = 0 if len(clip.paths) == 1 else number
            if place is not None and 0 <= place < len(clip.paths):
                digest = self._digest(clip)
                files.setdefault(digest, ClipFile(clip.paths[place], digest))
        return tuple(files.values())

    def _digest(self, file: Path | ClipSource) -> str:
        if file not in self._digests:
            self._digests[file] = file_fingerprint(file) if isinstance(file, Path) else clip_digest(file)
        return self._digests[file]

    def _licences(self, recipes: Sequence[Recipe]) -> tuple[tuple[str, ...], bool]:
        """Return the licences of all models that are run, and whether each surely allows commercial use."""
        chain = licences_of_recipes(recipes, self._library)
        public = {NOT_STATED, *(card.licence for card in self._library.catalogue.models)}
        names = (model.licence if model.licence in public else OTHER_LICENCE for model in chain)
        return tuple(sorted(set(names))), strictest(chain) is None

    def _models(self, recipe: Recipe) -> Iterator[str]:
        embedded = embedded_files()
        for stage, parameter in _EMBEDDED_CHOICES:
            family = getattr(getattr(recipe, stage), parameter)
            path = embedded.get((stage, family))
            if path is not None and path.is_file():
                if path not in self._digests:
                    self._digests[path] = ModelFile(path).sha256
                yield self._digests[path]
        for choice in self._choices(recipe):
            if choice not in self._model_hashes:
                matches = find_models((choice,), self._library)
                self._model_hashes[choice] = tuple(one.file.sha256 for one in matches if one.file is not None)
            yield from self._model_hashes[choice]

    def _choices(self, recipe: Recipe) -> Iterator[tuple[str, str, str]]:
        """Yield the models that a recipe chooses, and after a swapper those that it can't run without."""
        families = self._library.catalogue.families
        for choice in chosen_models(recipe):
            yield choice
            swapper = families.get(choice[:2]) if choice[0] == "swap" else None
            for role, name in swapper_companions(swapper) if swapper is not None else ():
                yield role, name, ""


def clip_digest(source: ClipSource) -> str:
    """Return what a mark calls a clip: the hash of all of it, or of parts of a large one. Raises ClipError."""
    try:
        size = sum(path.stat().st_size for path in source.paths)
    except OSError as error:
        raise ClipError(f"the clip can't be read: {os_error_reason(error).lower()}") from error
    if size > _MAX_READ_BYTES:
        return f"sample-sha256:{sample_digest(source).hex()}"
    return f"sha256:{content_id(source)}"


def _is_neural(recipe: Recipe) -> bool:
    return recipe.swap.is_neural or recipe.enhance.enhancer != "none"


def _distinct(digests: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(digests))[:MAX_HASHES]
