# SPDX-License-Identifier: GPL-3.0-or-later
"""How much a cache folder takes on the disk. No link is followed, and no depth of folders is too much."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ...filesystem import Entry, Location
from .layout import LAYERS

DEEPEST = 32
"""How deep folders of ours lie within each other at most: an engine's lie three deep."""


def size_on_disk(root: Path) -> int:
    """Return the bytes of all files of a cache folder but the layer pictures, as the file system says now.

    Raises OSError.
    """
    return sum(entry.status.st_size for entry in _files(Location(root), without=LAYERS))


def layers_on_disk(root: Path) -> int:
    """Return the bytes of the layer pictures that lie in a cache folder. Raises OSError."""
    try:
        return sum(entry.status.st_size for entry in _files(Location(root) / LAYERS))
    except (FileNotFoundError, NotADirectoryError):
        return 0


def _files(root: Location, without: str = "") -> Iterator[Entry]:
    """Yield the files in a folder and in those below it, what can't be read or lies too deep left out."""
    waiting: list[Location] = []
    for entry, place in _listed(root):
        if entry.name != without:
            yield from _kept(entry, place, waiting)
    while waiting:
        with suppress(OSError):  # gone meanwhile, or another user's
            for entry, place in _listed(waiting.pop()):
                yield from _kept(entry, place, waiting)


def _listed(place: Location) -> Iterator[tuple[Entry, Location]]:
    with place.open() as folder:
        for entry in folder.entries():
            yield entry, place


def _kept(entry: Entry, place: Location, waiting: list[Location]) -> Iterator[Entry]:
    if entry.is_file:
        yield entry
    elif entry.is_folder and len(place.names) < DEEPEST:
        waiting.append(place / entry.name)
