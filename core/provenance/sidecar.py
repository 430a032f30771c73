# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON file beside an output: what it is called, and what it says of the output's content."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..filesystem import MAX_NAME_BYTES, open_input, read_input

SUFFIX = ".understudy.json"
CONTENT, FILES, FACTS = "content", "files", "facts"
"""Entries: the hash of the output, those of an image sequence's files by their names, and what was done."""
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


def read_sidecar(path: Path) -> Mapping[str, object]:
    """Return what the file says that lies beside an output; nothing where there is none, or none of ours.

    Parameters
    ----------
    path : pathlib.Path
        A movie or an image; of an image sequence one of its images.

    Returns
    -------
    mapping of str
        Its entries.
    """
    number = _NUMBER.search(path.name)
    names = [path.name]
    if number is not None:
        head, tail = path.name[: number.start()], path.name[number.end() :]
        names += [f"{head}{form}{tail}" for form in (f"%0{len(number[0])}d", "%d")]
    for name in names:
        try:
            values = json.loads(read_input(path.with_name(sidecar_name(name)), _MAX_BYTES))
        except (OSError, ValueError, RecursionError):
            continue
        if isinstance(values, dict):
            return values
    return {}


def stated_digest(values: Mapping[str, object], name: str) -> str:
    """Return the hash that a sidecar's entries state for the file of a name; empty where they state none."""
    files = values.get(FILES)
    stated = files.get(name) if isinstance(files, dict) else None if FILES in values else values.get(CONTENT)
    return stated if isinstance(stated, str) else ""


def file_digests(files: Sequence[Path]) -> dict[str, str]:
    """Return the hex SHA-256 of files by their names. Raises OSError."""
    digests = {}
    for path in files:
        with open_input(path) as file:
            digests[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests
