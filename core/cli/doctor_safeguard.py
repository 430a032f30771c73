# SPDX-License-Identifier: GPL-3.0-or-later
"""What `understudy doctor` says of the safeguard: whether shots are looked at for nudity."""

import os

from ..errors import CacheError, ModelError
from ..models.embedded import SAFEGUARD, how_to_get_models, program_words, safeguard_file
from ..models.library import ModelLibrary, user_model_folder
from ..models.safeguard import find_safeguard_model
from ..sessions.environment_reader import EnvironmentReader
from ..sessions.settings import SAFEGUARD_VARIABLE
from ..units import parse_switch
from .output import show


def check_safeguard() -> bool:
    """Print whether the safeguard is on and which model it uses; return whether that model is well.

    Without the model all is well: nothing but the safeguard needs it.
    """
    try:
        is_on = EnvironmentReader(os.environ).value(SAFEGUARD_VARIABLE, parse_switch, default=True)
    except CacheError:  # which `check_settings` prints
        return False
    if not is_on:
        show(f"the safeguard is off ({SAFEGUARD_VARIABLE}): no shot is looked at for nudity")
        return True
    library = ModelLibrary()
    try:
        model = find_safeguard_model(library)
    except ModelError as error:
        show(f"the safeguard can't be used: {error}")
        return False
    if model is None:
        show(
            f"the safeguard's model {SAFEGUARD} is not in {user_model_folder()}, so that no shot is looked at for "
            f"nudity: run `{program_words()} models fetch {SAFEGUARD}` (AGPL-3.0, 12 MB)"
        )
        return True
    card = library.catalogue.card_by_sha256(model.sha256)
    if card is None and model.path == safeguard_file():
        show(f"{model.path} is damaged: delete it and {how_to_get_models()}")
        return False
    licence = f" (license: {card.licence})" if card is not None else ""
    show(f"shots are looked at for nudity with {model.path}{licence}")
    return True
