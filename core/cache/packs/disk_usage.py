# SPDX-License-Identifier: GPL-3.0-or-later
"""How much a cache folder takes on the disk. No link is followed, and no depth of folders is too much."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ...filesystem import FolderEntry, Location
from .layout import LAYERS_FOLDER

MAX_FOLDER_DEPTH = 32
"""How deep folders of ours lie within each other at most: an engine's lie three deep."""


def size_on_disk(root: Path) -> int:
    """Return the bytes of all files of a cache folder but the layer images, as the file system says now.

    Raises OSError.
    """
    return sum(entry.status.st_size for entry in _files(Location(root), exclude=LAYERS_FOLDER))


def layer_bytes_on_disk(root: Path) -> int:
    """Return the bytes of the layer images that lie in a cache folder. Raises OSError."""
    try:
        return sum(entry.status.st_size for entry in _files(Location(root) / LAYERS_FOLDER))
    except (FileNotFoundError, NotADirectoryError):
        return 0


def _files(root: Location, exclude: str = "") -> Iterator[FolderEntry]:
    """Yield the files in a folder and in those below it, what can't be read or lies too deep left out."""
    waiting: list[Location] = []
    for entry, place in _entries_at(root):
        if entry.name != exclude:
            yield from _file_or_descend(entry, place, waiting)
    while waiting:
        with suppress(OSError):  # gone meanwhile, or another user's
            for entry, place in _entries_at(waiting.pop()):
                yield from _file_or_descend(entry, place, waiting)


def _entries_at(location: Location) -> Iterator[tuple[FolderEntry, Location]]:
    with location.open() as folder:
        for entry in folder.entries():
            yield entry, location


def _file_or_descend(
    entry: FolderEntry, location: Location, pending: list[Location]
) -> Iterator[FolderEntry]:
    if entry.is_file:
        yield entry
    elif entry.is_folder and len(location.names) < MAX_FOLDER_DEPTH:
        pending.append(location / entry.name)
