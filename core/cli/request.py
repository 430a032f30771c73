# SPDX-License-Identifier: GPL-3.0-or-later
"""Who plays whose part, as the arguments of a command say it: the same for all commands, or their keys would differ."""

import argparse

from ..recipe import Recipe, with_settings
from ..recipe.request import Casting, Identity
from .inputs import chosen_pictures


def chosen_casting(arguments: argparse.Namespace, consent: str = "") -> Casting:
    """Return what --face, --face-number, --replace and --set ask for. Raises PictureError, RecipeError."""
    by_picture = ["select.which=reference"] if arguments.replace else []
    recipe = with_settings(Recipe(), [*by_picture, *arguments.set])
    pictures = chosen_pictures(arguments.face, arguments.face_number)
    return Casting(Identity(pictures, consent=consent), recipe, chosen_pictures(arguments.replace, []))
