# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stage gives: its arrays by name, with their dtypes, sizes and ranges, so that anything else is not used.

A checksum tells what an accident did; whoever may write to a cache makes a good one for any value. A schema tells
whether a value has the form that the stage's own results have: only then may it be used without a further look.
It is no proof of where a value comes from: see `seal` and `signature` for that.
"""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from .store import Arrays

MOST_FACES = 4096
"""Of one frame."""
FACES = range(MOST_FACES + 1)
FARTHEST = float(1 << 18)
"""Pixels: a frame has at most 65535 a side, and no point of a face that it shows lies farther away than this."""
SUREST = 8.0
"""A score is 0 to 1, but networks' own numbers may be somewhat above."""
_FEW = 16  # values that Python looks at in less time than NumPy takes to begin
_REMEMBERED = 512  # layouts: each stage has a few

Layout: TypeAlias = tuple[tuple[str, "np.dtype[np.generic]", tuple[int, ...]], ...]


@dataclass(frozen=True)
class ArraySpec:
    """One array of a stage's result."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]
    """For each axis a size, or the name of one of the schema's sizes: equal wherever the name stands."""
    low: float | None = None
    high: float | None = None
    """What the values lie within; None for every value of the dtype. An array of floats needs both."""
    optional: bool = False

    def __post_init__(self) -> None:
        if np.dtype(self.dtype).kind == "f" and (self.low is None or self.high is None):
            raise ValueError(f"{self.name} has floats: say what they lie within")


@dataclass(frozen=True, eq=False)
class Schema:
    """All arrays of a stage's result. Nothing else may be in it."""

    arrays: tuple[ArraySpec, ...]
    sizes: Mapping[str, Container[int]] = field(default_factory=dict)
    """What each named size may be."""
    also: Callable[[Arrays], str] | None = None
    """Tells what else is wrong with arrays that have the right form; empty if nothing is."""

    def fault(self, arrays: Arrays) -> str:
        """Say what is wrong with a result, in one line; empty if it has the form that is described here."""
        if not arrays.keys() <= self._names:
            return "it has an array that the stage does not give"
        fault, limited = _layout_fault(
            self, tuple([(name, array.dtype, array.shape) for name, array in arrays.items()])
        )
        if fault:
            return fault
        for spec in limited:
            if not _within(arrays[spec.name], spec):
                return f"{spec.name} has values that are not numbers or out of range"
        return self.also(arrays) if self.also is not None else ""

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(spec.name for spec in self.arrays)


Form: TypeAlias = Schema | Callable[[str], Schema]
"""A stage's schema, or what makes it of a key's text, where that says more about the result."""


def line_of(text: str, name: str) -> str | None:
    """Return the value of one line of a key's text, None where it has no such line."""
    mark = f"{name}="
    if text.startswith(mark):
        start = len(mark)
    else:
        start = text.find(f"\n{mark}") + len(mark) + 1
        if start == len(mark):
            return None
    end = text.find("\n", start)
    return text[start:] if end < 0 else text[start:end]


def schema_of(text: str, forms: Mapping[str, Form]) -> Schema | None:
    """Return the schema of what is kept under a key with this text; None for a stage without one."""
    form = forms.get(line_of(text, "stage") or "")
    return form if form is None or isinstance(form, Schema) else form(text)


@lru_cache(_REMEMBERED)
def _layout_fault(schema: Schema, layout: Layout) -> tuple[str, tuple[ArraySpec, ...]]:
    """Return what is wrong with names, dtypes and shapes, and whose values are limited.

    Remembered, because a stage gives the same few shapes again and again.
    """
    there = {name: (dtype, shape) for name, dtype, shape in layout}
    sizes: dict[str, int] = {}
    limited = []
    for spec in schema.arrays:
        if spec.name not in there:
            if spec.optional:
                continue
            return f"{spec.name} is missing", ()
        dtype, shape = there[spec.name]
        if dtype != np.dtype(spec.dtype):
            return f"{spec.name} is {dtype}, not {spec.dtype}", ()
        if len(shape) != len(spec.shape) or not all(
            _agrees(size, wanted, sizes, schema.sizes)
            for size, wanted in zip(shape, spec.shape, strict=False)
        ):
            return f"{spec.name} is of the wrong size", ()
        if spec.low is not None or spec.high is not None:
            limited.append(spec)
    return "", tuple(limited)


def _agrees(
    size: int, wanted: int | str, sizes: dict[str, int], allowed: Mapping[str, Container[int]]
) -> bool:
    if isinstance(wanted, int):
        return size == wanted
    return size in allowed[wanted] and sizes.setdefault(wanted, size) == size


def _within(array: npt.NDArray[np.generic], spec: ArraySpec) -> bool:
    if not array.size:
        return True
    if array.size <= _FEW:
        low, high = spec.low, spec.high
        values = array.ravel().tolist()
        return all((low is None or low <= value) and (high is None or value <= high) for value in values)
    if array.dtype.kind == "f":
        reach = min(-(spec.low or 0.0), spec.high or 0.0)
        flat = array.ravel()
        # No value is larger than the root of all squares' sum, and what is not a number makes that none either: one
        # quick look for almost every result. Where the sum is too large, each value is looked at.
        if reach > 0 and float(np.dot(flat, flat)) <= reach * reach:
            return True
        with np.errstate(all="ignore"):
            return bool(
                np.isfinite(flat).all()
                and (spec.low is None or float(flat.min()) >= spec.low)
                and (spec.high is None or float(flat.max()) <= spec.high)
            )
    return (spec.low is None or int(array.min()) >= spec.low) and (
        spec.high is None or int(array.max()) <= spec.high
    )
