# SPDX-License-Identifier: GPL-3.0-or-later
"""The values of a parameter that are compared with each other."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from ..cache.base.key import Scalar
from ..errors import RecipeError
from ..recipe import find_parameter, with_value
from ..recipe.parameter import Parameter
from ..recipe.request import SwapRequest
from .request import MAX_VARIANTS
from .sheet import Variant, Wedge

_STEP_SHARE = 0.2
"""Of a slider's range: neighbours differ clearly, and the three of them still look like one setting."""
_DIGITS = 6


def can_compare(parameter: Parameter) -> bool:
    """Tell whether a parameter has values to compare: all but free texts."""
    return parameter.kind is not str or bool(parameter.choices)


def surrounding_values(parameter: Parameter, present: Scalar) -> tuple[str, ...]:
    """Return values around the present one to compare it with.

    Parameters
    ----------
    parameter : Parameter
        A parameter that `can_compare`.
    present : Scalar
        Its value now.

    Returns
    -------
    tuple of str
        Three numbers in their order, the present one among them; all choices of a choice; on and off of a switch.
        They are written as `--set` takes them.
    """
    if parameter.choices:
        return tuple(name for name, _, _ in parameter.choices)
    if parameter.kind is bool or parameter.low is None or parameter.high is None:
        return ("false", "true")
    value, low = float(present), parameter.low
    high = parameter.high if parameter.soft_high is None else parameter.soft_high
    high = max(high, value)
    step = (high - low) * _STEP_SHARE
    if parameter.kind is int:
        step = max(round(step), 1)
    # Where the present value is at an end of the range, the others are all on its one side.
    shift = 1 if value - step < low else -1 if value + step > high else 0
    values = [value + step * (place + shift) for place in (-1, 0, 1)]
    return tuple(_text(parameter, min(max(one, low), high)) for one in values)


def _text(parameter: Parameter, value: float) -> str:
    return str(round(value)) if parameter.kind is int else repr(round(value, _DIGITS))


def make_wedge(path: str, values: Sequence[str]) -> Wedge:
    """Return a wedge of values, each once. Raises RecipeError where fewer than two differ, or one can't be."""
    parameter = find_parameter(path)
    unique = tuple(dict.fromkeys(value.strip() for value in values if value.strip()))
    if len(unique) < 2:
        raise RecipeError(f"{parameter.label} needs two values at least, such as 0.4, 0.6")
    return Wedge(path, parameter.label, unique)


def wedge_variants(request: SwapRequest, wedges: Sequence[Wedge], forms: str = "") -> tuple[Variant, ...]:
    """Return a request with each pair of the wedges' values; the first wedge's value changes fastest.

    `forms` are the forms of the people who are replaced, which a variant with shape above 0 takes. Raises RecipeError
    where a value is out of its range, or there are too many.
    """
    variants = []
    for values in product(*(wedge.values for wedge in reversed(wedges))):
        ordered, recipe = values[::-1], request.recipe
        for wedge, value in zip(wedges, ordered, strict=True):
            recipe = with_value(recipe, wedge.path, value)
        own_forms = forms if recipe.swap.gives_shape else ""
        variants.append(
            Variant(request.identity.name, replace(request, recipe=recipe, target_forms=own_forms), ordered)
        )
    if len(variants) > MAX_VARIANTS:
        raise RecipeError(f"{len(variants)} values are too many for a sheet: give {MAX_VARIANTS} at most")
    return tuple(variants)
