# SPDX-License-Identifier: GPL-3.0-or-later
"""What a parameter is: its kind, its range, its words, and what changing it costs."""

from dataclasses import dataclass, field
from typing import Any, Literal

from ..cache.base.key import Scalar
from ..errors import RecipeError

Cost = Literal["instant", "re-swap", "re-analyse"]


@dataclass(frozen=True)
class Parameter:
    """What is known of one parameter.

    Attributes
    ----------
    group, name : str
        The stage that it belongs to, and its name there.
    kind : type
        bool, int, float or str.
    default : Scalar
        Its value in a recipe that does not say it.
    initial : Scalar
        Its value in what a user makes anew; see `initial_recipe`.
    label, text : str
        Its name and its description for people.
    low, high : float or None
        The least and the greatest value; None where it is no number.
    soft_high : float or None
        How far a slider goes, where that is not as far as `high`.
    unit : str
        The unit for people to read; empty for none.
    choices : tuple of (str, str, str)
        The value, label and description of each choice; empty where it is no choice.
    cost : {"instant", "re-swap", "re-analyse"}
        What runs again after a change.
    """

    group: str
    name: str
    kind: type
    default: Scalar
    initial: Scalar
    label: str
    text: str
    low: float | None
    high: float | None
    soft_high: float | None
    unit: str
    choices: tuple[tuple[str, str, str], ...]
    cost: Cost

    @property
    def path(self) -> str:
        """The name used by `--set`, such as `fusion.blend`."""
        return f"{self.group}.{self.name}"


def number_field(
    default: float,
    label: str,
    text: str,
    low: float,
    high: float,
    *,
    unit: str = "",
    soft_high: float | None = None,
    initial: float | None = None,
) -> Any:
    """A dataclass field that is a number within bounds; `soft_high` is how far a slider goes.

    `initial` is what a new modifier begins with, where that is not the default: the default is what a recipe has that
    was saved before there was the field.
    """
    about = {"label": label, "text": text, "low": low, "high": high, "soft_high": soft_high, "unit": unit}
    about |= {} if initial is None else {"initial": initial}
    return field(default=default, metadata=about)


def switch_field(
    default: bool,  # noqa: FBT001 - a value
    label: str,
    text: str,
    *,
    cost: Cost | None = None,
    initial: bool | None = None,
) -> Any:
    """A dataclass field that is on or off; `cost` is said where it is not that of its group.

    `initial` is as for `number_field`.
    """
    about: dict[str, Any] = {"label": label, "text": text, "low": 0.0, "high": 1.0}
    about |= {} if cost is None else {"cost": cost}
    about |= {} if initial is None else {"initial": initial}
    return field(default=default, metadata=about)


def choice_field(default: str, label: str, text: str, *choices: tuple[str, str, str]) -> Any:
    """A dataclass field that is one of several (name, label, text).

    A new one goes to the end: Blender keeps in a .blend which one it is by its number.
    """
    return field(default=default, metadata={"label": label, "text": text, "choices": choices})


def text_field(label: str, text: str) -> Any:
    """A dataclass field that is a line of text."""
    return field(default="", metadata={"label": label, "text": text})


_SWITCH_WORDS = {"true": True, "on": True, "1": True, "false": False, "off": False, "0": False}


def validate_value(parameter: Parameter, value: Scalar) -> Scalar:
    """Return a value as its parameter takes it, from text too; RecipeError if it may not have it."""
    if parameter.choices:
        names = [choice[0] for choice in parameter.choices]
        if value not in names:
            raise RecipeError(f"{parameter.path} can't be {value!r}: use one of {', '.join(names)}")
        return value
    if parameter.kind is str:
        text = str(value)
        if not text.isprintable():
            raise RecipeError(f"{parameter.path} is one line of text, not {text!r}")
        return text
    if parameter.kind is bool:
        switch = _SWITCH_WORDS.get(str(value).lower())
        if switch is None:
            raise RecipeError(f"{parameter.path} is on or off, not {value!r}: use true or false")
        return switch
    try:
        number: float | int = parameter.kind(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise RecipeError(f"{parameter.path} takes a number, not {value!r}") from error
    low, high = parameter.low, parameter.high
    if low is not None and high is not None and not low <= number <= high:
        raise RecipeError(f"{parameter.path} must be from {low:g} to {high:g}, not {number:g}")
    return number
