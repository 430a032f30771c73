# SPDX-License-Identifier: GPL-3.0-or-later
"""Corrections of landmarks as a file of corrections has them."""

import math
from collections.abc import Sequence

from ..errors import RecipeError
from ..face.landmark_handles import HANDLES
from ..recipe.frame_ranges import MAX_FADE_FRAMES
from ..recipe.landmark_edits import (
    MAX_FACE,
    MAX_LANDMARK_EDITS,
    MAX_LANDMARK_KEYS,
    REST,
    LandmarkEdit,
    LandmarkKey,
    validate_landmark_edit,
)
from .tables import Table, quote_value

_MAX_FRAME = 10**9 - 1
_EDIT_NAMES = ("first", "last", "face", "fade", "keys")
_KEY_NAMES = ("frame", "shift", "rotation", "scale", "handles", "place")
_PLACE_NAMES = ("left_eye", "right_eye", "mouth")


def read_landmark_edits(table: Table) -> tuple[LandmarkEdit, ...]:
    """Return what the list `landmarks` of a file of corrections asks for.

    An entry of it is an object such as

    `{"first": 74, "last": 86, "keys": [{"frame": 74, "rotation": 3, "handles": {"chin": [0, 0.02]}}]}`

    with frames of the clip counted from 0. `face` and `fade` may be left out, and in a key everything but its frame.
    Instead of moving a face that is found, keys may place one: `"place": {"left_eye": [x, y], "right_eye": [x, y],
    "mouth": [x, y]}`, in pixels of the frame.

    Parameters
    ----------
    table : Table
        The file.

    Returns
    -------
    tuple of LandmarkEdit
        In their order; empty where there is no such list.

    Raises
    ------
    BatchError
        Something is not what it should be; the message names the correction, the key and the fix.
    """
    entries = _objects(table, "landmarks", '"landmarks": [{"first": 74, "last": 86, "keys": [...]}]')
    if len(entries) > MAX_LANDMARK_EDITS:
        raise table.fault(
            f"it has {len(entries)} corrections of landmarks: give {MAX_LANDMARK_EDITS} at most"
        )
    return tuple(_read_edit(entry) for entry in entries)


def _read_edit(table: Table) -> LandmarkEdit:
    table.require_known(_EDIT_NAMES)
    for name in ("first", "last", "keys"):
        if name not in table:
            raise table.fault(f"{name} is missing: write first, last and keys")
    keys = _objects(table, "keys", '"keys": [{"frame": 74, "handles": {"chin": [0, 0.02]}}]')
    if len(keys) > MAX_LANDMARK_KEYS:
        raise table.fault(f"it has {len(keys)} keys: give {MAX_LANDMARK_KEYS} at most")
    edit = LandmarkEdit(
        table.count("first", _MAX_FRAME),
        table.count("last", _MAX_FRAME),
        tuple(_read_key(entry) for entry in keys),
        table.count("face", MAX_FACE) if "face" in table else 0,
        table.count("fade", MAX_FADE_FRAMES) if "fade" in table else 0,
    )
    try:
        return validate_landmark_edit(edit)
    except RecipeError as error:
        raise table.fault(str(error)) from error


def _read_key(table: Table) -> LandmarkKey:
    table.require_known(_KEY_NAMES)
    if "frame" not in table:
        raise table.fault("frame is missing: every key has one")
    offsets = dict(zip(HANDLES, REST, strict=True)) | _read_points(table, "handles", tuple(HANDLES))
    place = _read_points(table, "place", _PLACE_NAMES)
    if place and len(place) < len(_PLACE_NAMES):
        raise table.fault(f"place needs {', '.join(_PLACE_NAMES)}")
    return LandmarkKey(
        table.count("frame", _MAX_FRAME),
        _pair(table, "shift", table.values.get("shift", [0, 0])),
        _number(table, "rotation", table.values.get("rotation", 0)),
        _number(table, "scale", table.values.get("scale", 1)),
        tuple(offsets[name] for name in HANDLES),
        tuple(value for name in _PLACE_NAMES if place for value in place[name]),
    )


def _read_points(table: Table, name: str, names: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Return pairs of numbers by the names that they may have."""
    value = table.values.get(name, {})
    if not isinstance(value, dict):
        raise table.fault(f'{name} is an object: write {{"{names[0]}": [x, y]}}')
    points = Table(value, f"{table.name}, {name}", table.folder)
    points.require_known(names)
    return {point: _pair(points, point, pair) for point, pair in value.items()}


def _pair(table: Table, name: str, value: object) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise table.fault(f"{name} is two numbers, not {quote_value(value)}: write [x, y]")
    return _number(table, name, value[0]), _number(table, name, value[1])


def _number(table: Table, name: str, value: object) -> float:
    try:
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    except OverflowError:
        pass
    raise table.fault(f"{name} must be a number, not {quote_value(value)}")


def _objects(table: Table, name: str, example: str) -> list[Table]:
    value = table.values.get(name, [])
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise table.fault(f"{name} is a list of objects: write {{{example}}}")
    title = "correction" if name == "landmarks" else "key"
    return [
        Table(entry, f"{table.name}, {title} {number}", table.folder) for number, entry in enumerate(value, 1)
    ]
