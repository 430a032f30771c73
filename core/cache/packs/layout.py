# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cache folder holds besides packs: the marks that tell it from any other folder, and its format.

A folder is a cache of ours by two regular files: `CACHEDIR.TAG` with our own second line, and `format` with a
number. Nothing is written, changed or removed in any other folder. Backups and git skip it by the marks.

`format` names the version of the packs beside it. A folder of another version is shared in peace: this
version then keeps its packs in the sub-folder `format-2`, and does not touch the others but to purge them.
So moving between versions loses nothing, and no version reads what it does not know.
"""

import errno
import os
import re
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from ...errors import CacheError
from ...filesystem import Access, Folder, Location, set_access
from .pack import NO_FILE, PACK_NAME, SIDECAR_NAME, list_packs
from .record import FORMAT, HEADER_BYTES, format_of
from .rewrite import LEFTOVER

LAYERS = "layers"
"""The sub-folder for a project's layer pictures: what a timeline shows, and none of the cache's own."""
ENGINES = "engines"
"""The sub-folder for what processors build from models. Such an engine is run: it is made and used on one machine."""
_SUB_FOLDER = re.compile(r"format-[0-9]{1,9}")
_TAG_NAME, _FORMAT_NAME = "CACHEDIR.TAG", "format"
_TAG = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This folder is a cache made by Understudy. It can be deleted at any time.\n"
    "# About this file: https://bford.info/cachedir/\n"
)
_MARKS = {_TAG_NAME: _TAG, ".gitignore": "*\n", _FORMAT_NAME: f"{FORMAT}\n"}  # in the order of their making
_OTHER_FILES = frozenset({".janitor.lock", ".uses", ".uses.lock"})
_OUR_TAG = "".join(_TAG.splitlines(keepends=True)[:2]).encode()
_FORMAT = re.compile(rb"[0-9]{1,9}\s*")
MARK_LEFTOVER = re.compile(
    r"\.(CACHEDIR\.[0-9a-f]{8}\.TAG|\.gitignore\.[0-9a-f]{8}|format\.[0-9a-f]{8})\.tmp"
)
_OUR_FOLDERS = frozenset({LAYERS, ENGINES, ".leases"})
# What systems put into an empty folder by themselves.
_NOTHING = re.compile(
    r"lost\+found|\.DS_Store|\._\.DS_Store|Thumbs\.db|desktop\.ini|\.snapshot|\.nfs[0-9a-f]+"
)
_MOST_BYTES = 4096  # of a mark
_MOST_PACKS = 100  # that are looked at for their format
_TRIES = 3
_ODD = NO_FILE | {errno.EFBIG}
# The path itself is wrong: nothing can be there. Anything else may be otherwise tomorrow.
_WRONG_PATH = {errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.EINVAL, errno.ELOOP}


class FolderError(CacheError):
    """The folder is no other's, but can't be made, or must not be written to: a run may go on without it."""


class Home(NamedTuple):
    """Where the packs of this version are, and why nothing must be written there; empty where it may be."""

    location: Location
    fault: str = ""


def prepare(root: Path, access: Access | None = None, *, read_only: bool = False) -> Home:
    """Make `root` a cache folder, if it is none yet; return where our packs are.

    A folder of ours gets exactly the permissions that `access` says. With `read_only`, and where `access` says
    that it must not be written to, nothing in it is changed.

    Raises CacheError where the folder holds something and is not ours, or the path is wrong; `FolderError`
    where it can't be made or read.
    """
    access = Access() if access is None else access
    try:
        with _opened(root, access, make=not read_only) as folder:
            return _prepared(folder, root, access, read_only=read_only)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        kind = CacheError if error.errno in _WRONG_PATH else FolderError
        raise kind(f"can't use cache folder {root} ({reason}): choose another cache folder") from error


def is_file_of_ours(name: str) -> bool:
    """Tell whether a cache folder's file has one of our own names; unfinished files have none of these."""
    return (
        name in _MARKS
        or name in _OTHER_FILES
        or bool(PACK_NAME.fullmatch(name) or SIDECAR_NAME.fullmatch(name))
    )


def _is_expected(name: str) -> bool:
    """Tell whether a name may be in a cache folder: one of ours, or one that systems put there."""
    if is_file_of_ours(name) or name in _OUR_FOLDERS:
        return True
    return any(form.fullmatch(name) for form in (_SUB_FOLDER, MARK_LEFTOVER, LEFTOVER, _NOTHING))


def is_prepared(root: Path) -> bool:
    """Tell whether a folder is a cache folder of ours already."""
    try:
        with Folder(root) as folder:
            return _is_tagged(folder)
    except OSError:
        return False


def require_empty_or_ours(root: Path) -> None:
    """Refuse a folder that can become no cache. Raises CacheError; nothing is made or changed."""
    try:
        with Folder(root) as folder:
            _is_ours(folder, root)
    except FileNotFoundError:
        return
    except OSError as error:
        raise CacheError(f"can't use cache folder {root} ({error.strerror}): choose another") from error


def require_ours(folder: Folder) -> None:
    """Refuse a folder that is no cache of ours. Raises CacheError, OSError where that can't be told."""
    if not _is_tagged(folder):
        raise CacheError(f"{folder.path} is no cache folder of Understudy's: give the folder of a cache")


def _opened(root: Path, access: Access, *, make: bool) -> Folder:
    try:
        return Folder(root)
    except FileNotFoundError:
        if not make:
            raise
    return Location(root).make(access.folder_mode)


def _prepared(folder: Folder, root: Path, access: Access, *, read_only: bool) -> Home:
    fault = "" if read_only else access.write_fault(folder.status(), root)
    write = not read_only and not fault
    ours = _is_ours(folder, root)
    if not ours and not write:
        reason = fault or "there is no cache in it"
        raise FolderError(f"can't use cache folder {root}: {reason}, or choose another cache folder")
    version = _read_format(folder) if ours else None
    if write:
        with suppress(OSError):  # a file system that is only readable, or has no permissions
            set_access(folder, access, is_file_of_ours)
    if version is None:  # new, or a run was killed or the power cut while it was made
        version = _format_of_packs(folder)
        if write:
            _mark(folder, version, access.file_mode)
    home = Location(root)
    if version != FORMAT:
        home = home / f"format-{FORMAT}"
        if write:
            with suppress(FileNotFoundError), folder.child(home.names[-1]) as packs, suppress(OSError):
                set_access(packs, access, is_file_of_ours)
            folder.make_child(home.names[-1], access.folder_mode).close()
    folder.names()  # it must at least be readable
    return Home(home, fault)


def _is_ours(folder: Folder, root: Path) -> bool:
    """Tell whether a folder is ours already, or False where it is empty. Raises CacheError for any other."""
    names: list[str] = []
    for _ in range(_TRIES):  # another process may be making it just now
        if _is_tagged(folder):
            return True
        names = folder.names()
        if _TAG_NAME not in names:
            break
    if all(_NOTHING.fullmatch(name) or MARK_LEFTOVER.fullmatch(name) for name in names):
        return False
    if _TAG_NAME not in names and all(_is_expected(name) for name in names):
        raise CacheError(
            f"{root} looks like a cache that lost its {_TAG_NAME}, and is not touched without it: copy that file from "
            "another cache to use or purge it, or delete it; or choose an empty or a new folder for the cache"
        )
    raise CacheError(f"{root} holds other files: choose an empty or a new folder for the cache")


def _is_tagged(folder: Folder) -> bool:
    """Tell whether a folder has both our marks, or the first and nothing but what we put there.

    `format` is the last mark to be made: a run that is killed before leaves a folder without it, and without more.
    """
    try:
        if not folder.read_file(_TAG_NAME, _MOST_BYTES).startswith(_OUR_TAG):
            return False
    except OSError as error:
        if error.errno in _ODD or isinstance(error, FileNotFoundError):
            return False
        raise
    try:
        folder.status(_FORMAT_NAME)
    except FileNotFoundError:
        return all(_is_expected(name) for name in folder.names())
    return True


def _read_format(folder: Folder) -> int | None:
    """Return the format that a folder of ours says, or None where it says none."""
    try:
        raw = folder.read_file(_FORMAT_NAME, _MOST_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in _ODD:
            path = folder.path / _FORMAT_NAME
            raise FolderError(f"{path} is not the file that Understudy put there: remove it") from error
        raise
    return int(raw) if _FORMAT.fullmatch(raw) else None


def _format_of_packs(folder: Folder) -> int:
    """Return the format of the packs in a folder, ours if any has it or none says."""
    formats = set()
    for entry in islice(list_packs(folder), _MOST_PACKS):
        with (
            suppress(OSError),
            os.fdopen(folder.open_file(entry.name, os.O_RDONLY), "rb", buffering=0) as file,
        ):
            version = format_of(file.read(HEADER_BYTES) or b"")
            if version is not None:
                formats.add(version)
    return FORMAT if FORMAT in formats or not formats else max(formats)


def _mark(folder: Folder, version: int, mode: int) -> None:
    """Write the marks that are not there, in their order: a folder half made is known by the first."""
    for name, text in _MARKS.items():
        if name == _FORMAT_NAME:
            text = f"{version}\n"  # noqa: PLW2901
        else:
            with suppress(FileNotFoundError):
                folder.status(name)
                continue
        folder.write_file(name, text.encode(), mode=mode, sync=True)


def pack_folders(root: Location) -> list[Location]:
    """List every folder under a cache folder that may hold packs, of any format. Raises OSError."""
    with root.open() as folder:
        subs = [entry.name for entry in folder.entries() if entry.is_folder]
    return [root, *(root / name for name in sorted(subs) if _SUB_FOLDER.fullmatch(name))]
