# SPDX-License-Identifier: GPL-3.0-or-later
"""Delete sheets: of a person, of a clip, or all that lie beside a cache folder."""

import hashlib
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from urllib.parse import quote

from ..errors import OutputError, os_error_reason
from ..export.provenance import COMMENT
from ..filesystem import Folder
from .source_label import LABEL_BYTES, labeled_hashes

SHEETS_FOLDER = "understudy_sheets"
"""The folder of an editor's sheets, beside that of the cache."""
SUBJECTS = ("casting", "values")
"""What an editor's sheets compare: the ends of their names, before the suffix."""
_SUFFIXES = (".png", ".html")
_HIDDEN = "."
"""How the names of files begin whose writing was interrupted."""
_ENDS = tuple(f"_{subject}" for subject in SUBJECTS)
_THUMBNAIL_SIZES = ("normal", "large", "x-large", "xx-large")


@dataclass(frozen=True)
class SheetPurge:
    """What a purge of sheets did.

    Attributes
    ----------
    removed : tuple of pathlib.Path
        The files that were deleted.
    unlabeled : int
        How many sheets are left that do not say whom they show: an earlier version made them.
    """

    removed: tuple[Path, ...] = ()
    unlabeled: int = 0


def purge_sheets_of_people(folder: Path, hashes: Collection[str]) -> SheetPurge:
    """Delete the sheets in a folder that show any person with these images, by the SHA-256 of the files in hex.

    Their thumbnails in the desktop's cache go as well. Raises OutputError.
    """
    wanted = frozenset(hashes)
    return _purge(folder, lambda _, label: label is not None and not wanted.isdisjoint(label))


def purge_sheets_of_clip(folder: Path, clip_name: str) -> SheetPurge:
    """Delete the sheets of a clip by its file's name, as an editor names them. Raises OutputError."""
    stems = {f"{PurePath(clip_name).stem}_{subject}" for subject in SUBJECTS}
    return _purge(folder, lambda name, _: _stem(name) in stems)


def purge_all_sheets(folder: Path) -> SheetPurge:
    """Delete every sheet in a folder. Raises OutputError."""
    return _purge(folder, lambda _name, _label: True)


def _purge(folder: Path, matches: Callable[[str, frozenset[str] | None], bool]) -> SheetPurge:
    """Delete what matches by its name and its label. Files that are no sheets are never touched."""
    removed, unlabeled = [], 0
    try:
        with Folder(folder) as opened:
            for name, label in list(_sheets(opened)):
                if matches(name, label):
                    opened.discard_file(name)
                    removed.append(folder / name)
                else:
                    unlabeled += label is None
    except FileNotFoundError:
        return SheetPurge()
    except OSError as error:
        reason = os_error_reason(error).lower()
        raise OutputError(f"can't delete the sheets in {folder}: {reason}; check its permissions") from error
    for path in removed:
        _discard_thumbnails(path)
    return SheetPurge(tuple(removed), unlabeled)


def _stem(name: str) -> str:
    """Return the stem of a sheet's name, also of one whose writing was interrupted: see `temporary_name`."""
    return name[1:].rsplit(".", 3)[0] if name.startswith(_HIDDEN) else PurePath(name).stem


def _sheets(folder: Folder) -> Iterator[tuple[str, frozenset[str] | None]]:
    mark = COMMENT.encode()
    for name in folder.file_names():
        if PurePath(name).suffix not in _SUFFIXES and not name.startswith(_HIDDEN):
            continue
        with suppress(FileNotFoundError):
            data = folder.read_beginning(name, LABEL_BYTES)
            label = labeled_hashes(data)
            if label is not None or (mark in data and _stem(name).endswith(_ENDS)):
                yield name, label


def _discard_thumbnails(path: Path) -> None:
    """Delete what file browsers, Blender's too, keep of an image: freedesktop.org's Thumbnail Managing Standard."""
    # GLib's and Blender's escapes: what RFC 3986 lets stand in a path.
    address = "file://" + quote(os.fsencode(path.absolute()), safe="/!$&'()*+,;=:@~")
    name = hashlib.md5(address.encode(), usedforsecurity=False).hexdigest() + ".png"
    for base in _thumbnail_folders():
        for size in _THUMBNAIL_SIZES:
            with suppress(OSError), Folder(base / size) as folder:
                folder.discard_file(name)


def _thumbnail_folders() -> Iterator[Path]:
    named = os.environ.get("XDG_CACHE_HOME", "")
    with suppress(RuntimeError):  # a user without a home
        home = Path.home()
        yield home / ".thumbnails"
        yield home / ".cache" / "thumbnails"
    if named and Path(named).is_absolute():
        yield Path(named) / "thumbnails"
