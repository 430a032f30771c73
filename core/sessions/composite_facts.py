# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run does to clips, as facts that marks say: who and what by hashes alone."""

from collections.abc import Iterable, Sequence

from ..errors import ClipError, os_error_reason
from ..media.file_status import content_id, file_fingerprint, sample_digest
from ..media.source import ClipSource
from ..models.embedded import embedded_files
from ..models.library import ModelLibrary
from ..models.session import ModelFile
from ..provenance.facts import EMBEDDED, MAX_HASHES, NEURAL, CompositeFacts
from ..recipe import Recipe
from ..recipe.request import SwapRequest
from ..system.version import program_name
from .required_models import chosen_families, required_models

_MAX_READ_BYTES = 1 << 31
"""Of larger clips parts are hashed: 2 GiB take one to five seconds."""


def composite_facts(
    requests: Sequence[SwapRequest], clips: Iterable[str], library: ModelLibrary
) -> CompositeFacts:
    """Return what requests do to clips.

    Parameters
    ----------
    requests : sequence of SwapRequest
        Who replaces whom.
    clips : iterable of str
        The digests of clips, see `clip_digest`.
    library : ModelLibrary
        The models of this machine.

    Returns
    -------
    CompositeFacts
        The facts.

    Raises
    ------
    ClipError
        An image can't be read any more.
    ModelError
        A model can't be read any more.
    """
    recipes = [request.recipe for request in requests]
    images = dict.fromkeys(
        file_fingerprint(path)
        for path in dict.fromkeys(image.path for request in requests for image in request.identity.images)
    )
    return CompositeFacts(
        program_name(),
        NEURAL if any(map(_is_neural, recipes)) else EMBEDDED,
        tuple(images)[:MAX_HASHES],
        tuple(dict.fromkeys(_model_hashes(recipes, library)))[:MAX_HASHES],
        tuple(dict.fromkeys(clips))[:MAX_HASHES],
    )


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


def _model_hashes(recipes: Sequence[Recipe], library: ModelLibrary) -> Iterable[str]:
    chosen = {family for recipe in recipes for family in chosen_families(recipe)}
    for family, path in embedded_files().items():
        if family in chosen and path.is_file():
            yield ModelFile(path).sha256
    for model in required_models(recipes, library):
        if model.file is not None:
            yield model.file.sha256
