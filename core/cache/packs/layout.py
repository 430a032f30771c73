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

from ...errors import CacheError, os_error_reason
from ...filesystem import Access, Folder, Location, set_access
from .names import PACK_LEFTOVER, PACK_NAME, SIDECAR_NAME
from .pack import NOT_A_FILE_ERRNOS, list_packs
from .record import FORMAT, HEADER_BYTES, format_version

LAYERS_FOLDER = "layers"
"""The sub-folder for a project's layer images: what a timeline shows, and none of the cache's own."""
ENGINES_FOLDER = "engines"
"""The sub-folder for what processors build from models. Such an engine is run: it is made and used on one machine."""
_FORMAT_FOLDER_NAME = re.compile(r"format-[0-9]{1,9}")
_TAG_NAME, _FORMAT_NAME = "CACHEDIR.TAG", "format"
_TAG_TEXT = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This folder is a cache made by Understudy. It can be deleted at any time.\n"
    "# About this file: https://bford.info/cachedir/\n"
)
_MARK_TEXTS = {
    _TAG_NAME: _TAG_TEXT,
    ".gitignore": "*\n",
    _FORMAT_NAME: f"{FORMAT}\n",
}  # in the order of their making
_OTHER_FILES = frozenset({".janitor.lock", ".uses", ".uses.lock"})
_TAG_PREFIX = "".join(_TAG_TEXT.splitlines(keepends=True)[:2]).encode()
_FORMAT_TEXT = re.compile(rb"[0-9]{1,9}\s*")
MARK_LEFTOVER = re.compile(
    r"\.(CACHEDIR\.[0-9a-f]{8}\.TAG|\.gitignore\.[0-9a-f]{8}|format\.[0-9a-f]{8})\.tmp"
)
_OUR_FOLDERS = frozenset({LAYERS_FOLDER, ENGINES_FOLDER, ".leases"})
# What systems put into an empty folder by themselves.
_SYSTEM_FILE_NAME = re.compile(
    r"lost\+found|\.DS_Store|\._\.DS_Store|Thumbs\.db|desktop\.ini|\.snapshot|\.nfs[0-9a-f]+"
)
_MAX_MARK_BYTES = 4096  # of a mark
_MAX_SAMPLE_PACKS = 100  # that are looked at for their format
_TRIES = 3
_BAD_MARK_ERRNOS = NOT_A_FILE_ERRNOS | {errno.EFBIG}
# The path itself is wrong: nothing can be there. Anything else may be otherwise tomorrow.
_BAD_PATH_ERRNOS = {errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.EINVAL, errno.ELOOP}


class FolderError(CacheError):
    """The folder is no other's, but can't be made, or must not be written to: a run may go on without it."""


class PackFolderInfo(NamedTuple):
    """Where the packs of this version are, and why nothing must be written there; empty where it may be."""

    location: Location
    write_fault: str = ""


def prepare_cache_folder(
    root: Path, access: Access | None = None, *, read_only: bool = False
) -> PackFolderInfo:
    """Make `root` a cache folder, if it is none yet; return where our packs are.

    A folder of ours gets exactly the permissions that `access` says. With `read_only`, and where `access` says
    that it must not be written to, nothing in it is changed.

    Raises CacheError where the folder holds something and is not ours, or the path is wrong; `FolderError`
    where it can't be made or read.
    """
    access = Access() if access is None else access
    try:
        with _open_or_make(root, access, make=not read_only) as folder:
            return _prepare(folder, root, access, read_only=read_only)
    except OSError as error:
        kind = CacheError if error.errno in _BAD_PATH_ERRNOS else FolderError
        raise kind(_fault_text(root, error)) from error


def _fault_text(root: Path, error: OSError) -> str:
    return f"can't use cache folder {root} ({os_error_reason(error)}): choose another cache folder"


def is_cache_file_name(name: str) -> bool:
    """Tell whether a cache folder's file has one of our own names; unfinished files have none of these."""
    return (
        name in _MARK_TEXTS
        or name in _OTHER_FILES
        or bool(PACK_NAME.fullmatch(name) or SIDECAR_NAME.fullmatch(name))
    )


def _is_expected_name(name: str) -> bool:
    """Tell whether a name may be in a cache folder: one of ours, or one that systems put there."""
    if is_cache_file_name(name) or name in _OUR_FOLDERS:
        return True
    return any(
        form.fullmatch(name)
        for form in (_FORMAT_FOLDER_NAME, MARK_LEFTOVER, PACK_LEFTOVER, _SYSTEM_FILE_NAME)
    )


def is_cache_folder(root: Path) -> bool:
    """Tell whether a folder is a cache folder of ours already."""
    try:
        with Folder(root) as folder:
            return _has_marks(folder)
    except OSError:
        return False


def require_empty_or_cache(root: Path) -> None:
    """Refuse a folder that can become no cache. Raises CacheError; nothing is made or changed."""
    try:
        with Folder(root) as folder:
            _is_cache(folder, root)
    except FileNotFoundError:
        return
    except OSError as error:
        raise CacheError(_fault_text(root, error)) from error


def require_cache_folder(folder: Folder) -> None:
    """Refuse a folder that is no cache of ours. Raises CacheError, OSError where that can't be told."""
    if not _has_marks(folder):
        raise CacheError(f"{folder.path} is no cache folder of Understudy's: give the folder of a cache")


def _open_or_make(root: Path, access: Access, *, make: bool) -> Folder:
    try:
        return Folder(root)
    except FileNotFoundError:
        if not make:
            raise
    return Location(root).make(access.folder_mode)


def _prepare(folder: Folder, root: Path, access: Access, *, read_only: bool) -> PackFolderInfo:
    fault = "" if read_only else access.write_fault(folder.status(), root)
    write = not read_only and not fault
    ours = _is_cache(folder, root)
    if not ours and not write:
        reason = fault or "there is no cache in it"
        raise FolderError(f"can't use cache folder {root}: {reason}, or choose another cache folder")
    version = _read_format(folder) if ours else None
    if write:
        with suppress(OSError):  # a file system that is only readable, or has no permissions
            set_access(folder, access, is_cache_file_name)
    if version is None:  # new, or a run was killed or the power cut while it was made
        version = _format_of_packs(folder)
        if write:
            _write_marks(folder, version, access.file_mode)
    home = Location(root)
    if version != FORMAT:
        home = home / f"format-{FORMAT}"
        if write:
            with suppress(FileNotFoundError), folder.open_child(home.names[-1]) as packs, suppress(OSError):
                set_access(packs, access, is_cache_file_name)
            folder.make_child(home.names[-1], access.folder_mode).close()
    folder.names()  # it must at least be readable
    return PackFolderInfo(home, fault)


def _is_cache(folder: Folder, root: Path) -> bool:
    """Tell whether a folder is ours already, or False where it is empty. Raises CacheError for any other."""
    names: list[str] = []
    for _ in range(_TRIES):  # another process may be making it just now
        if _has_marks(folder):
            return True
        names = folder.names()
        if _TAG_NAME not in names:
            break
    if all(_SYSTEM_FILE_NAME.fullmatch(name) or MARK_LEFTOVER.fullmatch(name) for name in names):
        return False
    if _TAG_NAME not in names and all(_is_expected_name(name) for name in names):
        raise CacheError(
            f"{root} looks like a cache that lost its {_TAG_NAME}, and is not touched without it: copy that file from "
            "another cache to use or purge it, or delete it; or choose an empty or a new folder for the cache"
        )
    raise CacheError(f"{root} holds other files: choose an empty or a new folder for the cache")


def _has_marks(folder: Folder) -> bool:
    """Tell whether a folder has both our marks, or the first and nothing but what we put there.

    `format` is the last mark to be made: a run that is killed before leaves a folder without it, and without more.
    """
    try:
        if not folder.read_file(_TAG_NAME, _MAX_MARK_BYTES).startswith(_TAG_PREFIX):
            return False
    except OSError as error:
        if error.errno in _BAD_MARK_ERRNOS or isinstance(error, FileNotFoundError):
            return False
        raise
    try:
        folder.status(_FORMAT_NAME)
    except FileNotFoundError:
        return all(_is_expected_name(name) for name in folder.names())
    return True


def _read_format(folder: Folder) -> int | None:
    """Return the format that a folder of ours says, or None where it says none."""
    try:
        raw = folder.read_file(_FORMAT_NAME, _MAX_MARK_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in _BAD_MARK_ERRNOS:
            path = folder.path / _FORMAT_NAME
            raise FolderError(f"{path} is not the file that Understudy put there: remove it") from error
        raise
    return int(raw) if _FORMAT_TEXT.fullmatch(raw) else None


def _format_of_packs(folder: Folder) -> int:
    """Return the format of the packs in a folder, ours if any has it or none says."""
    formats = set()
    for entry in islice(list_packs(folder), _MAX_SAMPLE_PACKS):
        with (
            suppress(OSError),
            os.fdopen(folder.open_file(entry.name, os.O_RDONLY), "rb", buffering=0) as file,
        ):
            version = format_version(file.read(HEADER_BYTES) or b"")
            if version is not None:
                formats.add(version)
    return FORMAT if FORMAT in formats or not formats else max(formats)


def _write_marks(folder: Folder, version: int, mode: int) -> None:
    """Write the marks that are not there, in their order: a folder half made is known by the first."""
    for name, text in _MARK_TEXTS.items():
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
    return [root, *(root / name for name in sorted(subs) if _FORMAT_FOLDER_NAME.fullmatch(name))]
