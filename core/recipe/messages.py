# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes from another process as JSON, checked before any of it is used: types, ranges, sizes.

The asker may have read its values from a project that comes from anyone, so a value is what it should be, or the
message that it came in is refused.
"""

import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from ..errors import MessageError

MAX_LINE_BYTES = 1 << 26
"""Bytes of a line. A clip of 100,000 images with paths of 500 letters has 50 MB."""
MAX_FRAME_NUMBER = 10**9 - 1
_MAX_TEXT_CHARACTERS = 1 << 16
_MAX_PATH_CHARACTERS = 1 << 14
_MAX_NUMBER = 1 << 62
_T = TypeVar("_T")


def parse(line: bytes) -> tuple[str, Any]:
    """Return the kind and the value of a message: a line that holds a JSON object of one entry. MessageError."""
    try:
        message = json.loads(line.decode("utf-8"), parse_constant=_refuse_constant)
    except RecursionError:
        raise MessageError("a message is nested too deeply") from None
    except ValueError as error:
        raise MessageError(f"a message is no JSON: {error}") from None
    if not isinstance(message, dict) or len(message) != 1 or "" in message:
        raise MessageError("a message is no object of one entry with a name")
    return next(iter(message.items()))


def entries(value: object, *names: str) -> Mapping[str, Any]:
    """Return an object that has exactly these entries."""
    if not isinstance(value, dict) or set(value) != set(names):
        raise MessageError(f"an object must have the entries {', '.join(names)}")
    return value


def listing(value: object, read: Callable[[Any], _T], max_length: int = 1 << 20) -> tuple[_T, ...]:
    """Return what `read` makes of each entry of a list."""
    if not isinstance(value, list | tuple) or len(value) > max_length:
        raise MessageError(f"a list of at most {max_length} entries is expected")
    return tuple(read(entry) for entry in value)


def text(value: object, max_length: int = _MAX_TEXT_CHARACTERS) -> str:
    """Return a text."""
    if not isinstance(value, str) or len(value) > max_length:
        raise MessageError(f"a text of at most {max_length} letters is expected")
    return value


def path(value: object) -> Path:
    """Return a path that the system takes as one."""
    name = text(value, _MAX_PATH_CHARACTERS)
    try:
        os.fsencode(name)
    except UnicodeError:
        raise MessageError("a path has letters that no path may have") from None
    if not name or "\0" in name:
        raise MessageError("a path is empty or has letters that no path may have")
    return Path(name)


def flag(value: object) -> bool:
    """Return a true or false."""
    if not isinstance(value, bool):
        raise MessageError("true or false is expected")
    return value


def integer(value: object, low: int = 0, high: int = _MAX_NUMBER) -> int:
    """Return a whole number from `low` to `high`."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise MessageError(f"a whole number from {low} to {high} is expected")
    return value


def frame_number(value: object, low: int = 0) -> int:
    """Return the number of a frame of a clip, from `low`."""
    return integer(value, low, MAX_FRAME_NUMBER)


def number(value: object) -> float:
    """Return a finite number."""
    if (
        not isinstance(value, int | float)
        or isinstance(value, bool)
        or not -_MAX_NUMBER <= value <= _MAX_NUMBER
    ):
        raise MessageError("a finite number is expected")
    if not math.isfinite(value):
        raise MessageError("a finite number is expected")
    return value


def arguments(kind: type, values: object, **field_readers: Callable[[Any], object]) -> dict[str, Any]:
    """Return a dataclass's fields, each read as its type says, or as `field_readers` says for it."""
    names = [entry.name for entry in fields(kind)]
    hints, given = get_type_hints(kind), entries(values, *names)
    return {name: (field_readers.get(name) or _reader(hints[name]))(given[name]) for name in names}


def _reader(hint: Any) -> Callable[[Any], object]:
    readers: dict[Any, Callable[[Any], object]] = {
        Path: path,
        str: text,
        bool: flag,
        int: integer,
        float: number,
        bytes: hex_bytes,
    }
    if get_origin(hint) is tuple:
        one = _reader(get_args(hint)[0])
        return lambda value: listing(value, one)
    if isinstance(hint, UnionType):
        (kind,) = (entry for entry in get_args(hint) if entry is not NoneType)
        some = _reader(kind)
        return lambda value: None if value is None else some(value)
    return readers[hint]


def hex_bytes(value: object) -> bytes:
    """Return the bytes that a text of hexadecimal digits stands for."""
    try:
        return bytes.fromhex(text(value))
    except ValueError:
        raise MessageError("hex digits are expected") from None


def _refuse_constant(name: str) -> float:
    raise MessageError(f"a message has the number {name}")
