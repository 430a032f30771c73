# SPDX-License-Identifier: GPL-3.0-or-later
"""The tags of a TIFF file's first image: TIFF 6.0 and BigTIFF."""

import struct
from collections.abc import Callable, Collection
from pathlib import Path

from ..filesystem import open_input

TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
SAMPLE_FORMAT, PLANAR_CONFIGURATION = 339, 284
_TYPES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 16: "Q", 17: "q"}
_MAX_ENTRIES, _MAX_VALUES = 4096, 64
_FLOAT_FORMAT = 3


def read_tiff_tags(read_at: Callable[[int, int], bytes], tags: Collection[int]) -> dict[int, int]:
    """Return some tags of a TIFF file.

    Parameters
    ----------
    read_at : callable
        Takes a place in the file and a number of bytes, returns these, or fewer at its end.
    tags : collection of int
        The tags, those of whole numbers alone.

    Returns
    -------
    dict of int to int
        Those that are there. Of a tag that is there twice, and of a list, the largest: whichever a decoder takes, it is
        no larger.

    Raises
    ------
    struct.error
        The header is cut off.
    """
    start = read_at(0, 16)
    order = "<" if start.startswith(b"I") else ">"
    is_big = start[2 if order == "<" else 3 : 4][:1] == b"+"
    offset_letter, offset_bytes = ("Q", 8) if is_big else ("I", 4)
    count_letter, entry_bytes = ("Q", 20) if is_big else ("H", 12)
    (at,) = struct.unpack_from(order + offset_letter, start, offset_bytes)
    count_bytes = struct.calcsize(order + count_letter)
    (entries,) = struct.unpack(order + count_letter, read_at(at, count_bytes))
    entries = min(entries, _MAX_ENTRIES)
    directory = read_at(at + count_bytes, entries * entry_bytes)
    values: dict[int, int] = {}
    for number in range(entries):
        tag, kind, count = struct.unpack_from(f"{order}HH{offset_letter}", directory, number * entry_bytes)
        letter = _TYPES.get(kind)
        if tag not in tags or letter is None or not count:
            continue
        listed, place = min(count, _MAX_VALUES), number * entry_bytes + 4 + offset_bytes
        size = struct.calcsize(letter) * listed
        if struct.calcsize(letter) * count > offset_bytes:
            (elsewhere,) = struct.unpack_from(order + offset_letter, directory, place)
            stored = read_at(elsewhere, size)
        else:
            stored = directory[place : place + size]
        values[tag] = max(values.get(tag, 0), *struct.unpack(f"{order}{listed}{letter}", stored))
    return values


def has_floats(tags: dict[int, int]) -> bool:
    """Whether an image with these tags has samples of floating point numbers."""
    return tags.get(SAMPLE_FORMAT) == _FLOAT_FORMAT


def is_float_tiff(path: Path) -> bool:
    """Whether a file is a TIFF image of floating point numbers; False where it can't be read."""
    try:
        with open_input(path) as file:

            def read_at(at: int, size: int) -> bytes:
                file.seek(at)
                return file.read(size) or b""

            return read_at(0, 4) in TIFF_SIGNATURES and has_floats(read_tiff_tags(read_at, (SAMPLE_FORMAT,)))
    except (OSError, struct.error, OverflowError):
        return False
