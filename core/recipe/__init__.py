# SPDX-License-Identifier: GPL-3.0-or-later
"""Every parameter there is, by the stage that it re-runs.

A recipe is what the editor chose for one Face Swap modifier. The UI, the CLI's `--set` and the keys of the
cache are all made from the fields below, so a parameter can't be in one of them and be missed by another.
"""

from .analysis import BUILT_IN_RECOGNISER, Detect, Embed, Landmark, Occlude
from .fusion import Fusion
from .settings import (
    Recipe,
    find_parameter,
    initial_recipe,
    key_inputs,
    parameters,
    with_settings,
    with_value,
)
from .swap import Enhance, Select, Swap

__all__ = [
    "BUILT_IN_RECOGNISER",
    "Detect",
    "Embed",
    "Enhance",
    "Fusion",
    "Landmark",
    "Occlude",
    "Recipe",
    "Select",
    "Swap",
    "find_parameter",
    "initial_recipe",
    "key_inputs",
    "parameters",
    "with_settings",
    "with_value",
]
