# SPDX-License-Identifier: GPL-3.0-or-later
"""Which outputs were made with a person: found in folders by the marks in them and the files beside them."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from ..cache.settings import CACHE_FOLDER_NAME
from ..errors import OutputError, os_error_reason
from ..filesystem import Folder
from ..provenance.mark_file import can_hold_mark
from ..provenance.sidecar import sidecar_name
from ..provenance.source_images import stated_source_images

_MAX_DEPTH = 32


class OutputInspection(NamedTuple):
    """A file that was looked at."""

    path: Path
    is_made_with: bool
    """Whether it says that it was made with any of the images."""


def inspect_outputs(folders: Iterable[Path], image_hashes: frozenset[str]) -> Iterator[OutputInspection]:
    """Look at the outputs in folders, and in those below them, one after the other.

    Parameters
    ----------
    folders : iterable of pathlib.Path
        Where to look. Links below them and cache folders are passed over.
    image_hashes : frozenset of str
        Hex SHA-256 of the image files of a person.

    Yields
    ------
    OutputInspection
        Each image and movie that can have a mark, and each file that has one beside it, in the order of their names.

    Raises
    ------
    OutputError
        A folder that was named can't be read.
    """
    for folder in folders:
        try:
            with Folder(folder) as opened:
                names, children = _content(opened)
        except OSError as error:
            raise OutputError(f"can't read the folder {folder}: {os_error_reason(error).lower()}") from error
        yield from _inspect(folder, names, image_hashes)
        yield from _inspect_below(folder, children, image_hashes, 1)


def _inspect_below(
    folder: Path, children: list[str], image_hashes: frozenset[str], depth: int
) -> Iterator[OutputInspection]:
    for child in children if depth < _MAX_DEPTH else ():
        try:
            with Folder(folder) as opened, opened.open_child(child) as inner:
                names, inner_children = _content(inner)
        except OSError:  # it vanished meanwhile, or is not for this user
            continue
        yield from _inspect(folder / child, names, image_hashes)
        yield from _inspect_below(folder / child, inner_children, image_hashes, depth + 1)


def _content(folder: Folder) -> tuple[list[str], list[str]]:
    """Return the names of the files in a folder, and of the folders that are looked into."""
    kinds = list(folder.entry_kinds())
    files = sorted(kind.name for kind in kinds if kind.is_file)
    return files, sorted(kind.name for kind in kinds if kind.is_folder and kind.name != CACHE_FOLDER_NAME)


def _inspect(folder: Path, names: list[str], image_hashes: frozenset[str]) -> Iterator[OutputInspection]:
    known = set(names)
    for name in names:
        if can_hold_mark(name) or sidecar_name(name) in known:
            images = stated_source_images(folder / name)
            yield OutputInspection(folder / name, not images.isdisjoint(image_hashes))
