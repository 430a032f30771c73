# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways of swapping that `understudy sheet` compares: takes, or values of `--wedge` on one take."""

import argparse
from dataclasses import replace
from itertools import product

from ..batch.patterns import Person
from ..errors import FaceImageError, RecipeError
from ..recipe import find_parameter, with_settings
from ..sheet.sheet import Variant, Wedge
from .request import request_from_arguments

_MAX_WEDGES = 2


def wedges_from_arguments(arguments: argparse.Namespace, takes: tuple[Person, ...]) -> tuple[Wedge, ...]:
    """Return the wedges that are asked for. Raises RecipeError, FaceImageError where there is not one take."""
    if not takes:
        raise FaceImageError(
            "there is nobody to show: give a --take FACE for each person, or --faces 'cast/*'"
        )
    wedges = tuple(_wedge(text) for text in arguments.wedge)
    if wedges and len(takes) > 1:
        raise FaceImageError(
            f"--wedge compares values on one take, and there are {len(takes)}: give one --take"
        )
    if len(wedges) > _MAX_WEDGES:
        raise RecipeError("a grid has two --wedge at most: make another sheet for a third")
    if len({wedge.path for wedge in wedges}) < len(wedges):
        raise RecipeError(f"{wedges[0].path} has two wedges: give all of its values in one")
    return wedges


def _wedge(text: str) -> Wedge:
    path, equals, values = text.partition("=")
    if not equals:
        raise RecipeError(f"a wedge is written name=value,value..., not {text!r}")
    parameter = find_parameter(path.strip())
    return Wedge(
        parameter.path, parameter.label, tuple(dict.fromkeys(value.strip() for value in values.split(",")))
    )


def variants_from_arguments(
    arguments: argparse.Namespace, takes: tuple[Person, ...], wedges: tuple[Wedge, ...]
) -> tuple[Variant, ...]:
    """Return each take, or the one take with each pair of values. Raises FaceImageError, RecipeError."""
    variants = []
    for take in takes:
        person = {"face": list(take.images), "face_number": list(take.face_numbers)}
        request = request_from_arguments(argparse.Namespace(**vars(arguments) | person))
        for values in product(*(wedge.values for wedge in reversed(wedges))):
            ordered = values[::-1]
            settings = [f"{wedge.path}={value}" for wedge, value in zip(wedges, ordered, strict=True)]
            recipe = with_settings(request.recipe, settings)
            variants.append(Variant(take.name, replace(request, recipe=recipe), ordered))
    return tuple(variants)
