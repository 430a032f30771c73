# SPDX-License-Identifier: GPL-3.0-or-later
"""Read masks from JSON text, in which requests have them so that they can be compared, sent and saved as they are.

Only what stands in the text is trusted: whoever wrote it, it is masks of a sensible size, or the fault is named.
"""

import json
import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NoReturn, TypeVar

import numpy as np

from ..errors import RecipeError
from ..reporting.quoting import quote
from .roto import (
    BLENDS,
    FALLOFFS,
    FOLLOWS,
    HANDLES,
    MAX_MASKS,
    MAX_ROTO_LETTERS,
    MODES,
    OFFSETS,
    WEIGHTS,
    Doubles,
    RotoLayer,
    RotoMask,
    RotoShape,
    RotoSpline,
    neighbours,
)

_MAX_PARTS = 256
_MAX_POINTS = 4096
_MAX_SHAPES = 1 << 14
_MAX_FRAME = 10**9
_MAX_PLACE = 1e4
_CORNER_NUMBERS, _POINT_NUMBERS = 2, 7
_WHOLE = "the masks"
_T = TypeVar("_T")


class JsonConstantError(ValueError):
    """A text has a constant that JSON has not, such as NaN: the error's text."""


@lru_cache(maxsize=16)
def parse_roto(text: str) -> tuple[RotoMask, ...]:
    """Return the masks of a text such as `{"masks": [{"layers": [...]}]}`; none for an empty one.

    Raises
    ------
    RecipeError
        It is not what it should be; the message names the part and the fix.
    """
    if not text:
        return ()
    if len(text) > MAX_ROTO_LETTERS:
        raise RecipeError(f"the masks have more than {MAX_ROTO_LETTERS} letters: draw them with fewer points")
    try:
        values = json.loads(text, parse_constant=refuse_constant)
    except json.JSONDecodeError as error:
        raise RecipeError(f"the masks are not JSON: {error.msg} in line {error.lineno}") from error
    except JsonConstantError as error:
        raise RecipeError(
            f"the masks can't be read as JSON with {error} in them: write a number in its place"
        ) from error
    except (RecursionError, ValueError) as error:
        raise RecipeError("the masks can't be read as JSON: make them simpler") from error
    given = _Entries(values, _WHOLE, ("masks",))
    return given.listing("masks", _mask_from, "mask", MAX_MASKS)


def keyframes_around(text: str, number: int) -> frozenset[int]:
    """Return the other frames in which masks were drawn that are carried from there to a frame.

    Parameters
    ----------
    text : str
        Masks as `parse_roto` reads them; those that can't be read have none.
    number : int
        The frame, counted from 0.

    Returns
    -------
    frozenset of int
        The keyframes around it of the masks that go with the face.
    """
    try:
        masks = parse_roto(text)
    except RecipeError:  # it is said where the masks are drawn
        return frozenset()
    layers = (layer for mask in masks if mask.follow != "none" for layer in mask.layers)
    frames = {shape.frame for layer in layers for shape in neighbours(layer, number)}
    return frozenset(frames - {number})


class _Entries:
    """An object of the text; every method raises RecipeError, with where the fault is."""

    def __init__(self, values: object, name: str, known: Sequence[str]) -> None:
        self.name = name
        if not isinstance(values, dict):
            raise self.fault(f"it is no object: write {{{', '.join(known)}}}")
        for key in values:
            if key not in known:
                raise self.fault(f"there is no entry {quote(str(key)[:60])}: known are {', '.join(known)}")
        self._values = values

    def fault(self, text: str) -> RecipeError:
        return RecipeError(f"{self.name}: {text}")

    def listing(
        self, key: str, read: Callable[[object, str], _T], part: str, most: int = _MAX_PARTS
    ) -> tuple[_T, ...]:
        entries = self._values.get(key)
        if not isinstance(entries, list) or not entries:
            raise self.fault(f"{key} is no list with something in it")
        if len(entries) > most:
            raise self.fault(f"{key} has {len(entries)} entries: give {most} at most")
        prefix = "" if self.name == _WHOLE else f"{self.name}, "
        return tuple(read(entry, f"{prefix}{part} {place}") for place, entry in enumerate(entries, 1))

    def optional(self, key: str) -> Any:
        return self._values.get(key)

    def choice(self, key: str, choices: Sequence[str]) -> str:
        value = self._values.get(key, choices[0])
        if not isinstance(value, str) or value not in choices:
            raise self.fault(f"{key} can't be {quote(str(value)[:60])}: use one of {', '.join(choices)}")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        value = self._values.get(key, default)
        if not isinstance(value, bool):
            raise self.fault(f"{key} is neither true nor false")
        return value

    def frame(self, key: str) -> int:
        value = self._values.get(key, 0)
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _MAX_FRAME:
            raise self.fault(f"{key} is no frame's number")
        return value

    def number(self, key: str, low: float, high: float, default: float) -> float:
        value = self._values.get(key, default)
        if not _is_number(value) or not low <= value <= high:
            raise self.fault(f"{key} is no number from {low:g} to {high:g}")
        return float(value)

    def numbers(self, values: object, what: str, counts: Sequence[int], limit: float) -> list[float]:
        if not isinstance(values, list) or len(values) not in counts or not all(map(_is_number, values)):
            raise self.fault(f"{what} has not {' or '.join(map(str, counts))} numbers")
        if any(abs(value) > limit for value in values):
            raise self.fault(f"{what} has a number above {limit:g}")
        return [float(value) for value in values]


def _mask_from(values: object, name: str) -> RotoMask:
    given = _Entries(values, name, ("mode", "follow", "feather", "layers"))
    return RotoMask(
        given.listing("layers", _layer_from, "layer"),
        given.choice("mode", MODES),
        given.choice("follow", FOLLOWS),
        given.number("feather", 0.0, 1.0, 0.0),
    )


def _layer_from(values: object, name: str) -> RotoLayer:
    names = ("opacity", "blend", "falloff", "invert", "holes", "splines", "shapes")
    given = _Entries(values, name, names)
    splines = given.listing("splines", _spline_from, "spline")
    shapes = given.listing("shapes", _shape_from, "shape", _MAX_SHAPES)
    counts = [[len(points) for points in shape.splines] for shape in shapes]
    if any(count != counts[0] for count in counts) or len(counts[0]) != len(splines):
        raise given.fault("its shapes have not the same points: give each spline's points in each shape")
    if sum(counts[0]) > _MAX_POINTS:
        raise given.fault(f"it has {sum(counts[0])} points: give {_MAX_POINTS} at most")
    for place, (spline, count) in enumerate(zip(splines, counts[0], strict=True), 1):
        if any(len(entries) not in (0, count) for entries in (spline.handles, spline.feather)):
            raise given.fault(f"spline {place} has {count} points: give as many handles and feather entries")
    frames = [shape.frame for shape in shapes]
    if frames != sorted(set(frames)):
        raise given.fault("its shapes are not in ascending frames, one for each frame")
    return RotoLayer(
        splines,
        shapes,
        _read_opacity(given),
        given.choice("blend", BLENDS),
        given.choice("falloff", FALLOFFS),
        given.flag("invert", default=False),
        given.flag("holes", default=True),
    )


def _read_opacity(given: _Entries) -> tuple[tuple[int, float], ...]:
    value = given.optional("opacity")
    if not isinstance(value, list):
        return ((0, given.number("opacity", 0.0, 1.0, 1.0)),)
    pairs = [given.numbers(pair, "a pair of opacity", (2,), _MAX_FRAME) for pair in value]
    frames = [frame for frame, _ in pairs]
    if not pairs or frames != sorted(set(frames)) or not all(0 <= alpha <= 1 for _, alpha in pairs):
        raise given.fault("opacity is no list of [frame, 0 to 1] in ascending frames")
    return tuple((int(frame), alpha) for frame, alpha in pairs)


def _spline_from(values: object, name: str) -> RotoSpline:
    given = _Entries(values, name, ("cyclic", "fill", "offset", "weight", "handles", "feather"))
    handles, feather = given.optional("handles") or [], given.optional("feather") or []
    if not isinstance(handles, list) or not all(_is_handle_pair(pair) for pair in handles):
        raise given.fault(f"handles are no list of pairs of {', '.join(HANDLES)}")
    if not isinstance(feather, list) or not all(isinstance(points, list) for points in feather):
        raise given.fault("feather is no list with a list for each point")
    widths = tuple(
        tuple(
            (low, high) for low, high in (given.numbers(pair, "feather", (2,), _MAX_PLACE) for pair in points)
        )
        for points in feather
    )
    if any(not 0 < at < 1 for points in widths for at, _ in points):
        raise given.fault("a point of the feather is not between 0 and 1 of its segment")
    return RotoSpline(
        given.flag("cyclic", default=True),
        given.flag("fill", default=True),
        given.choice("offset", OFFSETS),
        given.choice("weight", WEIGHTS),
        tuple((left, right) for left, right in handles),
        tuple(tuple(sorted(points)) for points in widths),
    )


def _shape_from(values: object, name: str) -> RotoShape:
    given = _Entries(values, name, ("frame", "splines"))

    def read(points: object, part: str) -> Doubles:
        if not isinstance(points, list) or not points or len(points) > _MAX_POINTS:
            raise given.fault(f"{part} is no list of 1 to {_MAX_POINTS} points")
        counts = (_CORNER_NUMBERS, _POINT_NUMBERS)
        rows = [given.numbers(point, f"a point of {part}", counts, _MAX_PLACE) for point in points]
        corners = [row[:2] if len(row) == _CORNER_NUMBERS else row[2:4] for row in rows]
        return np.array(
            [
                row if len(row) == _POINT_NUMBERS else _corner(corners, place)
                for place, row in enumerate(rows)
            ],
            np.float64,
        )

    splines = given.listing("splines", lambda points, part: read(points, part.rpartition(", ")[2]), "spline")
    return RotoShape(given.frame("frame"), splines)


def _corner(corners: Sequence[Sequence[float]], place: int) -> list[float]:
    """Return a point whose handles lead straight to its neighbours, as Blender's vector handles do."""
    here = corners[place]
    sides = (corners[place - 1], corners[(place + 1) % len(corners)])
    left, right = ([a + (b - a) / 3 for a, b in zip(here, side, strict=True)] for side in sides)
    return [*left, *here, *right, 0.0]


def _is_handle_pair(pair: object) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(one in HANDLES for one in pair)


def _is_number(value: object) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) < 1e18
        and math.isfinite(value)
    )


def refuse_constant(name: str) -> NoReturn:
    """Raise JsonConstantError: for `json.loads`, which reads NaN and infinite numbers otherwise."""
    raise JsonConstantError(name)
