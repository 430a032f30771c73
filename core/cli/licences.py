# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy licences`: the licences of all models that a project or a recipe runs, and what they allow together."""

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path

from ..batch.swap_tables import SwapDefaults, read_swap_file
from ..errors import FarmError
from ..farm.blender_program import find_blender, run_operator
from ..filesystem import read_input
from ..models.library import ModelLibrary
from ..models.licences import ModelLicence, strictest
from ..recipe import messages
from ..sessions.licences import DATA_NOTE, licences_of_recipes, limit_text
from .farm_blender import blender_name
from .output import show, show_json

_MAX_BYTES = 1 << 22
_OPERATOR = "write_licences"


def licences(arguments: argparse.Namespace) -> bool:
    """Print the report; return whether all is well, which it always is without --require-commercial."""
    chain = _chain(arguments)
    limit = strictest(chain)
    if arguments.json:
        show_json(
            {
                "commercial": limit is None,
                "strictest": None if limit is None else limit.as_dict(),
                "models": [model.as_dict() for model in chain],
            }
        )
    else:
        _show(chain)
    return limit is None or not arguments.require_commercial


def _chain(arguments: argparse.Namespace) -> tuple[ModelLicence, ...]:
    """Return the licences of what is asked for. Raises UnderstudyError."""
    if arguments.project is not None:
        blender = find_blender(blender_name(arguments, os.environ))
        return run_operator(blender, arguments.project, _OPERATOR, _read_answer)
    defaults = SwapDefaults(overrides=tuple(arguments.set))
    if arguments.swaps is None:
        recipes = [defaults.recipe((), by_image=False)]
    else:
        swaps = read_swap_file(arguments.swaps, defaults)
        recipes = [request.recipe for swap in swaps for request in swap.requests]
    return licences_of_recipes(recipes, ModelLibrary())


def _read_answer(path: Path) -> tuple[ModelLicence, ...]:
    try:
        values = json.loads(read_input(path, _MAX_BYTES))
    except (OSError, ValueError) as error:
        raise FarmError(f"what Blender wrote about licenses can't be read: {error}") from error
    return messages.listing(values, lambda one: ModelLicence(**messages.arguments(ModelLicence, one)))


def _show(chain: Sequence[ModelLicence]) -> None:
    for model in chain:
        use = "any use of the file" if model.commercial else "NOT for commercial use"
        place = "" if model.is_here else ", not here"
        need = f", needed by {model.needed_by}" if model.needed_by else ""
        show(f"{model.path:<26} {model.file or model.title:<36} {model.licence}, {use}{need}{place}")
        for text in filter(None, (model.note, model.page)):
            show(f"{'':<26} {text}")
    limits = [limit_text(model) for model in chain if not model.commercial]
    if not chain:
        show("no model runs: the project has no Face Swap modifier")
    elif limits:
        show(f"together: NOT for commercial use, since {'; '.join(limits)}")
    else:
        show("together: the licenses allow any use")
    show(f"{DATA_NOTE[0].upper()}{DATA_NOTE[1:]}.")
