# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stage gives: its arrays by name, with their dtypes, sizes and ranges, so that anything else is not used.

A checksum tells what an accident did; whoever may write to a cache makes a good one for any value. A schema tells
whether a value has the form that the stage's own results have: only then may it be used without a further look.
It is no proof of where a value comes from: see `stores.encryption` and `stores.signature` for that.
"""

import struct
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import hypot, inf, prod
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from .key import key_line_value
from .payload import DecodedArrays, array_layout
from .store import Arrays

MAX_FACES = 4096
"""Of one frame."""
FACE_COUNTS = range(MAX_FACES + 1)
MAX_COORDINATE_PIXELS = float(1 << 18)
"""Pixels: a frame has at most 65535 a side, and no point of a face that it shows lies farther away than this."""
MAX_SCORE = 8.0
"""A score is 0 to 1, but networks' own numbers may be somewhat above."""
_MAX_PYTHON_VALUES = 16  # values that Python looks at in less time than NumPy takes to begin
_MAX_CACHED_HEADER_BYTES = 2048  # longer ones are not remembered, so that all of them take a megabyte at most
_MAX_PYTHON_BYTES = 2400  # of floats, of which Python looks at one byte each in less time than NumPy takes
_ROUNDING_FACTOR = 1 - 2.0**-20  # more than a sum of squares can lose; it is never less than its largest part
_LRU_ENTRIES = 512  # layouts: each stage has a few

Layout: TypeAlias = tuple[tuple[str, "np.dtype[np.generic]", tuple[int, ...]], ...]


@dataclass(frozen=True)
class ArraySpec:
    """One array of a stage's result.

    Attributes
    ----------
    name : str
        The array's name in the result.
    dtype : str
        Its dtype's name, such as "uint8" or "float32".
    shape : tuple of int or str
        For each axis a size, or the name of one of the schema's sizes: equal wherever the name stands.
    low, high : float or None
        The least and the greatest value allowed; None for every value of the dtype.
    optional : bool
        Whether a result may be without it.

    Raises
    ------
    ValueError
        An array of floats lacks `low` or `high`.
    """

    name: str
    dtype: str
    shape: tuple[int | str, ...]
    low: float | None = None
    high: float | None = None
    optional: bool = False

    def __post_init__(self) -> None:
        if np.dtype(self.dtype).kind == "f" and (self.low is None or self.high is None):
            raise ValueError(f"{self.name} has floats: say what they lie within")


@dataclass(frozen=True, eq=False)
class Schema:
    """All arrays of a stage's result. Nothing else may be in it.

    Attributes
    ----------
    arrays : tuple of ArraySpec
        The arrays.
    sizes : mapping of str to a container of int, such as a range
        What each named size may be.
    check_values, check_sizes : callable, optional
        Return what else is wrong, empty if nothing is: of arrays that have the right form; of the named sizes alone.
    """

    arrays: tuple[ArraySpec, ...]
    sizes: Mapping[str, Container[int]] = field(default_factory=dict)
    check_values: Callable[[Arrays], str] | None = None
    check_sizes: Callable[[Mapping[str, int]], str] | None = None

    def fault(self, arrays: Arrays) -> str:
        """Return what is wrong with a result.

        Parameters
        ----------
        arrays : mapping of str to numpy.ndarray
            The result.

        Returns
        -------
        str
            One line; empty if the result has the form that is described here.
        """
        if type(arrays) is DecodedArrays and len(arrays.header) <= _MAX_CACHED_HEADER_BYTES:
            fault, limits = _verdict_by_header(self, arrays.header)
            raw, data = arrays.raw, arrays.data
        else:
            layout = tuple([(name, array.dtype, array.shape) for name, array in arrays.items()])
            fault, limits = _verdict(self, layout)
            raw, data = b"", 0
        if fault:
            return fault
        for name, within, bounds, begin, end, usual in limits:
            if usual and not raw[data + begin : data + end : 4].translate(None, usual):
                continue
            if not within(arrays[name], bounds):
                return f"{name} has values that are not numbers or out of range"
        return self.check_values(arrays) if self.check_values is not None else ""


class SchemaByLine:
    """A stage's schemas, where one line of the key's text says which it is. This is quicker than a function."""

    def __init__(self, line: str, choose_schema: Callable[[str], Schema]) -> None:
        """Take the name of the line, and what returns the schema for its value, "" where there is no such line.

        Better have that remember its schemas: what is known of layouts is known for each of them.
        """
        self.line = line
        self.line_prefix = f"\n{line}="
        self.first_line_prefix = f"{line}="
        self.choose_schema = choose_schema

    def __call__(self, text: str) -> Schema:
        """Return the schema of what is kept under a key with this text."""
        return self.choose_schema(key_line_value(text, self.line) or "")


StageSchema: TypeAlias = Schema | SchemaByLine | Callable[[str], Schema]
"""A stage's schema, or a callable that returns it for a key's text, where the inputs say more about the result."""

NO_SCHEMAS: Mapping[str, StageSchema] = MappingProxyType({})
"""For stages that have none: nothing is checked but what the store itself says."""


def schema_for(text: str, stage_schemas: Mapping[str, StageSchema]) -> Schema | None:
    """Return the schema of what is kept under a key with this text; None for a stage without one."""
    # Each get comes here: `key_line_value` would be a call more.
    _, mark, rest = text.partition("\nstage=")
    form = stage_schemas.get(rest.partition("\n")[0] if mark else key_line_value(text, "stage") or "")
    if isinstance(form, SchemaByLine):
        beginning = form.first_line_prefix
        if text.startswith(beginning):
            return form.choose_schema(text.partition("\n")[0][len(beginning) :])
        return form.choose_schema(text.partition(form.line_prefix)[2].partition("\n")[0])
    return form if form is None or isinstance(form, Schema) else form(text)


class _Bounds(NamedTuple):
    """What values lie within, and how that is seen quickly."""

    low: float
    high: float
    max_norm: float
    """No value is too far from 0 where the root of the sum of squares, or of many the sum, is no larger; 0: unknown."""
    check_low: bool
    """Whether a value may be too low all the same."""


class _ValueLimit(NamedTuple):
    """An array whose values are limited, and what tells whether they keep to that."""

    name: str
    is_within: Callable[[npt.NDArray[np.generic], "_Bounds"], bool]
    bounds: _Bounds
    begin: int = 0
    """Where in a payload's data the last byte of its first value lies, and where its values end."""
    end: int = 0
    valid_top_bytes: bytes = b""
    """What this byte of a float32 may be for any that has it to lie within the bounds: sign and most of the exponent.

    So Python sees of almost every short array that it is sound, before NumPy would begin. Empty where that is not so.
    """


_Verdict: TypeAlias = tuple[str, tuple[_ValueLimit, ...]]


@lru_cache(_LRU_ENTRIES)
def _verdict(schema: Schema, layout: Layout) -> _Verdict:
    """Return what is wrong with names, dtypes and shapes, and whose values are limited.

    Remembered, because a stage gives the same few shapes again and again.
    """
    there = {name: (dtype, shape) for name, dtype, shape in layout}
    if not there.keys() <= {spec.name for spec in schema.arrays}:
        return "it has an array that the stage does not give", ()
    sizes: dict[str, int] = {}
    limits = []
    for spec in schema.arrays:
        if spec.name not in there:
            if spec.optional:
                continue
            return f"{spec.name} is missing", ()
        dtype, shape = there[spec.name]
        if dtype != np.dtype(spec.dtype):
            return f"{spec.name} is {dtype}, not {spec.dtype}", ()
        if len(shape) != len(spec.shape) or not all(
            _is_size_allowed(size, wanted, sizes, schema.sizes)
            for size, wanted in zip(shape, spec.shape, strict=False)
        ):
            return f"{spec.name} is of the wrong size", ()
        if (spec.low is not None or spec.high is not None) and 0 not in shape:
            limits.append(_value_limit(spec, dtype, shape))
    return schema.check_sizes(sizes) if schema.check_sizes is not None else "", tuple(limits)


@lru_cache(_LRU_ENTRIES)
def _verdict_by_header(schema: Schema, header: bytes) -> _Verdict:
    """Return the same by the text that a payload begins with, which is read as the arrays' own reading has it."""
    layout = array_layout(header)
    fault, limits = _verdict(schema, layout)
    begins, begin = {}, 0
    for name, dtype, shape in layout:
        begins[name] = (begin, begin + prod(shape) * dtype.itemsize)
        begin = begins[name][1]
    dtypes = {name: dtype for name, dtype, _ in layout}
    placed = []
    for limit in limits:
        begin, end = begins[limit.name]
        usual = b""
        if dtypes[limit.name] == np.float32 and end - begin <= _MAX_PYTHON_BYTES:
            usual = _valid_top_bytes(limit.bounds.low, limit.bounds.high)
        placed.append(limit._replace(begin=begin + 3, end=end, valid_top_bytes=usual))
    return fault, tuple(placed)


@lru_cache(_LRU_ENTRIES)
def _valid_top_bytes(low: float, high: float) -> bytes:
    """Return the last bytes of little-endian float32 with which each lies within these bounds, whatever the others."""
    sound = []
    for byte in range(256):
        numbers = struct.unpack("<2f", bytes((0, 0, 0, byte, 255, 255, 255, byte)))
        if all(low <= number <= high for number in numbers):  # the ends of a range; none holds for NaN
            sound.append(byte)
    return bytes(sound)


def _is_size_allowed(
    size: int, size_spec: int | str, sizes: dict[str, int], allowed_sizes: Mapping[str, Container[int]]
) -> bool:
    if isinstance(size_spec, int):
        return size == size_spec
    return size in allowed_sizes[size_spec] and sizes.setdefault(size_spec, size) == size


def _value_limit(spec: ArraySpec, dtype: "np.dtype[np.generic]", shape: tuple[int, ...]) -> _ValueLimit:
    low = -inf if spec.low is None else spec.low
    high = inf if spec.high is None else spec.high
    reach = 0.0
    if dtype == np.float32:  # a larger float may differ from the limit by less than the rounding
        reach = (high if low >= 0 else min(-low, high)) * _ROUNDING_FACTOR
    if prod(shape) == 1:
        return _ValueLimit(spec.name, _is_one_within, _Bounds(low, high, reach, low > -high))
    if prod(shape) <= _MAX_PYTHON_VALUES:
        return _ValueLimit(spec.name, _are_few_within, _Bounds(low, high, reach, low > -high))
    return _ValueLimit(spec.name, _are_many_within, _Bounds(low, high, reach * reach, low > -high))


def _is_one_within(array: npt.NDArray[np.generic], bounds: _Bounds) -> bool:
    low, high, _, _ = bounds
    return bool(low <= array.item() <= high)


def _are_few_within(array: npt.NDArray[np.generic], bounds: _Bounds) -> bool:
    low, high, reach, lowest = bounds
    values = array.ravel().tolist()
    # What is not a number makes no sum of squares either, nor a comparison that holds.
    if reach > 0 and hypot(*values) <= reach:
        return not lowest or bool(min(values) >= low)
    return all(low <= value <= high for value in values)


def _are_many_within(array: npt.NDArray[np.generic], bounds: _Bounds) -> bool:
    low, high, square, lowest = bounds
    if square > 0 and not lowest and float(np.vdot(array, array)) <= square:  # type: ignore[arg-type]
        return True
    # What is not a number is the least and the most, and within no limits.
    return bool(low <= array.item(array.argmin()) and array.item(array.argmax()) <= high)
