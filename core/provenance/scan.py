# SPDX-License-Identifier: GPL-3.0-or-later
"""What a file holds besides its content, as each format's module finds it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

_MAX_PARTS = 1 << 20
"""Far more than whole files have: a gigabyte of empty parts would keep a reader busy for minutes."""
_Part = TypeVar("_Part")


class FormatError(Exception):
    """A file is not what its format asks for. For the modules of this package, which name the file."""


@dataclass(frozen=True)
class MarkScan:
    """The marks of a file, and what its content is besides.

    Attributes
    ----------
    packet : bytes
        The XMP packet; empty where there is none.
    has_manifest : bool
        Whether there is a C2PA manifest.
    content : str
        Hex SHA-256 of all that is no mark. It stays the same when a mark is added or taken away. Empty where it was not
        looked at.
    """

    packet: bytes
    has_manifest: bool
    content: str


def limit_parts(parts: Iterable[_Part]) -> Iterator[_Part]:
    """Yield the parts of a file. FormatError where they are so many that they are nothing but a burden."""
    for count, part in enumerate(parts):
        if count >= _MAX_PARTS:
            raise FormatError("it has more than a million parts")
        yield part
