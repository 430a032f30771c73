# SPDX-License-Identifier: GPL-3.0-or-later
"""Who plays whose part, as the arguments of a command say it: the same for all commands, or their keys would differ."""

import argparse
from dataclasses import replace

from ..batch.corrections import correct_swaps, read_corrections
from ..batch.roto_file import mask_swaps, read_roto
from ..batch.swap_tables import SwapDefaults, read_swap_file
from ..errors import BatchError
from ..export.inputs import face_images
from ..recipe.clip_swap import ClipSwap, swap_everywhere
from ..recipe.request import Identity, SwapRequest


def request_from_arguments(arguments: argparse.Namespace, consent: str = "") -> SwapRequest:
    """Return what --face, --face-number, --replace and --set ask for. Raises FaceImageError, RecipeError."""
    recipe = SwapDefaults(tuple(arguments.set)).recipe((), by_image=bool(arguments.replace))
    images = face_images(arguments.face, arguments.face_number)
    return SwapRequest(Identity(images, consent=consent), recipe, face_images(arguments.replace, []))


def corrected_request(arguments: argparse.Namespace) -> SwapRequest:
    """Return what `request_from_arguments` does, with --corrections and --roto. Raises BatchError as well."""
    request = request_from_arguments(arguments)
    if arguments.corrections:
        request = read_corrections(arguments.corrections).correct(request)
    return replace(request, roto=read_roto(arguments.roto)) if arguments.roto else request


def swaps_from_arguments(arguments: argparse.Namespace) -> tuple[ClipSwap, ...]:
    """Return what --swaps, or --face and its like, ask for. Raises BatchError, FaceImageError, RecipeError."""
    if arguments.swaps is None:
        return (swap_everywhere(request_from_arguments(arguments, arguments.consent)),)
    if arguments.replace or arguments.face_number:
        raise BatchError("--replace and --face-number belong into the tables of --swaps: write them there")
    return read_swap_file(
        arguments.swaps, SwapDefaults(overrides=tuple(arguments.set), consent_override=arguments.consent)
    )


def corrected_swaps(arguments: argparse.Namespace) -> tuple[ClipSwap, ...]:
    """Return what `swaps_from_arguments` does, with --corrections and the masks of --roto. Raises the same."""
    swaps = swaps_from_arguments(arguments)
    if arguments.corrections:
        swaps = correct_swaps(swaps, read_corrections(arguments.corrections))
    if arguments.roto:
        swaps = mask_swaps(swaps, read_roto(arguments.roto))
    return swaps
