# SPDX-License-Identifier: GPL-3.0-or-later
"""The model files in a folder and the folders in it, whoever filled it.

Links to folders are not followed. A link to a regular file is: large models lie on other disks, they are only read,
and known by what is in them.
"""

import stat
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from ..errors import ModelError
from ..filesystem import EntryKind, Folder
from ..reporting.quoting import quote

MODEL_SUFFIXES = (".onnx", ".dfm")
_MAX_DEPTH = 3
_MAX_FILES = 2000
_MAX_NAMES = 100_000


def model_files(folder: Path) -> list[Path]:
    """Return the model files of a folder and of those in it, three levels deep, by name; none where it can't be read.

    Pipes, sockets, devices and links that lead to anything but a file are passed over. ModelError where it holds
    more than a model folder does.
    """
    paths: list[Path] = []
    left = _MAX_NAMES
    try:
        root = Folder(folder)
    except OSError:
        return []
    with root:
        for place, kinds in _walk(root, _MAX_DEPTH):
            left -= len(kinds)
            if left < 0:
                raise ModelError(
                    f"{quote(folder)} holds more than {_MAX_NAMES} files and folders: choose a smaller folder"
                )
            paths += _model_paths(place, kinds)
            if len(paths) > _MAX_FILES:
                raise ModelError(
                    f"{quote(folder)} holds more than {_MAX_FILES} model files: choose a smaller folder"
                )
    return paths


def world_writable_path(folder: Path, files: Iterable[Path]) -> Path | None:
    """Return the first of a folder's model files, and of the folders that they lie in, that everybody may write to."""
    if sys.platform == "win32":  # not in the mode there
        return None
    places = dict.fromkeys([folder, *(file.parent for file in files)])
    for path in (*places, *files):
        try:
            mode = path.stat().st_mode
        except OSError:
            continue
        if mode & stat.S_IWOTH:
            return path
    return None


def _walk(folder: Folder, depth: int) -> Iterator[tuple[Path, list[EntryKind]]]:
    """Yield each folder's path with what is in it, sorted by name, before those in it."""
    try:
        kinds = sorted(islice(folder.entry_kinds(), _MAX_NAMES + 1))
    except OSError:  # no permission to list it
        return
    yield folder.path, kinds
    for kind in kinds:
        if not depth or not kind.is_folder or kind.name.startswith("."):
            continue
        try:
            child = folder.open_child(kind.name)
        except OSError:  # nor to open it; or it is another thing since
            continue
        with child:
            yield from _walk(child, depth - 1)


def _model_paths(place: Path, kinds: Iterable[EntryKind]) -> Iterator[Path]:
    for kind in kinds:
        if kind.name.startswith(".") or not kind.name.lower().endswith(MODEL_SUFFIXES):
            continue
        path = place / kind.name
        if kind.is_file or (kind.is_link and _leads_to_file(path)):
            yield path


def _leads_to_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, RuntimeError):  # it leads nowhere, or round in a circle
        return False
