# SPDX-License-Identifier: GPL-3.0-or-later
"""Who plays whose part, as the arguments of a command say it: the same for all commands, or their keys would differ."""

import argparse

from ..recipe import initial_recipe, with_settings
from ..recipe.request import Identity, SwapRequest
from .inputs import face_images


def request_from_arguments(arguments: argparse.Namespace, consent: str = "") -> SwapRequest:
    """Return what --face, --face-number, --replace and --set ask for. Raises FaceImageError, RecipeError."""
    by_picture = ["select.which=reference"] if arguments.replace else []
    recipe = with_settings(initial_recipe(), [*by_picture, *arguments.set])
    images = face_images(arguments.face, arguments.face_number)
    return SwapRequest(Identity(images, consent=consent), recipe, face_images(arguments.replace, []))
