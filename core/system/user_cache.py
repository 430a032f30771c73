# SPDX-License-Identifier: GPL-3.0-or-later
"""The user's own cache folder on this machine: for what no project and no share may say.

What a model file's hash is, and what was built from it for a processor, comes from here alone.
"""

import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

from ..errors import os_error_reason
from ..filesystem import Folder, Location

_FOLDER_NAME = "understudy"
_OTHERS_WRITE_MODE = stat.S_IWGRP | stat.S_IWOTH


def user_cache(environment: Mapping[str, str] = os.environ) -> Location | None:
    """Return where the user's own cache of Understudy lies; None where the system names no such place."""
    try:
        home = Path.home()
    except RuntimeError:  # a container's user without an entry, and no HOME
        home = None
    if sys.platform == "win32":
        named = environment.get("LOCALAPPDATA", "")
        base = Path(named) if named else home
    elif sys.platform == "darwin":
        base = None if home is None else home / "Library" / "Caches"
    else:
        named = environment.get("XDG_CACHE_HOME", "")
        base = Path(named) if named else None
        if base is None or not base.is_absolute():  # the standard says that a relative one counts for nothing
            base = None if home is None else home / ".cache"
    return None if base is None or not base.is_absolute() else Location(base, (_FOLDER_NAME,))


def ownership_fault(place: Location) -> str:
    """Say why a folder in the user's cache can't be taken for the user's own; empty if it can, or is not there.

    The folders from `place.names` are the user's, no link, and writable by nobody else; the root belongs to the
    user or to the system.
    """
    try:
        return _first_fault(place)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"{place.path} can't be used: {os_error_reason(error)}"


def belongs_to_user(status: os.stat_result) -> bool:
    """Tell whether something belongs to the user."""
    return sys.platform == "win32" or status.st_uid == os.geteuid()


def is_private_to_user(status: os.stat_result) -> bool:
    """Tell whether something is the user's, and nobody else may write to it."""
    if sys.platform == "win32":  # a user's folders are closed to others there, and no mode says so
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & _OTHERS_WRITE_MODE


def _first_fault(place: Location) -> str:
    folder = Folder(place.root)
    with folder:
        fault = _root_fault(folder)
        if fault or not place.names:
            return fault
        folder = folder.open_child(place.names[0])
    for name in (*place.names[1:], ""):
        with folder:
            fault = _fault(folder)
            if fault or not name:
                return fault
            folder = folder.open_child(name)
    return ""


def _fault(folder: Folder) -> str:
    if is_private_to_user(folder.status()):
        return ""
    return f"{folder.path} belongs to another user, or others may write to it: remove it, or chmod go-w"


def _root_fault(folder: Folder) -> str:
    if sys.platform == "win32":
        return ""
    status = folder.status()
    if status.st_uid not in (os.geteuid(), 0):
        return f"{folder.path} belongs to another user"
    if status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX:
        return f"everybody may write to {folder.path}: chmod o-w"
    return ""
