# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON file beside an output: what it is called, and what it says of the output's content."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..filesystem import MAX_NAME_BYTES, open_input, read_input
from .facts import CompositeFacts
from .mark_file import can_hold_mark

SUFFIX = ".understudy.json"
CONTENT, FACTS = "content", "facts"
"""Entries: the hash of the output, and what was done."""
_MARK_DIGITS = 8
_MAX_BYTES = 1 << 24
_NUMBER = re.compile(r"\d+(?=\D*$)")


def sidecar_name(movie_name: str) -> str:
    """Return what the file is called that says what was done: the movie's name, and less of it where it is long."""
    stored = movie_name.encode(errors="surrogateescape")
    most = MAX_NAME_BYTES - len(SUFFIX)
    if len(stored) <= most:
        return movie_name + SUFFIX
    # Two movies whose names begin alike must not share it.
    mark = "~" + hashlib.sha256(stored).hexdigest()[:_MARK_DIGITS]
    return stored[: most - len(mark)].decode(errors="ignore") + mark + SUFFIX


@dataclass(frozen=True)
class Sidecar:
    """What a file says that lies beside an output.

    Attributes
    ----------
    values : mapping of str
        Its entries; empty where there is no such file, or none of ours.
    is_of_sequence : bool
        Whether it is that of an image sequence, which says nothing of a single image's hash.
    """

    values: Mapping[str, object]
    is_of_sequence: bool = False

    @property
    def digest(self) -> str:
        """The hash that it states for the output; empty where it states none."""
        stated = self.values.get(CONTENT)
        return stated if isinstance(stated, str) and not self.is_of_sequence else ""


def read_sidecar(path: Path) -> Sidecar:
    """Return what the file says that lies beside an output: a movie, an image, or one of an image sequence."""
    values = _entries(path.with_name(sidecar_name(path.name)))
    number = _NUMBER.search(path.name)
    if values or number is None:
        return Sidecar(values)
    head, tail = path.name[: number.start()], path.name[number.end() :]
    for form in (f"%0{len(number[0])}d", "%d"):
        values = _entries(path.with_name(sidecar_name(f"{head}{form}{tail}")))
        if values:
            return Sidecar(values, is_of_sequence=True)
    return Sidecar({})


def _entries(path: Path) -> Mapping[str, object]:
    try:
        values = json.loads(read_input(path, _MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def content_entries(name: str, path: Path, facts: CompositeFacts) -> dict[str, object]:
    """Return what the file beside an output says of the marks; of one that holds none its hash. Raises OSError.

    Parameters
    ----------
    name : str
        What the output is called; its ending tells the format.
    path : pathlib.Path
        Where it lies now.
    facts : CompositeFacts
        What was done.

    Returns
    -------
    dict of str
        The entries.
    """
    entries: dict[str, object] = {FACTS: facts.as_dict(), "digital_source_type": facts.digital_source_type}
    return entries if can_hold_mark(name) else entries | {CONTENT: file_digest(path)}


def file_digest(path: Path) -> str:
    """Return the hex SHA-256 of a file. Raises OSError."""
    with open_input(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
